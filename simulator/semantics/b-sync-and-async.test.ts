import { beforeEach, describe, expect, it } from 'vitest';
import { Lab } from '../testing/lab.ts';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const act = (vmid: number, action: string, form = {}) => lab.run('POST', vm(vmid, `status/${action}`), form);

describe('(b) a call answers a UPID', () => {
  it.each([
    ['POST', '/nodes/pve1/qemu', { vmid: 200, scsi0: 'ceph:1' }],
    ['POST', vm(100, 'config'), { cores: 2 }],
    ['POST', vm(9000, 'clone'), { newid: 200 }],
    ['PUT', vm(100, 'resize'), { disk: 'scsi0', size: '+1G' }],
    ['POST', vm(100, 'move_disk'), { disk: 'scsi0', storage: 'local' }],
    ['POST', vm(100, 'template'), {}],
    ['POST', vm(102, 'migrate'), { target: 'pve2', 'with-local-disks': 1 }],
    ['DELETE', vm(100, '').slice(0, -1), {}],
    ['POST', vm(100, 'status/start'), {}],
    ['POST', vm(101, 'status/stop'), {}],
    ['POST', vm(101, 'status/shutdown'), {}],
    ['POST', vm(101, 'status/reboot'), {}],
    ['POST', vm(101, 'status/reset'), {}],
    ['POST', vm(101, 'status/suspend'), {}],
    ['POST', vm(101, 'status/resume'), {}],
    ['POST', vm(100, 'snapshot'), { snapname: 'one' }],
    ['DELETE', vm(100, 'snapshot/one'), {}],
    ['POST', vm(100, 'snapshot/one/rollback'), {}],
  ])('%s %s', async (method, path, form) => {
    expect((await lab.call(method, path, form)).data).toMatch(/^UPID:pve1:/);
  });
});

describe('(b) a call answers null, when all is done', () => {
  it.each([
    ['PUT', vm(100, 'config'), { cores: 2 }],
    ['PUT', vm(9000, 'cloudinit'), {}],
    ['PUT', vm(100, 'unlink'), { idlist: 'net0' }],
    ['PUT', vm(101, 'sendkey'), { key: 'ret' }],
    ['PUT', vm(100, 'firewall/options'), { enable: 1 }],
    ['POST', '/access/users', { userid: 'new@pve' }],
    ['PUT', '/pools', { poolid: 'team', vms: 100 }],
    ['POST', '/pools', { poolid: 'new' }],
    ['PUT', '/access/acl', { path: '/vms/100', users: 'nobody@pve', roles: 'PVEAuditor' }],
  ])('%s %s', async (method, path, form) => {
    expect(await lab.call(method, path, form)).toMatchObject({ status: 200, data: null });
  });

  it('POST config, where it ended inside background_delay, and then with the error at once', async () => {
    expect((await lab.post(vm(100, 'config'), { cores: 2, background_delay: 5 })).data).toBeNull();
    const failed = await lab.post(vm(101, 'config'), { net1: 'virtio,bridge=vmbr99', background_delay: 5 });
    expect([failed.status, failed.reason]).toEqual([
      500,
      expect.stringMatching(/^failed to update VM 101: 400 Parameter verification failed\. net1: hotplug problem - /),
    ]);
  });

  it('POST config, with a UPID again where it takes longer than that', async () => {
    lab = new Lab(undefined, { durations: { copy: { ms: 5000 } } });
    const scsi1 = 'ceph:0,import-from=local:import/debian.qcow2';
    const { data, ms } = await lab.post(vm(100, 'config'), { scsi1, background_delay: 2 });
    expect([data, ms]).toEqual([expect.stringMatching(/^UPID:/), 2000]);
  });

  it('DELETE of a volume, where it ended inside delay, and a UPID without', async () => {
    const iso = '/nodes/pve1/storage/local/content/iso/debian.iso';
    expect((await lab.delete(iso, { delay: 5 })).data).toBeNull();
    expect((await lab.delete(iso)).data).toMatch(/^UPID:/);
  });

  it('PUT of the text of a snapshot', async () => {
    await lab.run('POST', vm(100, 'snapshot'), { snapname: 'one' });
    expect((await lab.put(vm(100, 'snapshot/one/config'), { description: 'new' })).data).toBeNull();
  });
});

describe('(b) a call answers an object', () => {
  it.each([
    ['POST', vm(101, 'vncproxy'), { websocket: 1 }],
    ['POST', vm(101, 'termproxy'), {}],
    ['GET', vm(101, 'agent/get-osinfo'), {}],
  ])('%s %s', async (method, path, form) => {
    lab.clock.advance(20_000);
    expect((await lab.call(method, path, form)).data).toBeTypeOf('object');
  });
});

