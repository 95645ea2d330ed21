/**
 * `npm run bench:lifecycle -- --vms N`: the real control plane, a simulated Proxmox VE and the operator, each a process
 * of its own; N machines are made, left alone, patched, and taken over by a new operator. The last line is JSON.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type KubernetesStage, setKubernetesStage } from '#cli/demo/stage.ts';
import { stripSources } from '#cli/image/strip.ts';
import type { KubeClient } from '#kube/client.ts';
import { connectBench } from './connect.ts';
import { kubernetesWriteCounter, since, total } from './kubernetes-writes.ts';
import { watchMachines } from './machine-watch.ts';
import { createNamespaces, measureWriteRate } from './machines.ts';
import { measureMaking, nothingMade } from './making.ts';
import { measureIdle, measurePatch, rounded, untilNoClaims } from './measures.ts';
import { memoryOf, waitUntilSettled } from './operator-probe.ts';
import { startProxmoxProcess } from './proxmox/process.ts';
import { createStanding } from './standing.ts';

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '100' },
    /** maxConcurrentTasks of the ProxmoxCluster, at most 64; 8 is its default. */
    tasks: { type: 'string', default: '8' },
    /** Milliseconds that the disk of a clone takes; by default those of the simulator, a small disk on a fast one. */
    'clone-ms': { type: 'string' },
    /** The machines stand already: nothing is made, and the operator takes over what another one has left. */
    standing: { type: 'boolean', default: false },
  },
});
const vms = Number(values.vms);
const tasks = Number(values.tasks);
const { standing } = values;
const cloneMs = values['clone-ms'] === undefined ? undefined : Number(values['clone-ms']);

/** Longest that making the machines may take: five times what the tasks need, and two minutes. */
const makingMs = 120_000 + (5 * vms * ((cloneMs ?? 1_500) + 2_500)) / tasks;

/** Longest that the operator may take to come to rest: the inventory lags by 20 s. */
const settlingMs = 180_000;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const dir = await mkdtemp(join(tmpdir(), 'berth-bench-'));
// What the image has: types that are taken off as a process starts cost it 30 MiB.
const repository = fileURLToPath(new URL('../../', import.meta.url));
const stripped = join(repository, '.cache/stripped');
await stripSources(repository, stripped);
const berth = join(stripped, 'cli/berth.js');
const stage = await setKubernetesStage({ dir, env: process.env, signal: interrupt.signal, log: console.error, berth });
try {
  console.log(JSON.stringify(await measure(stage)));
} finally {
  await stage.close();
  await rm(dir, { recursive: true, force: true });
}

async function measure({ kube, kubectl, controlPlane, startOperator }: KubernetesStage) {
  const kubernetesWrites = await kubernetesWriteCounter(controlPlane);
  await createNamespaces(kube);
  const writesPerSecond = await measureWriteRate(kube);
  console.error(`Kubernetes takes ${Math.round(writesPerSecond)} writes a second`);
  const proxmox = await startProxmoxProcess({ vms, cloneMs, standing: await standingMachines(kube) });
  await connectBench(kube, proxmox, { vms, tasks });
  const operator = await startOperator('--log-level', 'warn');
  await kubectl('wait', '--for=condition=Ready', 'proxmoxcluster/bench', '--timeout=60s');
  const watch = await watchMachines(kube);
  const common = { kube, proxmox, watch, kubernetesWrites, vms, tasks };
  const made = standing ? nothingMade : await measureMaking({ ...common, writesPerSecond, timeoutMs: makingMs });

  await waitUntilSettled(operator, vms, settlingMs);
  await untilNoClaims(kube, settlingMs);
  const idle = await measureIdle(proxmox, kubernetesWrites);
  const patch = await measurePatch(kube, proxmox, watch.machines());
  await waitUntilSettled(operator, vms, settlingMs);
  const { rssMiB, peakMiB } = await memoryOf(operator.pid);

  await operator.kill();
  const before = await kubernetesWrites();
  const startedAt = performance.now();
  const successor = await startOperator('--log-level', 'warn');
  const settledAt = await waitUntilSettled(successor, vms, settlingMs);
  const written = since(before, await kubernetesWrites());
  console.error('restart:', written);
  await watch.close();
  await proxmox.close();
  const restartSettledSeconds = rounded((settledAt - startedAt) / 1000);
  const contract = { vms, ...made, ...idle, rssMiB, restartSettledSeconds, ...patch };
  return { ...contract, restartWrites: total(written), peakRssMiB: peakMiB, tasks, cloneMs };
}

/** Makes the resources of machines that stand already, where that is asked for; answers the file that tells of them. */
async function standingMachines(kube: KubeClient): Promise<string | undefined> {
  if (!standing) return undefined;
  const file = join(dir, 'standing.json');
  await writeFile(file, JSON.stringify(await createStanding(kube, vms)));
  return file;
}
