import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type ProxmoxCluster, proxmoxClusters } from '#api/kinds.ts';
import { namespaces } from '#kube/builtin.ts';
import { formatMarker } from '#operator/core/marker.ts';
import { releaseAnnotation } from '#operator/effects/destroy-brake.ts';
import { eventually, patienceMs } from '../eventually.ts';
import { type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

beforeAll(async () => {
  lab = await machineLab();
});

afterAll(() => lab.close());

const vmids = [1900, 1901, 1902, 1903];
const left = () => vmids.filter(vmid => lab.proxmox.simulator.state.vms[vmid] !== undefined);

const theCluster = () => lab.kube.get<ProxmoxCluster>(proxmoxClusters, { name: 'lab' });

const brake = async () => (await theCluster()).status?.conditions?.find(({ type }) => type === 'DestroyBrake');

/** Four machines that look like leftovers which an administrator has unlocked. */
async function leaveFour(): Promise<void> {
  const clusterId = (await lab.kube.get(namespaces, { name: 'kube-system' })).metadata.uid ?? '';
  const vm = lab.inProxmox(await lab.ready('web'));
  for (const vmid of vmids) {
    const uid = `u-${vmid}`;
    const description = formatMarker({ clusterId, namespace: lab.namespace, name: uid, uid, vmid });
    const leftover = structuredClone(vm);
    delete leftover.run;
    leftover.config.current = { name: uid, description, memory: '512' };
    lab.proxmox.simulator.state.vms[vmid] = { ...leftover, vmid };
  }
  const since = '2026-01-01T00:00:00Z';
  const abandoned = vmids.map(vmid => ({ vmid, since, reason: 'stuck', uid: `u-${vmid}` }));
  // Again where the operator was faster, which writes it, too.
  await eventually(async () => {
    const cluster = await theCluster();
    await lab.kube.replaceStatus(proxmoxClusters, { ...cluster, status: { ...cluster.status, abandoned } });
  });
}

const patiently = { timeout: patienceMs, interval: 200 };

test('F14: the fourth machine that goes unasked stays until an administrator lets the brake go', async () => {
  await lab.create('web');
  await leaveFour();
  await vi.waitUntil(async () => (await brake())?.status === 'True', patiently);
  await vi.waitUntil(() => left().length === 1, patiently);
  await vi.waitUntil(async () => (await lab.kubectl('describe', 'proxmoxcluster/lab')).includes('Warning'), patiently);

  // What a person deletes is not held up.
  await lab.kubectl('delete', 'vm', 'web', '--namespace', lab.namespace, '--timeout=240s');
  expect(left()).toHaveLength(1);

  await lab.kubectl('annotate', 'proxmoxcluster/lab', `${releaseAnnotation}=${new Date().toISOString()}`);
  await vi.waitUntil(async () => left().length === 0 && (await brake()) === undefined, patiently);
});
