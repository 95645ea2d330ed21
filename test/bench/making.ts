import type { KubeClient } from '#kube/client.ts';
import { since, total, type Writes } from './kubernetes-writes.ts';
import type { MachineWatch } from './machine-watch.ts';
import { createMachines } from './machines.ts';
import { perMachine, rounded } from './measures.ts';
import type { ProxmoxProcess } from './proxmox/process.ts';

/** Where machines are made, and how many tasks may run for that at once. */
export interface Making {
  kube: KubeClient;
  proxmox: ProxmoxProcess;
  watch: MachineWatch;
  kubernetesWrites: () => Promise<Writes>;
  vms: number;
  tasks: number;
  /** Writes that Kubernetes takes in a second while nothing else happens. */
  writesPerSecond: number;
  timeoutMs: number;
}

/** Makes machines until all are ready, and holds what that took against what it must take. */
export async function measureMaking(parts: Making) {
  const { kube, proxmox, watch, kubernetesWrites, vms, tasks, writesPerSecond, timeoutMs } = parts;
  await proxmox.forget();
  const writtenBefore = await kubernetesWrites();
  const startedAt = performance.now();
  await createMachines(kube, vms);
  await watch.untilReady(vms, timeoutMs);
  const seconds = (performance.now() - startedAt) / 1000;
  const figures = await proxmox.figures();
  const written = since(writtenBefore, await kubernetesWrites());
  console.error(`${vms} machines are ready after ${seconds.toFixed(1)} s:`, written, figures.calls);
  const vmids = watch.machines().map(({ status }) => status?.vmid ?? 0);
  return {
    seconds: rounded(seconds),
    lowerBoundSeconds: rounded(Math.max(figures.taskSeconds / tasks, total(written) / writesPerSecond)),
    ...perMachine(figures, vmids),
    sharedPollsPerMinute: rounded((figures.sharedPolls / seconds) * 60),
    taskSecondsPerVm: rounded(figures.taskSeconds / vms),
    kubernetesWritesPerVm: rounded(total(written) / vms),
    kubernetesWritesPerSecond: Math.round(writesPerSecond),
  };
}

/** The same figures where nothing is made. */
export const nothingMade = {
  seconds: null,
  lowerBoundSeconds: null,
  proxmoxWritesPerVm: null,
  ownReadsPerVm: null,
  agentReadsPerVm: null,
  bootsPerVm: null,
  sharedPollsPerMinute: null,
};
