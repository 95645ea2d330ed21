import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { type VmQuota, virtualMachines, vmQuotas } from '#api/kinds.ts';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import { Reflector } from '#kube/reflector.ts';
import type { KubeObject } from '#kube/resource.ts';
import { configurationName, paths, webhookConfigurations } from '#operator/admission/configuration.ts';
import { freePort } from '../control-plane/port.ts';
import { balance } from './balancer.ts';
import {
  conditionOf,
  createMachine,
  eventually,
  type Lab,
  machinesIn,
  quotaLab,
  quotaNamespace,
  readQuota,
  removeNamespace,
} from './lab.ts';

// Enough to see a mistake within minutes; the claim itself rests on compare-and-swap and on the walks of the ledger.
const rounds = 6;
const writers = 64;
const most = 3;

let lab: Lab;
let closeBalancer: () => void;
const operators: { process: BerthProcess; start: () => Promise<BerthProcess> }[] = [];

beforeAll(async () => {
  lab = await quotaLab();
  const ports = [await freePort(), await freePort()];
  const balancer = await balance(ports);
  closeBalancer = balancer.close;
  await installWebhook(`https://127.0.0.1:${balancer.port}`);
  for (const port of ports) {
    // Without leader election: both lead.
    const start = () => lab.startOperator('--webhook-port', String(port), '--webhook-host', '127.0.0.1');
    operators.push({ process: await start(), start });
  }
});

afterAll(async () => {
  await lab.kubectl('delete', 'validatingwebhookconfiguration', configurationName, '--ignore-not-found');
  closeBalancer();
  await lab.close();
});

/** The chart's configuration, at an address of this machine. */
async function installWebhook(url: string): Promise<void> {
  const documents = parseAllDocuments(await readFile('charts/berth/admission/webhook.yaml', 'utf8'));
  type Configuration = KubeObject & { webhooks: { clientConfig: object }[] };
  const [, configuration] = documents.map(document => document.toJS() as Configuration);
  if (!configuration) throw new Error('the chart has no ValidatingWebhookConfiguration');
  const webhooks = configuration.webhooks.map((webhook, index) => ({
    ...webhook,
    clientConfig: { url: `${url}${paths[index]}` },
  }));
  await lab.kube.create(webhookConfigurations, { ...configuration, webhooks } as KubeObject);
}

/** Kills one process after another without a word, each while whatever is under way. */
async function killAtRandom(stop: AbortSignal): Promise<number> {
  let kills = 0;
  while (!stop.aborted) {
    await new Promise(resolve => setTimeout(resolve, 1_000 + Math.random() * 3_000));
    const victim = operators[Math.floor(Math.random() * operators.length)];
    if (!victim || stop.aborted) break;
    await victim.process.kill();
    kills += 1;
    victim.process = await victim.start();
  }
  return kills;
}

/** All writers create at once; when as many machines are made as may be, all are deleted. */
async function rush(namespace: string, round: number): Promise<void> {
  const names = Array.from({ length: writers }, (_, writer) => `m-${round}-${writer}`);
  await Promise.allSettled(names.map(name => createMachine(lab, namespace, name)));
  // Not sooner: two operators that both cancel a clone would leave a lock behind that only root can remove.
  await eventually(async () => {
    const made = (await machinesIn(lab, namespace)).filter(({ status }) => status?.createdAt !== undefined);
    expect(made).toHaveLength(most);
  }, 150_000);
  for (const { metadata } of await machinesIn(lab, namespace)) await lab.kube.remove(virtualMachines, metadata);
  await eventually(async () => expect(await machinesIn(lab, namespace)).toHaveLength(0), 150_000);
}

test(`F101, F154: ${writers} writers, two webhooks, two operators, kill -9 at random: no quota is ever exceeded`, async () => {
  const namespace = await quotaNamespace(lab, { hard: { vms: most } });
  let charged = 0;
  const watching = new AbortController();
  const onChange = (_key: string, _kind: string, quota: VmQuota) => {
    charged = Math.max(charged, quota.status?.allocations?.length ?? 0);
  };
  const reflector = new Reflector<VmQuota>({ client: lab.kube, type: vmQuotas, namespace, onChange });
  const watched = reflector.run(watching.signal);
  await eventually(async () => expect((await readQuota(lab, namespace)).status?.allocations).toEqual([]));
  lab.watchMost();
  const killing = new AbortController();
  const kills = killAtRandom(killing.signal);
  try {
    for (let round = 0; round < rounds; round++) await rush(namespace, round);
  } finally {
    killing.abort();
  }
  expect(await kills).toBeGreaterThan(rounds / 2);
  // What died under a reservation is cleared up, or would be in two minutes; nothing that was made is.
  expect(charged).toBeLessThanOrEqual(most);
  expect(lab.most()).toBe(most);
  watching.abort();
  await watched;
  await removeNamespace(lab, namespace);
}, 900_000);

test('one that was refused by a webhook that could count is refused by the operator, too', async () => {
  const namespace = await quotaNamespace(lab, { hard: { vms: 1 } });
  await eventually(async () => expect((await readQuota(lab, namespace)).status?.allocations).toEqual([]));
  const answers = await Promise.allSettled(
    Array.from({ length: 16 }, (_, n) => createMachine(lab, namespace, `m-${n}`)),
  );
  expect(answers.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  await lab.kube.remove(webhookConfigurations, { name: configurationName });
  await eventually(() => createMachine(lab, namespace, 'late'));
  await eventually(async () => {
    const late = (await machinesIn(lab, namespace)).find(({ metadata }) => metadata.name === 'late');
    expect(late && conditionOf(late, 'QuotaReserved')).toBe('False QuotaExceeded');
  });
  await removeNamespace(lab, namespace);
});
