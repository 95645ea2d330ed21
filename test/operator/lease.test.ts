import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { BerthProcess } from '#cli/demo/berth-process.ts';
import { type KubernetesStage, setKubernetesStage } from '#cli/demo/stage.ts';
import { type Lease, leases } from '#kube/lease-record.ts';
import { sharedControlPlane } from '../control-plane/shared.ts';
import { patienceMs } from '../eventually.ts';

let dir: string;
let stage: KubernetesStage;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-lease-'));
  const { signal } = new AbortController();
  const controlPlane = await sharedControlPlane();
  stage = await setKubernetesStage({ dir, env: process.env, signal, log: console.error, controlPlane });
});

afterAll(async () => {
  await stage.close();
  await rm(dir, { recursive: true });
});

const holder = async () => {
  const lease = await stage.kube.get<Lease>(leases, { namespace: 'berth-system', name: 'berth-operator' });
  return lease.spec?.holderIdentity ?? '';
};

/** Whether a replica leads; one that does not says that it waits. */
async function leads({ metricsUrl }: BerthProcess): Promise<boolean> {
  const answer = await fetch(metricsUrl.replace('/metrics', '/readyz'));
  return answer.ok && !(await answer.text()).includes('waits for the lease');
}

const patiently = { timeout: patienceMs, interval: 200 };

test('F154, F159: a leader that was stopped for too long ends itself when it wakes, and another one leads', async () => {
  const replicas = [await stage.startOperator('--leader-elect'), await stage.startOperator('--leader-elect')];
  const leaders = async () => (await Promise.all(replicas.map(leads))).filter(Boolean).length;
  await vi.waitUntil(async () => (await leaders()) === 1, patiently);
  const [first, second] = (await leads(replicas[0] as BerthProcess)) ? replicas : replicas.toReversed();
  if (!first || !second) throw new Error('there are two');
  const before = await holder();

  process.kill(first.pid, 'SIGSTOP');
  await vi.waitUntil(async () => (await holder()) !== before, patiently);
  process.kill(first.pid, 'SIGCONT');
  await first.ended;
  await vi.waitUntil(() => leads(second), patiently);

  await second.stop();
  expect(await holder()).toBe('');
});
