import { setTimeout as sleep } from 'node:timers/promises';
import { type ProxmoxCluster, proxmoxClusters, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { isReady } from '#cli/demo/machines.ts';
import { connectProxmox, type Stage } from '#cli/demo/stage.ts';
import { random } from '#operator/core/quota/testing/random.ts';
import { discrepancies, doubles, leaks } from './evidence.ts';
import { killOperators } from './killing.ts';
import { type Deeds, letPeopleWork } from './people.ts';
import { addStrangers, strangersOf } from './strangers.ts';

/** How much is to happen; the same seed makes the same choices. */
export interface SoakOptions {
  kills: number;
  machines: number;
  seed: number;
  namespace: string;
  /** Folder for files. */
  dir: string;
  log: (line: string) => void;
}

/** What happened, and everything that should not have. */
export interface SoakReport extends Deeds {
  kills: number;
  /** Kills while a change was on its way to Proxmox or its answer on the way back. */
  killsAtAChange: number;
  seconds: number;
  violations: string[];
}

/** How often it is looked whether a resource has two machines. */
const watchMs = 50;

/** Longest that everything may take to come to rest: a failed task is left alone for 30 s, and may fail again. */
const restMs = 300_000;

/**
 * Operators are killed at random instants while people make, change and delete machines; then one is let live, and the
 * world is looked at. The stage has no operator and knows no Proxmox yet.
 */
export async function soak(stage: Stage, options: SoakOptions): Promise<SoakReport> {
  const { kills, machines, seed, namespace, dir, log } = options;
  const startedAt = performance.now();
  const violations = new Set<string>();
  addStrangers(stage.proxmox);
  const strangers = strangersOf(stage.proxmox);
  await connectProxmox(stage, dir);
  await stage.kubectl('apply', '-f', 'examples/10-templates.yaml');
  await stage.kubectl('create', 'namespace', namespace);
  const watching = setInterval(() => {
    for (const double of doubles(stage.proxmox)) violations.add(double);
  }, watchMs);

  const people = letPeopleWork(stage.kube, namespace, machines, random(seed));
  const killsAtAChange = await killOperators(stage, kills, random(seed + 1));
  await people.stop();
  log(`killed ${kills} operators: ${JSON.stringify(people.deeds)}`);
  const survivor = await stage.startOperator('--log-level', 'warn');
  await untilRest(stage, namespace);
  for (const wrong of discrepancies(await machinesIn(stage, namespace), stage.proxmox)) violations.add(wrong);

  await stage.kubectl('delete', 'namespace', namespace, `--timeout=${restMs / 1000}s`);
  for (const left of leaks(stage.proxmox)) violations.add(`left in Proxmox: ${left}`);
  for (const claim of await untilNoClaims(stage)) violations.add(`a claim is held for ever: ${claim}`);
  if (strangersOf(stage.proxmox) !== strangers) violations.add('something foreign was touched');
  clearInterval(watching);
  await survivor.stop();
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  return { kills, killsAtAChange, ...people.deeds, seconds, violations: [...violations] };
}

/** The machines of the soak; other tests may have left theirs in the same control plane. */
const machinesIn = async ({ kube }: Stage, namespace: string): Promise<VirtualMachine[]> =>
  (await kube.list<VirtualMachine>(virtualMachines, { namespace })).items;

/** Waits until every machine is as desired, and those that are deleted are gone. */
async function untilRest(stage: Stage, namespace: string): Promise<void> {
  const restless = async () =>
    (await machinesIn(stage, namespace)).filter(vm => vm.metadata.deletionTimestamp !== undefined || !isReady(vm));
  const deadline = performance.now() + restMs;
  let rest = await restless();
  while (rest.length > 0) {
    if (performance.now() > deadline) {
      const states = rest.map(({ metadata, status }) => `${metadata.name}: ${status?.printableStatus}`);
      throw new Error(`no rest within ${restMs / 1000} s: ${states.join(', ')}; see ${stage.operatorLog}`);
    }
    await sleep(300);
    rest = await restless();
  }
}

/** Claims of machines that are gone are given back with the next look at the cluster. Answers those that are not. */
async function untilNoClaims({ kube }: Stage): Promise<string[]> {
  const claims = async () => {
    const { status } = await kube.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' });
    return (status?.inFlight ?? []).map(({ name, vmid }) => `${name} (${vmid})`);
  };
  const deadline = performance.now() + restMs;
  let held = await claims();
  while (held.length > 0 && performance.now() < deadline) {
    await sleep(500);
    held = await claims();
  }
  return held;
}
