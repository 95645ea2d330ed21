import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type VmSnapshot, vmOperations, vmSnapshots } from '#api/kinds.ts';
import { isFinished } from '#operator/core/operation.ts';
import { byAge } from '#operator/core/quota/pending.ts';
import { patienceMs } from '../eventually.ts';
import { conditionOf, type MachineLab, machineLab } from './machine-lab.ts';

let lab: MachineLab;

beforeAll(async () => {
  lab = await machineLab();
  await lab.create('web');
  await lab.create('paused', { powerState: 'Paused' });
  await lab.ready('web');
});

afterAll(() => lab.close());

/** How often Proxmox was told so of a machine. */
const calls = (what: string) =>
  lab.proxmox.simulator.requests.counts()[`POST /nodes/{node}/qemu/{vmid}/status/${what}`]?.calls ?? 0;

test('F20, F31, F57: from an ISO image a machine is made at once, and its CD is changed while it runs', async () => {
  const writes = () => {
    const counts = lab.proxmox.simulator.requests.counts();
    return counts['PUT /nodes/{node}/qemu/{vmid}/config']?.calls ?? 0;
  };
  await lab.create('installed', {
    source: { iso: { name: 'debian-12' } },
    networks: [{ name: 'lan', bridge: 'vmbr1' }],
    firmware: { type: 'Uefi', secureBoot: 'Enabled' },
    tpm: 'V2',
  });
  const found = await lab.ready('installed');
  const image = 'local:iso/debian-12.11.0-amd64-netinst.iso';
  const config = () => lab.inProxmox(found).config.current;
  expect(config()).toMatchObject({
    bios: 'ovmf',
    boot: 'order=scsi0;ide2;net0',
    ide2: expect.stringContaining(image),
    efidisk0: expect.stringContaining('pre-enrolled-keys=1'),
    tpmstate0: expect.stringContaining('version=v2.0'),
    protection: '1',
  });
  expect(conditionOf(found, 'Provisioned')?.reason).toBe('Created');
  expect(lab.inProxmox(found).run).toBeDefined();

  await lab.change('installed', { cdrom: { iso: null } });
  await lab.ready('installed');
  expect(config().ide2).toBe('none,media=cdrom');
  const before = writes();
  await lab.change('installed', { cdrom: { iso: 'debian-12' } });
  const loaded = await lab.ready('installed');
  expect(config().ide2).toContain(image);
  expect(writes()).toBe(before + 1);
  expect(loaded.status?.restartRequiredFor).toBeUndefined();

  await lab.change('installed', { bootOrder: ['cdrom', 'root'] });
  const waiting = await lab.until('installed', vm => vm.status?.restartRequiredFor !== undefined);
  expect(waiting.status?.restartRequiredFor).toEqual(['bootOrder']);
  expect(conditionOf(waiting, 'Ready')?.status).toBe('True');
});

test('F50, F61: what the guest says of itself is told, once it is up; a machine is Ready without', async () => {
  const found = await lab.until('web', vm => conditionOf(vm, 'GuestAgentReady')?.status === 'True');
  const { vmid = 0, addresses, guest } = found.status ?? {};
  const mac = /([0-9A-F]{2}:){5}[0-9A-F]{2}/.exec(lab.inProxmox(found).config.current.net0 ?? '')?.[0];
  const address = `10.0.${vmid >> 8}.${vmid & 255}`;
  expect(addresses).toEqual([{ address, type: 'IPv4', network: 'net0', interface: 'eth0', mac }]);
  expect(guest).toMatchObject({ osName: 'Debian GNU/Linux 12 (bookworm)', hostname: 'web' });
  const wide = await lab.kubectl('get', 'vm', '-n', lab.namespace, 'web', '-o', 'wide');
  expect(wide).toContain(address);
});

test('F51: without the privilege the condition says so, and names it; without an agent there is nothing to ask', async () => {
  const { roles } = lab.proxmox.simulator.state.access;
  const held = roles.BerthOperator ?? [];
  roles.BerthOperator = held.filter(privilege => privilege !== 'VM.GuestAgent.Audit');
  await lab.operate('boot', 'web', { type: 'Reset' });
  await lab.create('mute', { guestAgent: 'Disabled' });
  const denied = await lab.until('web', vm => conditionOf(vm, 'GuestAgentReady')?.reason === 'PermissionDenied');
  expect(conditionOf(denied, 'GuestAgentReady')?.message).toContain('VM.GuestAgent.Audit');
  expect(conditionOf(denied, 'Ready')?.status).toBe('True');
  expect(conditionOf(await lab.ready('mute'), 'GuestAgentReady')?.reason).toBe('AgentDisabled');
  roles.BerthOperator = held;
});

