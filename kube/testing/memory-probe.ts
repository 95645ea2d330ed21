import type { KubeConfig } from '@kubernetes/client-node';
import { configMaps } from '../builtin.ts';
import { createKubeClient } from '../client.ts';
import { connect } from '../connection.ts';
import { Reflector } from '../reflector.ts';

/**
 * Reflects the ConfigMaps of the API server whose URL is the first argument, and prints the size of the store and of
 * the process in MB. The official client is not loaded: its generated models alone would take 60 MB.
 */
const [, , server = ''] = process.argv;
const kubeConfig = { getCurrentCluster: () => ({ name: 'probe', server }), applyToHTTPSOptions: async () => undefined };
const client = createKubeClient(connect(kubeConfig as unknown as KubeConfig));
const reflector = new Reflector({ client, type: configMaps });
const stopper = new AbortController();
const running = reflector.run(stopper.signal);
await reflector.whenSynced();
console.log(JSON.stringify({ objects: reflector.store.size, rssMB: process.memoryUsage.rss() / 1e6 }));
stopper.abort();
await running;
await client.connection.close();
