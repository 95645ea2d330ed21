import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { isReady } from '#cli/demo/machines.ts';
import { disagreements } from '#cli/demo/proxmox-check.ts';
import { connectProxmox, type Stage, setStage } from '#cli/demo/stage.ts';
import { sharedControlPlane } from '../control-plane/shared.ts';
import { eventually as holds, patienceMs } from '../eventually.ts';

let stage: Stage;
let dir: string;
const namespace = 'main-job';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-main-job-'));
  const { signal } = new AbortController();
  stage = await setStage({
    dir,
    env: process.env,
    signal,
    log: console.error,
    controlPlane: await sharedControlPlane(),
  });
  await stage.startOperator();
  await connectProxmox(stage, dir);
  await stage.kubectl('apply', '-f', 'examples/10-templates.yaml');
  await stage.kubectl('create', 'namespace', namespace);
});

afterAll(async () => {
  await stage.kubectl('delete', 'namespace', namespace, '--timeout=240s');
  await stage.kubectl('delete', 'vmtemplates,proxmoxclusters', '--all');
  await stage.close();
  await rm(dir, { recursive: true });
});

const spec = (change: Partial<VirtualMachine['spec']> = {}) => ({
  source: { template: { name: 'debian-12' } },
  resources: { cpu: 1, memory: '512Mi' },
  disks: [{ name: 'root', size: '2Gi' }],
  ...change,
});

async function apply(name: string, change: Partial<VirtualMachine['spec']> = {}): Promise<string> {
  const file = join(dir, `${name}.json`);
  const manifest = {
    apiVersion: 'berth.dev/v1alpha1',
    kind: 'VirtualMachine',
    metadata: { name, namespace },
    spec: spec(change),
  };
  await writeFile(file, JSON.stringify(manifest));
  return stage.kubectl('apply', '-f', file);
}

const read = (name: string) => stage.kube.get<VirtualMachine>(virtualMachines, { namespace, name });
const waitReady = (name: string) =>
  stage.kubectl('-n', namespace, 'wait', '--for=condition=Ready', `virtualmachine/${name}`, '--timeout=240s');

/** The machine, once it is as wanted. */
function eventually(name: string, wanted: (vm: VirtualMachine) => boolean): Promise<VirtualMachine> {
  return expect
    .poll(async () => ((await read(name).then(wanted)) ? 'as wanted' : JSON.stringify((await read(name)).status)), {
      timeout: patienceMs,
      interval: 200,
    })
    .toBe('as wanted')
    .then(() => read(name));
}

const condition = (vm: VirtualMachine, type: string) => vm.status?.conditions?.find(found => found.type === type);

describe('as a Kubernetes user expects', () => {
  test('F21, F32: a machine that is applied is made as declared, and Proxmox says so too', async () => {
    await apply('plain', { resources: { cpu: 2, memory: '1Gi' }, disks: [{ name: 'root', size: '4Gi' }] });
    await waitReady('plain');
    expect(disagreements(await read('plain'), stage.proxmox)).toEqual([]);
    await apply('off', { powerState: 'Stopped' });
    await waitReady('off');
    expect((await read('off')).status?.powerState).toBe('Stopped');
  });

  test('kubectl get, explain and describe tell what is going on', async () => {
    await apply('shown');
    await waitReady('shown');
    expect(await stage.kubectl('get', 'vm', '-n', namespace, 'shown')).toMatch(
      /NAME +STATUS +READY +CPU +MEMORY +NODE +VMID +IP +AGE\nshown +Running +True +1 +512Mi +pve\d +1\d{3}/,
    );
    expect(await stage.kubectl('explain', 'vm.spec.disks')).toContain('Disks of the machine, by name.');
    // Events are written beside everything else.
    await holds(async () => {
      const described = await stage.kubectl('describe', 'virtualmachine', '-n', namespace, 'shown');
      for (const event of ['Scheduled', 'Created', 'Started']) expect(described).toContain(event);
    });
  });

  test.each([
    ['a name that is no host name', 'dotted.name', {}, /metadata\.name must be a DNS label/],
    ['too little memory', 'small', { resources: { cpu: 1, memory: '64Mi' } }, /spec\.resources\.memory.*128Mi or more/],
    [
      'a size with another unit',
      'unit',
      { disks: [{ name: 'root', size: '4GB' }] },
      /spec\.disks\[0\]\.size.*\(Mi\|Gi\|Ti\)/,
    ],
    ['no root disk', 'rootless', { disks: [{ name: 'data', size: '4Gi' }] }, /there must be a disk named root/],
    [
      'another property in a bridge',
      'inject',
      { networks: [{ name: 'a', bridge: 'vmbr0,tag=1' }] },
      /spec\.networks\[0\]\.bridge/,
    ],
  ])(
    'F24, F25: %s is refused by the API server with the field and what is allowed',
    async (_case, name, change, words) => {
      await expect(apply(name, change)).rejects.toThrow(words);
    },
  );

  test('F25: what is not approved stalls in words, and goes on when the spec is mended', async () => {
    await apply('unapproved', { networks: [{ name: 'lan', bridge: 'vmbr7' }] });
    const vm = await eventually('unapproved', found => condition(found, 'Stalled')?.reason === 'InvalidSpec');
    expect(condition(vm, 'Stalled')?.message).toBe(
      'spec.networks[lan].bridge: "vmbr7" is not approved; allowed: vmbr0, vmbr1.',
    );
    await apply('unapproved', { networks: [{ name: 'lan', bridge: 'vmbr1' }] });
    await waitReady('unapproved');
  });

  test('an unknown template stalls in words, and the machine goes on when the template appears', async () => {
    await apply('early', { source: { template: { name: 'later' } } });
    const vm = await eventually('early', found => condition(found, 'Stalled')?.reason === 'TemplateNotFound');
    expect(condition(vm, 'Ready')?.message).toBe('There is no VmTemplate "later".');
    const template = { ...(await stage.kubectl('get', 'vmtemplate', 'debian-12', '-o', 'json').then(JSON.parse)) };
    const later = {
      apiVersion: template.apiVersion,
      kind: template.kind,
      metadata: { name: 'later' },
      spec: template.spec,
    };
    await writeFile(join(dir, 'later.json'), JSON.stringify(later));
    await stage.kubectl('apply', '-f', join(dir, 'later.json'));
    await waitReady('early');
  });
});

