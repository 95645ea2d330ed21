import { setTimeout as sleep } from 'node:timers/promises';
import { type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import { vmidRange } from '#cli/demo/proxmox.ts';
import type { Stage } from '#cli/demo/stage.ts';
import { Reflector } from '#kube/reflector.ts';
import { createMachine, machinesIn, readQuota } from '../machines.ts';
import { type Operators, type Setting, startOperators } from './operators.ts';

/** Who wants the last place of a namespace at once. */
export const writers = 64;

/** Places of the namespace; all but one are taken before each round. */
const hard = 3;

/** Longest that a round's winner may take to be made, or to go; operators are killed meanwhile. */
const patienceMs = 480_000;

/** VMIDs of each namespace, so that Proxmox itself tells whose a machine is that has no marker yet. */
const vmidsEach = 100;

/** An operator is killed in so much of a round from its start: the quickest took five seconds. */
const firstSpanMs = 3_000;

/** What came of a race. */
export interface RaceReport extends Setting {
  rounds: number;
  writers: number;
  kills: number;
  /** How many of the killed led at that time; all where there is no election. */
  leadersKilled: number;
  hard: number;
  /** The most machines that Proxmox had in a namespace after any of its calls, half-made ones included. */
  mostInProxmox: number;
  /** The most entries that a ledger had in any of its versions. */
  mostCharged: number;
  /** The most machines that a round came to have had made for it, as the API tells; one is right. */
  mostMade: number;
  seconds: number;
}

/** What a race is to be. Rounds are shared among the namespaces, which race beside each other. */
export interface RaceOptions extends Setting {
  rounds: number;
  namespaces: readonly string[];
  log: (line: string) => void;
  /** No round is begun after so many seconds; what was raced until then is told. Default: no end. */
  withinSeconds?: number;
}

/**
 * Races for the last place of namespaces that have neither a quota nor a machine yet, round after round. In each round an
 * operator is killed at a random instant. Rejects when a round comes to no end.
 */
export async function race(
  stage: Stage,
  { rounds, namespaces, log, withinSeconds = Number.POSITIVE_INFINITY, ...setting }: RaceOptions,
): Promise<RaceReport> {
  const startedAt = performance.now();
  const isTime = () => performance.now() - startedAt < withinSeconds * 1000;
  const operators = await startOperators(stage, setting);
  const proxmox = watchProxmox(stage, namespaces.length);
  const ledgers: ReturnType<typeof watchLedger>[] = [];
  let [mostMade, begun, done, spanMs] = [0, 0, 0, firstSpanMs];
  try {
    await Promise.all(
      namespaces.map(async (namespace, index) => {
        await takeAllButOne(stage, namespace, index);
        ledgers.push(watchLedger(stage, namespace));
        while (begun < rounds && isTime()) {
          begun += 1;
          const roundAt = performance.now();
          mostMade = Math.max(mostMade, await rush(stage, namespace, { prefix: `m-${begun}`, operators, spanMs }));
          spanMs = Math.min(spanMs, performance.now() - roundAt);
          done += 1;
          if (done % 10 === 0) log(`${done} of ${rounds} rounds, ${operators.kills().kills} kills`);
        }
      }),
    );
    const seconds = Math.round((performance.now() - startedAt) / 1000);
    const mostCharged = Math.max(...ledgers.map(ledger => ledger.most()));
    const seen = { ...operators.kills(), hard, mostInProxmox: proxmox.most(), mostCharged, mostMade, seconds };
    return { rounds: done, writers, ...setting, ...seen };
  } finally {
    await Promise.all(ledgers.map(ledger => ledger.close()));
    await operators.close();
  }
}

/** Gives a namespace its quota and the machines that stand during the race. */
async function takeAllButOne(stage: Stage, namespace: string, index: number): Promise<void> {
  const start = vmidRange.start + index * vmidsEach;
  await stage.kube.create<VmQuota>(vmQuotas, {
    metadata: { namespace, name: 'default' },
    spec: { hard: { vms: hard }, vmidRange: { start, end: start + vmidsEach - 1 } },
  });
  await until('the quota is in force', async () => (await readQuota(stage, namespace)).status?.allocations);
  for (let there = 1; there < hard; there++) await createMachine(stage, namespace, `there-${there}`);
  await until('all places but one are taken', async () => (await madeIn(stage, namespace)) === hard - 1);
}

/** All writers create at once; when there is a winner, all are deleted. Answers how many were made. */
async function rush(
  stage: Stage,
  namespace: string,
  { prefix, operators, spanMs }: { prefix: string; operators: Operators; spanMs: number },
): Promise<number> {
  const names = Array.from({ length: writers }, (_, writer) => `${prefix}-${writer}`);
  const struck = sleep(Math.random() * spanMs).then(() => operators.strike());
  await Promise.allSettled(names.map(name => createMachine(stage, namespace, name)));
  // Not sooner: two operators that both cancel a clone would leave a lock behind that only root can remove.
  await until(`${prefix} has a winner`, async () => (await madeIn(stage, namespace)) >= hard);
  const made = (await madeIn(stage, namespace)) - (hard - 1);
  const rivals = async () =>
    (await machinesIn(stage, namespace)).filter(({ metadata }) => names.includes(metadata.name));
  await Promise.all((await rivals()).map(({ metadata }) => stage.kube.remove(virtualMachines, metadata)));
  await until(`${prefix} is gone`, async () => (await rivals()).length === 0);
  await struck;
  return made;
}

const madeIn = async (stage: Stage, namespace: string): Promise<number> =>
  (await machinesIn(stage, namespace)).filter(({ status }) => status?.createdAt !== undefined).length;

/** The most machines that any namespace had in Proxmox. */
function watchProxmox({ proxmox }: Stage, namespaces: number): { most: () => number } {
  let most = 0;
  const { intercept } = proxmox;
  proxmox.intercept = async (request, answer) => {
    const answered = await intercept(request, answer);
    const counts = new Array<number>(namespaces).fill(0);
    for (const { vmid } of Object.values(proxmox.simulator.state.vms)) {
      const index = Math.floor((vmid - vmidRange.start) / vmidsEach);
      if (index in counts) counts[index] = (counts[index] ?? 0) + 1;
    }
    most = Math.max(most, ...counts);
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
