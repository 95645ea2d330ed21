import { readFile } from 'node:fs/promises';
import { KubeConfig } from '@kubernetes/client-node';
import { createKubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { KubeError } from '#kube/errors.ts';
import { attachTerminal } from './attach.ts';
import { openInBrowser } from './browser.ts';
import { NotOpened, requestConsole } from './request.ts';

/** Flags of `berth console`. */
export interface ConsoleFlags {
  namespace?: string;
  kubeconfig?: string;
  context?: string;
  serial: boolean;
  viewOnly: boolean;
  print: boolean;
  ca?: string;
}

/** Opens a console; answers the exit code. */
export async function runConsole(vm: string, flags: ConsoleFlags): Promise<number> {
  const config = new KubeConfig();
  if (flags.kubeconfig) config.loadFromFile(flags.kubeconfig);
  else config.loadFromDefault();
  if (flags.context) config.setCurrentContext(flags.context);
  const namespace = flags.namespace ?? config.getContextObject(config.getCurrentContext())?.namespace ?? 'default';
  const connection = connect(config, { userAgent: 'berth-cli' });
  try {
    const asked = await requestConsole(createKubeClient(connection), {
      namespace,
      vmName: vm,
      type: flags.serial ? 'Serial' : 'VNC',
      mode: flags.viewOnly ? 'ViewOnly' : 'Interactive',
    });
    if (flags.serial && !flags.print) {
      return await attachTerminal(asked, flags.ca ? await readFile(flags.ca, 'utf8') : undefined);
    }
    // A fragment goes to no server. The page takes it out of the address at once; it works once, for a minute.
    const { origin } = new URL(asked.url);
    const page = `${origin}/open#${namespace}/${asked.name}/${asked.verifier}`;
    if (flags.print || !(await openInBrowser(page))) console.log(page);
    return 0;
  } catch (error) {
    if (!(error instanceof NotOpened || error instanceof KubeError)) throw error;
    console.error(error.message);
    return 1;
  } finally {
    await connection.close();
  }
}