test('F65: a password comes from a Secret that is meant for that, where an administrator lets it, and is nowhere else', async () => {
  const { namespace, kubectl } = lab;
  const password = 'correct-horse-battery';
  const stalled = (reason: string) => lab.until('login', vm => conditionOf(vm, 'Stalled')?.reason === reason);
  const secret = (type: string) =>
    kubectl(
      '-n',
      namespace,
      'create',
      'secret',
      'generic',
      'login',
      `--type=${type}`,
      `--from-literal=password=${password}`,
    );
  await lab.create('login', { cloudInit: { user: 'ada', passwordSecretRef: { name: 'login' } } });
  await stalled('SecretDenied');
  const binding = ['--clusterrole=berth-cloud-init', '--serviceaccount=berth-system:berth-operator'];
  await kubectl('-n', namespace, 'create', 'rolebinding', 'berth-cloud-init', ...binding);
  await secret('Opaque');
  await lab.change('login', { description: 'second' });
  await stalled('SecretRefused');
  await kubectl('-n', namespace, 'delete', 'secret', 'login');
  await secret('berth.dev/cloud-init');
  await lab.change('login', { description: 'third' });
  const vm = await lab.ready('login');
  expect(lab.inProxmox(vm).config.current.cipassword).toBeDefined();
  expect(JSON.stringify(vm)).not.toContain(password);
  expect(await kubectl('get', 'events', '-n', namespace, '-o', 'json')).not.toContain(password);
  expect(await readFile(lab.operatorLog, 'utf8')).not.toContain(password);
});

