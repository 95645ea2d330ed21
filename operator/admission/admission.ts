import type { AddressInfo } from 'node:net';
import type { KubeClient } from '#kube/client.ts';
import { sleep } from '#kube/clock.ts';
import type { Logger } from '#kube/telemetry.ts';
import type { QuotaGate } from '../effects/quota-gate.ts';
import { announce } from './configuration.ts';
import { readOrRenew } from './credentials.ts';
import { serveReviews } from './server.ts';

/** Where and for whom reviews are served. */
export interface AdmissionOptions {
  kube: KubeClient;
  gate: QuotaGate;
  /** Namespace of the operator: of the Service and of the Secret with the key. */
  namespace: string;
  host: string;
  /** Port to listen on, 0 for any free one. */
  port: number;
  /** Whether the API server reaches this process on the loopback interface rather than by the Service. */
  loopback: boolean;
  log: Logger;
}

/** How often the certificate is looked at: another replica may have renewed it, or somebody applied the chart anew. */
const lookMs = 60_000;

/**
 * Serves admission until the signal aborts. Every replica does, whether it leads or not: all that it decides, it decides
 * by compare-and-swap. Resolves with the address once it serves; rejects where the API server cannot be reached.
 */
export async function startAdmission(options: AdmissionOptions, signal: AbortSignal): Promise<string> {
  const { kube, gate, namespace, host, port, loopback, log } = options;
  const hosts = [`berth-webhook.${namespace}.svc`, 'localhost', '127.0.0.1'] as const;
  let url: string | undefined;
  const credentials = () =>
    readOrRenew(kube, namespace, hosts, bundle => told(kube, bundle, loopback ? url : undefined, log), new Date());
  const first = await readOrRenew(kube, namespace, hosts, async () => {}, new Date());
  const server = await serveReviews(gate, first, { port, host }, log);
  signal.addEventListener('abort', () => {
    server.close();
    server.closeIdleConnections();
  });
  url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  let serving = first.certificate;
  const renew = async () => {
    const { key, certificate } = await credentials();
    if (certificate === serving) return;
    server.setSecureContext({ key, cert: certificate, minVersion: 'TLSv1.2' });
    serving = certificate;
    log.info({}, 'the certificate of the webhook was renewed');
  };
  await renew();
  void keep(renew, signal, log);
  return url;
}

async function told(kube: KubeClient, bundle: string, url: string | undefined, log: Logger): Promise<void> {
  if (await announce(kube, bundle, url)) return;
  log.warn({}, 'the webhook is not installed; quotas are checked by the operator alone');
}

async function keep(renew: () => Promise<void>, signal: AbortSignal, log: Logger): Promise<void> {
  for (;;) {
    await sleep(lookMs, signal);
    if (signal.aborted) return;
    await renew().catch(error => log.warn({ err: error }, 'the certificate of the webhook could not be looked at'));
  }
}