test('F34: a clone that Proxmox fails is told in its own words, tried again, and counted once', async () => {
  const { faults } = stage.proxmox.simulator;
  faults.add({ method: 'POST', path: '/nodes/*/qemu/*/clone', times: 1, what: 'task-error', message: 'out of space' });
  await apply('unlucky');
  const failed = await eventually('unlucky', vm => condition(vm, 'Provisioned')?.reason === 'CloneFailed');
  expect(condition(failed, 'Ready')?.message).toContain('out of space');
  const vmid = failed.status?.vmid;
  const vm = await eventually('unlucky', isReady);
  expect(vm.status?.vmid).toBe(vmid);
  expect(disagreements(vm, stage.proxmox)).toEqual([]);
});

describe('the world moves', () => {
  test('F42: a machine that somebody stops in Proxmox is running again within seconds', async () => {
    await apply('stopped-outside');
    await waitReady('stopped-outside');
    const { status } = await read('stopped-outside');
    const started = status?.lastStartedAt;
    stopBehindOurBack(status?.vmid ?? 0);
    const vm = await eventually('stopped-outside', found => isReady(found) && found.status?.lastStartedAt !== started);
    expect(stage.proxmox.simulator.state.vms[vm.status?.vmid ?? 0]?.run).toBeDefined();
  });

  test('stopped and started again by its resource, gracefully', async () => {
    await apply('switched');
    await waitReady('switched');
    await guestIsUp((await read('switched')).status?.vmid ?? 0);
    await apply('switched', { powerState: 'Stopped' });
    await eventually('switched', found => isReady(found) && found.status?.powerState === 'Stopped');
    expect((await read('switched')).status?.lastTask?.type).toBe('qmshutdown');
    await apply('switched', { powerState: 'Running' });
    await eventually('switched', found => isReady(found) && found.status?.powerState === 'Running');
  });

  test('F12: a deleted machine leaves Proxmox, and only then Kubernetes', async () => {
    await apply('doomed');
    await waitReady('doomed');
    const vmid = (await read('doomed')).status?.vmid ?? 0;
    await stage.kubectl('delete', 'virtualmachine', '-n', namespace, 'doomed', '--timeout=240s');
    expect(stage.proxmox.simulator.state.vms[vmid]).toBeUndefined();
  });

  test('F12: while Proxmox has no quorum nothing is taken for gone', async () => {
    await apply('held');
    await waitReady('held');
    const { cluster, vms } = stage.proxmox.simulator.state;
    const vmid = (await read('held')).status?.vmid ?? 0;
    const vm = vms[vmid];
    delete vms[vmid];
    cluster.quorate = false;
    await stage.kubectl('delete', 'virtualmachine', '-n', namespace, 'held', '--wait=false');
    const held = await eventually('held', found => condition(found, 'Ready')?.message.includes('no quorum') ?? false);
    expect(held.metadata.finalizers).toEqual(['berth.dev/proxmox']);
    if (vm) vms[vmid] = vm;
    cluster.quorate = true;
    await stage.kubectl('wait', '--for=delete', `virtualmachine/held`, '-n', namespace, '--timeout=240s');
    expect(vms[vmid]).toBeUndefined();
  });
});

/** A guest that is still booting does not hear that it should shut down. */
async function guestIsUp(vmid: number): Promise<void> {
  const up = () => (stage.proxmox.simulator.state.vms[vmid]?.run?.bootedAt ?? Number.POSITIVE_INFINITY) <= Date.now();
  await expect.poll(up, { timeout: patienceMs, interval: 100 }).toBe(true);
}

function stopBehindOurBack(vmid: number): void {
  const vm = stage.proxmox.simulator.state.vms[vmid];
  if (!vm?.run) throw new Error(`VM ${vmid} does not run`);
  delete vm.run;
}
