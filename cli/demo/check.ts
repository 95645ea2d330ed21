import { setTimeout as sleep } from 'node:timers/promises';
import type { VirtualMachine } from '#api/kinds.ts';
import { isReady, listMachines } from './machines.ts';
import type { Progress } from './progress.ts';
import { poolPrefix } from './proxmox.ts';
import { boots, disagreements, leftovers } from './proxmox-check.ts';
import type { Stage } from './stage.ts';

/** Longest that all examples may take to come up, or to go. */
const patienceMs = 240_000;

/** The last line that `make demo-check` prints. Figures per machine are averages; what was switched off has no boot. */
export interface DemoReport {
  vms: number;
  ready: number;
  leaked: number;
  seconds: number;
  proxmoxWritesPerVm: number;
  ownReadsPerVm: number;
  /** What guests' agents were asked; no part of the reads. */
  agentReadsPerVm: number;
  bootsPerVm: number;
}

/** Waits until every machine is ready, calling `onChange` with all of them; throws, naming those that are not, in time. */
export async function waitUntilReady(stage: Stage, onChange: (machines: VirtualMachine[]) => void): Promise<void> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const machines = await listMachines(stage.kube);
    onChange(machines);
    const waiting = machines.filter(vm => !isReady(vm));
    if (machines.length > 0 && waiting.length === 0) return;
    if (Date.now() > deadline) {
      const names = waiting.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`).join(', ');
      throw new Error(`not ready within ${patienceMs / 1000} s: ${names}. The operator's log is ${stage.operatorLog}`);
    }
    await sleep(200);
  }
}

/** Compares every machine with Proxmox' own state, deletes them, and looks for what is left. Throws where it disagrees. */
export async function checkAndDelete(stage: Stage, progress: Progress, startedAt: number): Promise<DemoReport> {
  const { proxmox, kube, kubectl } = stage;
  const machines = await listMachines(kube);
  const wrong = machines.flatMap(vm => disagreements(vm, proxmox, poolPrefix));
  if (wrong.length > 0) throw new Error(`Proxmox disagrees:\n${wrong.join('\n')}`);
  progress.line(`  Proxmox' own state agrees with all ${machines.length} machines`);
  const vmids = machines.map(({ status }) => status?.vmid ?? 0);
  const started = machines.filter(({ spec }) => spec.powerState === 'Running');
  const figures = {
    proxmoxWritesPerVm: average(vmids.map(vmid => proxmox.calls.writes(vmid))),
    ownReadsPerVm: average(vmids.map(vmid => proxmox.calls.reads(vmid))),
    agentReadsPerVm: average(vmids.map(vmid => proxmox.calls.agentReads(vmid))),
    bootsPerVm: average(started.map(({ status }) => boots(proxmox, status?.vmid ?? 0))),
  };
  await progress.step('Deleting the machines and their namespaces', () =>
    kubectl('delete', '-f', 'examples/', '--wait', `--timeout=${patienceMs / 1000}s`),
  );
  const left = leftovers(proxmox);
  if (left.length > 0) throw new Error(`left in Proxmox: ${left.join(', ')}`);
  progress.line('  Proxmox holds none of them any more');
  const seconds = Math.round((performance.now() - startedAt) / 100) / 10;
  return { vms: machines.length, ready: machines.length, leaked: left.length, seconds, ...figures };
}

const average = (numbers: number[]): number =>
  Math.round((numbers.reduce((sum, number) => sum + number, 0) / Math.max(numbers.length, 1)) * 100) / 100;
