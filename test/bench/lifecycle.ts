/**
 * `npm run bench:lifecycle -- --vms N`: the real control plane, a simulated Proxmox VE and the operator, each a process
 * of its own; N machines are made, left alone, patched, and taken over by a new operator. The last line is JSON.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type KubernetesStage, setKubernetesStage } from '#cli/demo/stage.ts';
import { connectBench } from './connect.ts';
import { kubernetesWriteCounter, since, total, type Writes } from './kubernetes-writes.ts';
import { type MachineWatch, watchMachines } from './machine-watch.ts';
import { createMachines, createNamespaces, measureWriteRate } from './machines.ts';
import { measureIdle, measurePatch, perMachine, rounded } from './measures.ts';
import { memoryOf, waitUntilSettled } from './operator-probe.ts';
import { type ProxmoxProcess, startProxmoxProcess } from './proxmox/process.ts';

const { values } = parseArgs({
  options: {
    vms: { type: 'string', default: '100' },
    /** maxConcurrentTasks of the ProxmoxCluster, at most 64; 8 is its default. */
    tasks: { type: 'string', default: '8' },
    /** Milliseconds that the disk of a clone takes; by default those of the simulator, a small disk on a fast one. */
    'clone-ms': { type: 'string' },
  },
});
const vms = Number(values.vms);
const tasks = Number(values.tasks);
const cloneMs = values['clone-ms'] === undefined ? undefined : Number(values['clone-ms']);

/** Longest that making the machines may take: five times what the tasks need, and two minutes. */
const makingMs = 120_000 + (5 * vms * ((cloneMs ?? 1_500) + 2_500)) / tasks;

/** Longest that the operator may take to come to rest: the inventory lags by 20 s. */
const settlingMs = 180_000;

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const dir = await mkdtemp(join(tmpdir(), 'berth-bench-'));
const proxmox = await startProxmoxProcess({ vms, cloneMs });
const stage = await setKubernetesStage({ dir, env: process.env, signal: interrupt.signal, log: console.error });
try {
  const watch = await watchMachines(stage.kube);
  console.log(JSON.stringify(await measure(stage, proxmox, watch)));
  await watch.close();
} finally {
  await stage.close();
  await proxmox.close();
  await rm(dir, { recursive: true, force: true });
}

async function measure(stage: KubernetesStage, proxmox: ProxmoxProcess, watch: MachineWatch) {
  const { kube, controlPlane } = stage;
  const kubernetesWrites = await kubernetesWriteCounter(controlPlane);
  await createNamespaces(kube);
  const writesPerSecond = await measureWriteRate(kube);
  console.error(`Kubernetes takes ${Math.round(writesPerSecond)} writes a second`);
  await connectBench(kube, proxmox, { vms, tasks });
  const operator = await stage.startOperator('--log-level', 'warn');
  await stage.kubectl('wait', '--for=condition=Ready', 'proxmoxcluster/bench', '--timeout=60s');

  await proxmox.forget();
  const writtenBefore = await kubernetesWrites();
  const startedAt = performance.now();
  await createMachines(kube, vms);
  await watch.untilReady(vms, makingMs);
  const seconds = (performance.now() - startedAt) / 1000;
  const making = await proxmox.figures();
  const written = since(writtenBefore, await kubernetesWrites());
  const writesPerVm = total(written) / vms;
  console.error(`${vms} machines are ready after ${seconds.toFixed(1)} s:`, written, making.calls);
  const vmids = watch.machines().map(({ status }) => status?.vmid ?? 0);

  await waitUntilSettled(operator, vms, settlingMs);
  const idle = await measureIdle(proxmox, kubernetesWrites);
  const patchToProxmoxP99Ms = await measurePatch(kube, proxmox, watch.machines());
  await waitUntilSettled(operator, vms, settlingMs);
  const { rssMiB, peakMiB } = await memoryOf(operator.pid);
  const restart = await measureRestart(stage, kubernetesWrites, () => operator.kill());
  return {
    vms,
    seconds: rounded(seconds),
    lowerBoundSeconds: rounded(Math.max(making.taskSeconds / tasks, (writesPerVm * vms) / writesPerSecond)),
    ...perMachine(making, vmids),
    sharedPollsPerMinute: rounded((making.sharedPolls / seconds) * 60),
    ...idle,
    rssMiB,
    ...restart,
    patchToProxmoxP99Ms,
    // Beyond the contract: how it was measured, and what explains the figures.
    tasks,
    taskSecondsPerVm: rounded(making.taskSeconds / vms),
    kubernetesWritesPerVm: rounded(writesPerVm),
    kubernetesWritesPerSecond: Math.round(writesPerSecond),
    peakRssMiB: peakMiB,
  };
}

/** Kills the operator and lets another one take over. */
async function measureRestart(
  stage: KubernetesStage,
  kubernetesWrites: () => Promise<Writes>,
  kill: () => Promise<void>,
) {
  await kill();
  const before = await kubernetesWrites();
  const startedAt = performance.now();
  const operator = await stage.startOperator('--log-level', 'warn');
  const settledAt = await waitUntilSettled(operator, vms, settlingMs);
  const written = since(before, await kubernetesWrites());
  console.error('restart:', written);
  return { restartSettledSeconds: rounded((settledAt - startedAt) / 1000), restartWrites: total(written) };
}
