import { setTimeout as sleep } from 'node:timers/promises';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { since, total, type Writes } from './kubernetes-writes.ts';
import type { ProxmoxProcess } from './proxmox/process.ts';
import type { Figures } from './proxmox/protocol.ts';

/** Averages over the machines that Proxmox has in the benchmark's range. */
export function perMachine({ machines }: Figures, vmids: readonly number[]) {
  const average = (pick: (counts: Figures['machines'][string]) => number) =>
    rounded(
      vmids.map(vmid => machines[vmid]).reduce((sum, counts) => sum + (counts ? pick(counts) : 0), 0) / vmids.length,
    );
  return {
    proxmoxWritesPerVm: average(({ writes }) => writes),
    ownReadsPerVm: average(({ reads }) => reads),
    agentReadsPerVm: average(({ agentReads }) => agentReads),
    bootsPerVm: average(({ boots }) => boots),
  };
}

/** Claims of machines that are complete are given back with the next look at the cluster, in half a minute. */
export async function untilNoClaims(kube: KubeClient, timeoutMs: number): Promise<void> {
  const held = async () =>
    (await kube.get<ProxmoxCluster>(proxmoxClusters, { name: 'bench' })).status?.inFlight?.length ?? 0;
  const deadline = performance.now() + timeoutMs;
  while ((await held()) > 0) {
    if (performance.now() > deadline) throw new Error(`${await held()} claims are still held`);
    await sleep(500);
  }
}

/** How long settled machines are watched. */
const idleMs = 60_000;

/** Writes to Kubernetes and calls of Proxmox in a minute in which nobody wants anything. */
export async function measureIdle(proxmox: ProxmoxProcess, kubernetesWrites: () => Promise<Writes>) {
  const before = await kubernetesWrites();
  await proxmox.forget();
  await sleep(idleMs);
  const { calls } = await proxmox.figures();
  const written = since(before, await kubernetesWrites());
  console.error('idle:', written, calls);
  const perMinute = (counts: Writes) => rounded((total(counts) / idleMs) * 60_000);
  return { idleWritesPerMinute: perMinute(written), idleProxmoxCallsPerMinute: perMinute(calls) };
}

/** Enough for a 99th percentile that is not the slowest one. */
const patches = 200;

/** Between two patches: people are not faster, and each is to be seen alone. */
const patchPauseMs = 100;

/** Milliseconds from a person's patch being sent to the first call of Proxmox about that machine. */
export async function measurePatch(kube: KubeClient, proxmox: ProxmoxProcess, all: VirtualMachine[]) {
  const chosen = all.slice(0, patches);
  await proxmox.forget();
  const sentAt = new Map<number, number>();
  for (const { metadata, status } of chosen) {
    sentAt.set(status?.vmid ?? 0, Date.now());
    await kube.patch(virtualMachines, metadata, { spec: { description: `Patched at ${new Date().toISOString()}.` } });
    await sleep(patchPauseMs);
  }
  // The last one has its time, too.
  await sleep(1_000);
  const { machines } = await proxmox.figures();
  const times = [...sentAt].map(([vmid, at]) => (machines[vmid]?.firstCallAt || Number.POSITIVE_INFINITY) - at);
  times.sort((a, b) => a - b);
  const percentile = (share: number) => times[Math.ceil(times.length * share) - 1] ?? Number.NaN;
  return { patchToProxmoxP99Ms: percentile(0.99), patchToProxmoxP50Ms: percentile(0.5) };
}

/** To two digits after the point. */
export const rounded = (value: number): number => Math.round(value * 100) / 100;
