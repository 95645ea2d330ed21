import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkAndDelete, waitUntilReady } from './check.ts';
import { chooseConsoleUrl, consoleCertificate, type DemoConsole, startConsole } from './console.ts';
import { listMachines, machineTable } from './machines.ts';
import { demoPassword, people } from './people.ts';
import { chooseFigures, choosePortalUrl, type DemoPortal, startPortal } from './portal.ts';
import { createProgress, type Progress } from './progress.ts';
import { poolPrefix, token } from './proxmox.ts';
import { connectProxmox, type Stage, setStage } from './stage.ts';

/** How a demo is to run. */
export interface DemoOptions {
  /** Check and clean up instead of staying. */
  check: boolean;
  /** Whether machines have screens of real ones. */
  qemu: boolean;
  dir: string;
  env: NodeJS.ProcessEnv;
}

/** Runs the demo until it is checked, or interrupted; answers the exit code. */
export async function runDemo({ check, qemu, dir, env }: DemoOptions): Promise<number> {
  const progress = createProgress(process.stderr);
  const interrupt = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => interrupt.abort());
  const startedAt = performance.now();
  let stage: Stage | undefined;
  let portal: DemoPortal | undefined;
  try {
    stage = await progress.step('Starting Kubernetes, and a simulated Proxmox VE with three nodes', () =>
      setStage({ dir, env, signal: interrupt.signal, guarded: true, qemu, log: line => progress.line(`  ${line}`) }),
    );
    const begun = await begin(stage, dir, progress);
    portal = begun.portal;
    if (check) {
      console.log(JSON.stringify(await checkAndDelete(stage, progress, startedAt)));
    } else {
      await writeFiles(stage, begun, dir);
      invite(dir, portal, progress);
      await watchUntil(stage, progress, interrupt.signal);
    }
    return 0;
  } catch (error) {
    if (interrupt.signal.aborted) return check ? 1 : 0;
    progress.line(`✗ ${error instanceof Error ? error.message : String(error)}`);
    return 1;
  } finally {
    progress.line('▸ Stopping');
    await stage?.close();
    await portal?.close();
  }
}

/** What runs beside the operator. */
interface Begun {
  portal: DemoPortal;
  console: DemoConsole;
}

async function begin(stage: Stage, dir: string, progress: Progress): Promise<Begun> {
  const portalUrl = await choosePortalUrl();
  const consoleUrl = await chooseConsoleUrl();
  const figures = await chooseFigures();
  await progress.step('Starting the operator, which serves admission, with its own ServiceAccount', async () => {
    await stage.startOperator('--console-url', consoleUrl, ...figures.operatorFlags);
    await connectProxmox(stage, dir, { poolPrefix });
    await stage.kubectl('wait', '--for=condition=Ready', 'proxmoxcluster/lab', '--timeout=120s');
  });
  await progress.step('Applying examples/', async () => {
    await stage.kubectl('apply', '-f', 'examples/');
    await waitUntilReady(stage, machines => progress.show(machineTable(machines)));
  });
  const proxy = await progress.step('Starting the console-proxy', () =>
    startConsole(stage, dir, consoleUrl, portalUrl, consoleCertificate(consoleUrl)),
  );
  const portal = await progress.step('Starting the portal, and an identity provider with a few people', () =>
    startPortal(stage, dir, portalUrl, { consoleUrl, figuresUrl: figures.url }),
  );
  return { portal, console: proxy };
}

/** Leaves what another terminal needs: a kubeconfig, and shell lines. */
async function writeFiles(
  { controlPlane, proxmox }: Stage,
  { portal, console: proxy }: Begun,
  dir: string,
): Promise<void> {
  const folder = resolve(dir);
  await mkdir(folder, { recursive: true });
  const kubeconfig = join(folder, 'kubeconfig');
  const ca = join(folder, 'proxmox-ca.pem');
  await copyFile(controlPlane.kubeconfig, kubeconfig);
  await writeFile(ca, proxmox.served.ca);
  const portalCa = join(folder, 'portal-ca.pem');
  await writeFile(portalCa, portal.ca);
  const lines = {
    KUBECONFIG: kubeconfig,
    PROXMOX_URL: proxmox.served.url,
    PROXMOX_TOKEN: `${token.tokenId}=${token.tokenSecret}`,
    PROXMOX_CA: ca,
    PORTAL_URL: portal.url,
    PORTAL_CA: portalCa,
    CONSOLE_URL: proxy.url,
    CONSOLE_CA: proxy.caFile,
  };
  const text = Object.entries(lines).map(([name, value]) => `export ${name}='${value}'\n`);
  await writeFile(join(folder, 'env'), text.join(''), { mode: 0o600 });
}

function invite(dir: string, portal: DemoPortal, progress: Progress): void {
  for (const line of [
    '',
    `Berth runs. The portal is ${portal.url} (this machine's own certificate); the password of all is ${demoPassword}:`,
    ...people.map(({ name, what }) => `  ${name.padEnd(6)} ${what}`),
    '',
    'In another terminal:',
    '',
    `  source ${join(dir, 'env')}        # KUBECONFIG, and PROXMOX_URL, _TOKEN, _CA`,
    '  kubectl get vm -A -o wide',
    '  node cli/berth.ts console web-1 --namespace team-a        # opens its screen in a browser',
    '  node cli/berth.ts console web-1 --namespace team-a --serial   # or its serial port right there',
    `  kubectl -n team-a patch vm web-1 --type merge -p '{"spec":{"powerState":"Stopped"}}'`,
    `  curl --cacert $PROXMOX_CA -H "Authorization: PVEAPIToken=$PROXMOX_TOKEN" $PROXMOX_URL/api2/json/cluster/resources`,
    '',
    'Ctrl-C stops everything.',
    '',
  ]) {
    progress.line(line);
  }
}

async function watchUntil(stage: Stage, progress: Progress, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    progress.show(machineTable(await listMachines(stage.kube)));
    await sleep(500, undefined, { signal }).catch(() => {});
  }
}