test('F62: a machine is taken back to a snapshot, which goes when it is deleted; another goes with the namespace', async () => {
  const { namespace, kubectl, kube } = lab;
  await lab.create('kept');
  const vm = await lab.ready('kept');
  const example: VmSnapshot = parse(await readFile('examples/requests/snapshot.yaml', 'utf8'));
  const take = async (name: string, spec: Partial<VmSnapshot['spec']>) => {
    const object = { ...example, metadata: { namespace, name }, spec: { ...example.spec, vmName: 'kept', ...spec } };
    await kube.create<VmSnapshot>(vmSnapshots, object);
    await kubectl('-n', namespace, 'wait', '--for=condition=Ready', `vmsnapshot/${name}`, '--timeout=240s');
    return kube.get<VmSnapshot>(vmSnapshots, { namespace, name });
  };
  const names = () => Object.keys(lab.inProxmox(vm).config.snapshots);
  const first = await take('first', {});
  expect(names()).toEqual([`berth-${first.metadata.uid?.replaceAll('-', '')}`]);
  expect(first.metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', uid: vm.metadata.uid }]);
  // Its end is told by a pass of its own, after the one that took it.
  await kubectl('-n', namespace, 'wait', '--for=jsonpath={.status.expiresAt}', 'vmsnapshot/first', '--timeout=240s');
  expect(await kubectl('-n', namespace, 'get', 'vmsnap')).toMatch(/first +kept +Excluded .*True +Taken/);

  await lab.change('kept', { description: 'changed since', resources: { cpu: 2, memory: '512Mi' } });
  await lab.ready('kept');
  await lab.operate('back', 'kept', { type: 'Rollback', rollback: { snapshotName: 'first' } });
  const done = await lab.untilOperation('back', isFinished);
  expect(conditionOf(done, 'Complete')?.status, JSON.stringify(done.status)).toBe('True');
  const after = await lab.ready('kept');
  expect(lab.inProxmox(after).config.current).toMatchObject({ cores: '2', protection: '1', tags: 'berth' });
  expect(lab.inProxmox(after).run).toBeDefined();
  expect(after.metadata.uid).toBe(vm.metadata.uid);

  await kubectl('-n', namespace, 'delete', 'vmsnapshot', 'first', '--timeout=240s');
  expect(names()).toEqual([]);
  // It is left for the end, when the namespace is deleted: that must not wait for it.
  expect((await take('second', { memory: 'Include' })).status?.memory).toBe('Included');
});

test('F40: a machine is paused and resumed, and is Ready both ways', async () => {
  const state = async () => lab.inProxmox(await lab.ready('paused')).run?.status;
  expect(await state()).toBe('paused');
  expect((await lab.read('paused')).status?.powerState).toBe('Paused');
  await lab.change('paused', { powerState: 'Running' });
  expect(await state()).toBe('running');
  expect((await lab.read('paused')).status?.lastTask?.type).toBe('qmresume');
  await lab.change('paused', { powerState: 'Paused' });
  expect(await state()).toBe('paused');
  await lab.change('paused', { powerState: 'Stopped', shutdown: { timeoutSeconds: 1 } });
  expect(await state()).toBeUndefined();
});

describe('F40: an operation', () => {
  test('Restart boots the machine again, once, and leaves it as declared', async () => {
    const vm = await lab.booted('web');
    const before = lab.inProxmox(vm).run?.startedAt;
    await lab.operate('restart', 'web');
    const done = await lab.untilOperation('restart', isFinished);
    expect(conditionOf(done, 'Complete')?.status).toBe('True');
    expect(conditionOf(done, 'Ready')?.status).toBe('True');
    expect(done.status?.vmUID).toBe(vm.metadata.uid);
    await lab.ready('web');
    expect(lab.inProxmox(vm).run?.startedAt).not.toBe(before);
    expect(calls('reboot')).toBe(1);
  });

  test('Reset is done on a machine whose guest hears nothing; its Restart fails in words', async () => {
    await lab.change('web', { shutdown: { timeoutSeconds: 1 } });
    const vm = await lab.ready('web');
    lab.inProxmox(vm).guest.ignoresShutdown = true;
    await lab.operate('unheard', 'web');
    const failed = await lab.untilOperation('unheard', isFinished);
    expect(conditionOf(failed, 'Failed')?.message).toContain('got timeout');
    expect(conditionOf(failed, 'Stalled')?.reason).toBe('TaskFailed');
    await lab.operate('reset', 'web', { type: 'Reset' });
    expect(conditionOf(await lab.untilOperation('reset', isFinished), 'Complete')?.status).toBe('True');
    await lab.ready('web');
  });

  test('of a machine that is not there, or is meant to be off, fails and says so', async () => {
    await lab.operate('nothing', 'nowhere');
    expect(conditionOf(await lab.untilOperation('nothing', isFinished), 'Failed')?.reason).toBe('NotFound');
    await lab.create('off', { powerState: 'Stopped' });
    await lab.ready('off');
    await lab.operate('dark', 'off');
    expect(conditionOf(await lab.untilOperation('dark', isFinished), 'Failed')?.reason).toBe('NotRunning');
  });

  test('waits for one that was asked for before it, and has failed at its deadline', async () => {
    const vm = await lab.read('web');
    lab.inProxmox(vm).config.current.lock = 'backup';
    const asked = ['one', 'two'].map(name => lab.operate(name, 'web', { type: 'Reset', deadlineSeconds: 12 }));
    const [first, second] = (await Promise.all(asked)).sort(byAge);
    const message = `It waits for the operation "${first?.metadata.name}".`;
    await lab.untilOperation(second?.metadata.name ?? '', found => conditionOf(found, 'Ready')?.message === message);
    for (const name of ['one', 'two']) {
      const late = await lab.untilOperation(name, isFinished);
      expect(conditionOf(late, 'Failed')?.reason).toBe('DeadlineExceeded');
    }
    delete lab.inProxmox(vm).config.current.lock;
    await lab.operate('free', 'web', { type: 'Reset' });
    expect(conditionOf(await lab.untilOperation('free', isFinished), 'Complete')?.status).toBe('True');
  });

  test('is removed when its time is over, and is told to kubectl', async () => {
    await lab.operate('brief', 'web', { type: 'Reset', ttlSecondsAfterFinished: 1 });
    const path = { namespace: lab.namespace, name: 'brief' };
    await expect
      .poll(() => lab.kube.get(vmOperations, path).catch(({ status }) => status), { timeout: patienceMs })
      .toBe(404);
    const table = await lab.kubectl('get', 'vmop', '-n', lab.namespace);
    expect(table).toMatch(/NAME +MACHINE +TYPE +REQUESTER +READY +REASON +AGE/);
    expect(table).toMatch(/reset +web +Reset +system:admin +True +Succeeded/);
  });
});
