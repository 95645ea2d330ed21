import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VirtualMachine, type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import { type Allocation, formatAllocation } from '#api/ledger.ts';
import { type Stage, setStage } from '#cli/demo/stage.ts';
import { namespaces, webhookConfigurations } from '#kube/builtin.ts';
import { isConflict, isForbidden } from '#kube/errors.ts';
import { configurationName } from '#operator/admission/configuration.ts';
import { demandOf } from '#operator/core/quota/amounts.ts';
import { virtualMachine } from '#operator/core/testing/fixtures.ts';

// What a quota costs a person who creates a machine, with a real API server and a webhook in a process of its own. The
// last line is JSON. Nothing is made in Proxmox: there is no ProxmoxCluster.

/** Creates that are measured; each waits until the operator is done with the one before, as people do. */
const samples = 40;

/** Rounds of writers at one below the limit. */
const rounds = 100;
const writers = 64;

const { spec } = virtualMachine({ powerState: 'Stopped' });

async function makeNamespace({ kube }: Stage, name: string): Promise<string> {
  await kube.create(namespaces, { metadata: { name } });
  return name;
}

const create = ({ kube }: Stage, namespace: string, name: string): Promise<VirtualMachine> =>
  kube.create<VirtualMachine>(virtualMachines, { metadata: { namespace, name }, spec });

/** A namespace whose ledger has so many entries. */
async function fill(stage: Stage, namespace: string, entries: number, vms: number): Promise<void> {
  await makeNamespace(stage, namespace);
  await stage.kube.create<VmQuota>(vmQuotas, {
    metadata: { namespace, name: 'default' },
    spec: { hard: { vms, cpu: 100_000 } },
  });
  const allocations = Array.from({ length: entries }, (_, index): Allocation => {
    const uid = `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`;
    return { name: `there-${index}`, uid, state: 'Bound', generation: 1, owner: 'somebody', ...demandOf(spec) };
  });
  await writeLedger(stage, namespace, allocations);
}

/** The median time of a create, in milliseconds. */
async function measure(stage: Stage, namespace: string, inARow = false): Promise<number> {
  const times: number[] = [];
  for (let sample = 0; sample < samples; sample++) {
    const name = `m-${randomUUID().slice(0, 8)}`;
    const started = performance.now();
    await stage.kube.create(virtualMachines, { metadata: { namespace, name }, spec: { ...spec, owner: 'admin' } });
    times.push(performance.now() - started);
    if (!inARow) await untilStalled(stage, namespace, name);
  }
  return Math.round((times.sort((a, b) => a - b)[samples / 2] ?? 0) * 10) / 10;
}

/** Waits until the operator is done with a machine: it has bound it, and found no ProxmoxCluster. */
async function untilStalled({ kube }: Stage, namespace: string, name: string): Promise<void> {
  for (;;) {
    const { status } = await kube.get<VirtualMachine>(virtualMachines, { namespace, name });
    if (status?.conditions?.some(({ type }) => type === 'Stalled')) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

async function waitForWebhook(stage: Stage): Promise<void> {
  await fill(stage, 'closed', 0, 0);
  for (let attempt = 0; ; attempt++) {
    try {
      await create(stage, 'closed', `probe-${attempt}`);
    } catch (error) {
      if (isForbidden(error)) return;
      throw error;
    }
    if (attempt > 200) throw new Error(`${configurationName} is not in force`);
    await new Promise(resolve => setTimeout(resolve, 100));
  }
}

/** How often more machines were let in than fit; each round begins one below the limit. */
async function countExceeded(stage: Stage): Promise<number> {
  await fill(stage, 'rush', 0, 10);
  for (let there = 0; there < 9; there++) await create(stage, 'rush', `there-${there}`);
  let exceeded = 0;
  for (let round = 0; round < rounds; round++) {
    await waitForUse(stage, 9);
    const names = Array.from({ length: writers }, (_, writer) => `m-${round}-${writer}`);
    const answers = await Promise.allSettled(names.map(name => create(stage, 'rush', name)));
    const admitted = answers.flatMap(answer => (answer.status === 'fulfilled' ? [answer.value] : []));
    const { status } = await readRush(stage);
    if (admitted.length > 1 || (status?.allocations ?? []).length > 10) exceeded += 1;
    for (const { metadata } of admitted) await stage.kube.remove(virtualMachines, metadata);
  }
  return exceeded;
}

const readRush = ({ kube }: Stage) => kube.get<VmQuota>(vmQuotas, { namespace: 'rush', name: 'default' });

async function waitForUse(stage: Stage, vms: number): Promise<void> {
  while ((await readRush(stage)).status?.used?.vms !== vms) await new Promise(resolve => setTimeout(resolve, 20));
}

/** Writes a ledger, also while an operator begins it. */
async function writeLedger({ kube }: Stage, namespace: string, allocations: Allocation[]): Promise<void> {
  for (;;) {
    const quota = await kube.get<VmQuota>(vmQuotas, { namespace, name: 'default' });
    try {
      await kube.replaceStatus(vmQuotas, {
        ...quota,
        status: { ...quota.status, allocations: allocations.map(formatAllocation) },
      });
      return;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
  }
}

async function refusalOfFull(stage: Stage): Promise<string> {
  await fill(stage, 'full', 1000, 5000);
  return create(stage, 'full', 'one-more').then(
    () => 'a full ledger let a machine in',
    (error: Error) => error.message,
  );
}

const dir = await mkdtemp(join(tmpdir(), 'berth-bench-'));
const { signal } = new AbortController();
const stage = await setStage({ dir, env: process.env, signal, log: console.error });
try {
  const plain = await stage.startOperator();
  const withoutQuotaP50Ms = await measure(stage, await makeNamespace(stage, 'free'));
  await plain.stop();
  await stage.kubectl('apply', '-f', 'charts/berth/admission/');
  // The operator of the same process binds what is admitted, as in a cluster, and so competes for the ledger.
  await stage.startOperator('--webhook-port', '0', '--webhook-host', '127.0.0.1', '--webhook-loopback');
  await waitForWebhook(stage);
  await fill(stage, 'small', 100, 5000);
  const withQuotaP50Ms = await measure(stage, 'small');
  await fill(stage, 'large', 900, 5000);
  const withQuotaP50MsAt1000 = await measure(stage, 'large');
  console.log(`in a row, at 1000: ${await measure(stage, 'large', true)} ms`);
  console.log(await refusalOfFull(stage));
  const exceeded = await countExceeded(stage);
  await stage.kube.remove(webhookConfigurations, { name: configurationName });
  console.log(JSON.stringify({ vms: samples, withQuotaP50Ms, withoutQuotaP50Ms, withQuotaP50MsAt1000, exceeded }));
} finally {
  await stage.close();
  await rm(dir, { recursive: true, force: true });
}