describe('(b) power', () => {
  beforeEach(() => {
    // The agent is up: nobody waits for its ping.
    lab.clock.advance(5000);
  });

  it('start of a running VM: the task fails', async () => {
    expect((await act(101, 'start')).exitstatus).toBe('VM 101 already running');
  });

  it('stop and shutdown of a VM that is off: the task is OK', async () => {
    expect((await act(100, 'stop')).exitstatus).toBe('OK');
    expect((await act(100, 'shutdown')).exitstatus).toBe('OK');
  });

  it.each(['reset', 'reboot', 'suspend'])('%s of a VM that is off fails at once', async action => {
    expect((await lab.post(vm(100, `status/${action}`))).reason).toBe('VM 100 not running');
  });

  it.each(['shutdown', 'reboot'])('%s of a paused VM fails at once', async action => {
    await act(101, 'suspend');
    expect((await lab.post(vm(101, `status/${action}`))).reason).toBe('VM is paused - cannot shutdown');
  });

  it('shutdown of a paused VM with forceStop stops it', async () => {
    await act(101, 'suspend');
    expect((await act(101, 'shutdown', { forceStop: 1 })).exitstatus).toBe('OK');
    expect(lab.vm(101).run).toBeUndefined();
  });

  it('a guest that listens shuts down', async () => {
    expect((await act(101, 'shutdown')).exitstatus).toBe('OK');
    expect(lab.vm(101).run).toBeUndefined();
  });

  it('a guest that does not listen makes a shutdown fail after 60 s', async () => {
    lab.vm(101).guest.ignoresShutdown = true;
    const started = lab.clock.now();
    const task = await act(101, 'shutdown');
    expect(task.exitstatus).toBe('VM quit/powerdown failed - got timeout');
    expect(lab.clock.now() - started).toBe(60_000);
    expect(lab.vm(101).run?.status).toBe('running');
  });

  it('its time may be set by the call or by startup, and forceStop then stops it', async () => {
    lab.vm(101).guest.ignoresShutdown = true;
    const started = lab.clock.now();
    await act(101, 'shutdown', { timeout: 5 });
    expect(lab.clock.now() - started).toBe(5000);
    await lab.put(vm(101, 'config'), { startup: 'down=7' });
    const again = lab.clock.now();
    await act(101, 'shutdown');
    expect(lab.clock.now() - again).toBe(7000);
    expect((await act(101, 'shutdown', { timeout: 1, forceStop: 1 })).exitstatus).toBe('OK');
    expect(lab.vm(101).run).toBeUndefined();
  });

  it("stop with overrule-shutdown ends the caller's own running shutdown", async () => {
    lab.vm(101).guest.ignoresShutdown = true;
    const { data: shutdown } = await lab.post(vm(101, 'status/shutdown'));
    lab.clock.advance(1000);
    expect((await act(101, 'stop', { 'overrule-shutdown': 1 })).exitstatus).toBe('OK');
    expect(lab.task(shutdown).exitstatus).toBe('received interrupt');
    expect(lab.vm(101).run).toBeUndefined();
  });

  it('reboot ends when the VM has stopped; another task starts it again', async () => {
    const before = lab.vm(101).run?.pid;
    expect((await act(101, 'reboot')).exitstatus).toBe('OK');
    expect(lab.vm(101).run).toBeUndefined();
    lab.clock.advance(5000);
    expect(lab.vm(101).run?.status).toBe('running');
    expect(lab.vm(101).run?.pid).not.toBe(before);
  });

  it('start brings pending changes into force, and so does stop', async () => {
    await lab.put(vm(101, 'config'), { cores: 4 });
    expect(lab.vm(101).config.current.cores).toBeUndefined();
    await act(101, 'stop');
    expect(lab.vm(101).config.current.cores).toBe('4');
  });

  it('start makes the cloud-init image anew', async () => {
    await lab.run('POST', vm(9000, 'clone'), { newid: 200 });
    await lab.put(vm(200, 'config'), { ciuser: 'debian' });
    const task = await act(200, 'start');
    expect(task.log).toContain('generating cloud-init ISO');
  });
});

describe('(b) a VM that HA manages', () => {
  beforeEach(async () => {
    expect((await lab.post('/cluster/ha/resources', { sid: 'vm:101' })).status).toBe(200);
  });

  it.each([
    ['stop', 'hastop', 'Requesting HA stop for VM 101'],
    ['shutdown', 'hastop', 'Requesting HA stop for VM 101'],
    ['start', 'hastart', 'Requesting HA start for VM 101'],
  ])('%s only asks the HA stack: the task %s is done within a second', async (action, type, line) => {
    const started = lab.clock.now();
    const task = await act(101, action);
    expect([task.type, task.exitstatus, task.log[0]]).toEqual([type, 'OK', line]);
    expect(lab.clock.now() - started).toBeLessThan(1000);
    expect(lab.vm(101).run).toBeDefined();
  });

  it('stops some seconds after it was asked to', async () => {
    await act(101, 'stop');
    lab.clock.advance(20_000);
    expect(lab.vm(101).run).toBeUndefined();
    await act(101, 'start');
    lab.clock.advance(20_000);
    expect(lab.vm(101).run?.status).toBe('running');
  });

  it.each(['reset', 'suspend'])('%s is done here, not by the HA stack', async action => {
    expect((await act(101, action)).type).not.toMatch(/^ha/);
  });

  it('migrates by the HA stack', async () => {
    const task = await lab.run('POST', vm(101, 'migrate'), { target: 'pve2', online: 1 });
    expect([task.type, task.exitstatus]).toEqual(['hamigrate', 'OK']);
    lab.clock.advance(60_000);
    expect(lab.vm(101).node).toBe('pve2');
  });

  it('cannot be hibernated', async () => {
    expect((await lab.post(vm(101, 'status/suspend'), { todisk: 1 })).status).toBe(500);
  });
});
