import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../control-plane/command.ts';
import { kubectlPath } from '../control-plane/programs.ts';

const repository = fileURLToPath(new URL('../../', import.meta.url));

/** The whole of Berth as `make demo` runs it, with everything real but Proxmox VE. */
export interface DemoRun {
  portalUrl: string;
  consoleUrl: string;
  /** As the administrator of Kubernetes. */
  kubectl: (...args: string[]) => Promise<string>;
  stop: () => Promise<void>;
}

/** Longer than the demo ever took on two cores under load. */
const startMs = 600_000;

/** Longer than any kubectl of the tests takes; each has its own, since all tests together take as long as they take. */
const kubectlMs = 180_000;

/** Starts the demo in a process of its own; resolves once it invites people. */
export async function startDemo(): Promise<DemoRun> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  const args = [join(repository, 'cli/berth.ts'), 'demo', '--dir', dir];
  const demo = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], cwd: repository });
  let said = '';
  demo.stderr.on('data', chunk => {
    said = (said + chunk).slice(-10_000);
  });
  const ended = once(demo, 'exit');
  const envFile = join(dir, 'env');
  const deadline = Date.now() + startMs;
  // The file is written when everything runs.
  while (!(await exists(envFile))) {
    if (demo.exitCode !== null || Date.now() > deadline) {
      demo.kill('SIGINT');
      await ended;
      throw new Error(`The demo did not start: ${said}`);
    }
    await new Promise(resolve => setTimeout(resolve, 200));
  }
  const env = Object.fromEntries(
    [...(await readFile(envFile, 'utf8')).matchAll(/^export (\w+)='(.*)'$/gm)].map(([, name, value]) => [name, value]),
  );
  const { signal } = new AbortController();
  const file = await kubectlPath({ env: process.env, log: () => {}, signal });
  return {
    portalUrl: env.PORTAL_URL ?? '',
    consoleUrl: env.CONSOLE_URL ?? '',
    kubectl: (...words) => {
      const args = ['--kubeconfig', env.KUBECONFIG ?? '', ...words];
      return run({ file, args, cwd: repository, env: process.env, signal: AbortSignal.timeout(kubectlMs) });
    },
    async stop() {
      demo.kill('SIGINT');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
