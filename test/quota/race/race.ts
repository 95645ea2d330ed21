import { setTimeout as sleep } from 'node:timers/promises';
import { type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import { vmidRange } from '#cli/demo/proxmox.ts';
import type { Stage } from '#cli/demo/stage.ts';
import { Reflector } from '#kube/reflector.ts';
import { createMachine, machinesIn, readQuota } from '../machines.ts';
import { type Setting, startOperators } from './operators.ts';

/** Who wants the last place of a namespace at once. */
export const writers = 64;

/** Places of the namespace; all but one are taken before each round. */
const hard = 3;

/** Longest that a round's winner may take to be made, or to go; operators are killed meanwhile. */
const patienceMs = 180_000;

/** What came of a race. */
export interface RaceReport extends Setting {
  rounds: number;
  writers: number;
  kills: number;
  hard: number;
  /** The most machines that Proxmox had after any of its calls, half-made ones included. */
  mostInProxmox: number;
  /** The most entries that the ledger had in any of its versions. */
  mostCharged: number;
  /** The most machines that a round came to have had made for it, as the API tells; one is right. */
  mostMade: number;
}

/**
 * Races for the last place of a namespace that has neither a quota nor a machine yet, round after round, while the
 * operators are killed. Rejects when a round comes to no end.
 */
export async function race(
  stage: Stage,
  { rounds, namespace, log, ...setting }: Setting & { rounds: number; namespace: string; log: (line: string) => void },
): Promise<RaceReport> {
  const operators = await startOperators(stage, setting);
  const proxmox = watchProxmox(stage);
  await stage.kube.create<VmQuota>(vmQuotas, {
    metadata: { namespace, name: 'default' },
    spec: { hard: { vms: hard } },
  });
  await until('the quota is in force', async () => (await readQuota(stage, namespace)).status?.allocations);
  const ledger = watchLedger(stage, namespace);
  let mostMade = 0;
  try {
    for (let there = 1; there < hard; there++) await createMachine(stage, namespace, `there-${there}`);
    await until('all places but one are taken', async () => (await madeIn(stage, namespace)) === hard - 1);
    const killing = new AbortController();
    const kills = operators.killAtRandom(killing.signal);
    try {
      for (let round = 1; round <= rounds; round++) {
        mostMade = Math.max(mostMade, await rush(stage, namespace, `m-${round}`));
        if (round % 10 === 0) log(`${round} of ${rounds} rounds`);
      }
    } finally {
      killing.abort();
    }
    const seen = { kills: await kills, hard, mostInProxmox: proxmox.most(), mostCharged: ledger.most(), mostMade };
    return { rounds, writers, ...setting, ...seen };
  } finally {
    await ledger.close();
    await operators.close();
  }
}

/** All writers create at once; when there is a winner, all are deleted. Answers how many were made. */
async function rush(stage: Stage, namespace: string, prefix: string): Promise<number> {
  const names = Array.from({ length: writers }, (_, writer) => `${prefix}-${writer}`);
  await Promise.allSettled(names.map(name => createMachine(stage, namespace, name)));
  // Not sooner: two operators that both cancel a clone would leave a lock behind that only root can remove.
  await until(`${prefix} has a winner`, async () => (await madeIn(stage, namespace)) >= hard);
  const made = (await madeIn(stage, namespace)) - (hard - 1);
  const rivals = async () =>
    (await machinesIn(stage, namespace)).filter(({ metadata }) => names.includes(metadata.name));
  for (const { metadata } of await rivals()) await stage.kube.remove(virtualMachines, metadata);
  await until(`${prefix} is gone`, async () => (await rivals()).length === 0);
  return made;
}

const madeIn = async (stage: Stage, namespace: string): Promise<number> =>
  (await machinesIn(stage, namespace)).filter(({ status }) => status?.createdAt !== undefined).length;

function watchProxmox({ proxmox }: Stage): { most: () => number } {
  let most = 0;
  const { intercept } = proxmox;
  proxmox.intercept = async (request, answer) => {
    const answered = await intercept(request, answer);
    const ours = Object.values(proxmox.simulator.state.vms).filter(
      ({ vmid }) => vmid >= vmidRange.start && vmid <= vmidRange.end,
    );
    most = Math.max(most, ours.length);
    return answered;
  };
  return { most: () => most };
}

function watchLedger({ kube }: Stage, namespace: string): { most: () => number; close: () => Promise<void> } {
  let most = 0;
  const watching = new AbortController();
  const onChange = (_key: string, _kind: string, { status }: VmQuota) => {
    most = Math.max(most, status?.allocations?.length ?? 0, status?.used?.vms ?? 0);
  };
  const watched = new Reflector<VmQuota>({ client: kube, type: vmQuotas, namespace, onChange }).run(watching.signal);
  return {
    most: () => most,
    async close() {
      watching.abort();
      await watched;
    },
  };
}

async function until(what: string, holds: () => Promise<unknown>): Promise<void> {
  const endsAt = performance.now() + patienceMs;
  while (!(await holds())) {
    if (performance.now() > endsAt) throw new Error(`within ${patienceMs / 1000} s it did not come about that ${what}`);
    await sleep(100);
  }
}
