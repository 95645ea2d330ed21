import { beforeEach, describe, expect, it } from 'vitest';
import { decodeUpid } from '../tasks/upid.ts';
import { Lab, ROOT } from '../testing/lab.ts';

const OPERATOR = 'operator@pve!op';
const START = '/nodes/pve1/qemu/100/status/start';
const UPID = /^UPID:(?:[a-zA-Z0-9-]+):[0-9A-F]{8}:[0-9A-F]{8,9}:[0-9A-F]{8}:[^:\s/]+:[^:\s/]*:[^:\s/]+:$/;

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const statusOf = async (upid: string, who?: string) => lab.get(`/nodes/pve1/tasks/${upid}/status`, {}, who);
const listed = async (form = {}, who?: string) =>
  (await lab.get('/nodes/pve1/tasks', form, who)).data as Record<string, unknown>[];

describe('(a) a UPID', () => {
  it('names the node, the process, its start, the type, the VM and the full identity', async () => {
    const { data: upid } = await lab.post(START, {}, OPERATOR);
    expect(upid).toMatch(UPID);
    expect(decodeUpid(upid)).toMatchObject({ node: 'pve1', type: 'qmstart', id: '100', authid: OPERATOR });
    expect(decodeUpid(upid)?.starttime).toBe(Math.floor(lab.clock.now() / 1000));
  });

  it('of a clone has the VMID of the source', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200 });
    expect(decodeUpid(upid)).toMatchObject({ type: 'qmclone', id: '9000' });
  });

  it('of a disk that goes to another VM names both ends', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/102/move_disk', {
      disk: 'scsi1',
      'target-vmid': 100,
      'target-disk': 'scsi5',
    });
    expect(decodeUpid(upid)?.id).toBe('102-scsi1>100-scsi5');
  });

  it('is different for each task, even of one moment', async () => {
    const first = await lab.post('/nodes/pve1/qemu/100/status/stop');
    const second = await lab.post('/nodes/pve1/qemu/100/status/stop');
    expect(first.data).not.toBe(second.data);
  });
});

describe('(a) the type of a task', () => {
  const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
  const typeOf = async (method: string, path: string, form = {}) => (await lab.run(method, path, form)).type;

  it.each([
    ['qmcreate', 'POST', '/nodes/pve1/qemu', { vmid: 200 }],
    ['qmclone', 'POST', vm(9000, 'clone'), { newid: 200 }],
    ['qmconfig', 'POST', vm(100, 'config'), { cores: 2 }],
    ['resize', 'PUT', vm(100, 'resize'), { disk: 'scsi0', size: '+1G' }],
    ['qmmove', 'POST', vm(100, 'move_disk'), { disk: 'scsi0', storage: 'local' }],
    ['qmigrate', 'POST', vm(100, 'migrate'), { target: 'pve2' }],
    ['qmtemplate', 'POST', vm(100, 'template'), {}],
    ['qmsnapshot', 'POST', vm(100, 'snapshot'), { snapname: 'one' }],
    ['qmrollback', 'POST', vm(100, 'snapshot/one/rollback'), {}],
    ['qmdelsnapshot', 'DELETE', vm(100, 'snapshot/one'), {}],
    ['qmdestroy', 'DELETE', '/nodes/pve1/qemu/100', {}],
    ['qmstart', 'POST', vm(100, 'status/start'), {}],
    ['qmstop', 'POST', vm(101, 'status/stop'), {}],
    ['qmshutdown', 'POST', vm(101, 'status/shutdown'), {}],
    ['qmreboot', 'POST', vm(101, 'status/reboot'), {}],
    ['qmreset', 'POST', vm(101, 'status/reset'), {}],
    ['qmpause', 'POST', vm(101, 'status/suspend'), {}],
    ['qmsuspend', 'POST', vm(101, 'status/suspend'), { todisk: 1 }],
    ['qmresume', 'POST', vm(101, 'status/resume'), {}],
    ['imgdel', 'DELETE', '/nodes/pve1/storage/local/content/iso/debian.iso', {}],
    [
      'download',
      'POST',
      '/nodes/pve1/storage/local/download-url',
      { content: 'iso', filename: 'a.iso', url: 'http://a/' },
    ],
  ])('is %s for %s %s', async (type, method, path, form) => {
    lab.clock.advance(20_000);
    if (type === 'qmresume') await lab.run('POST', vm(101, 'status/suspend'));
    expect(await typeOf(method, path, form)).toBe(type);
  });

  it('of a console is vncproxy', async () => {
    const { data } = await lab.post(vm(101, 'vncproxy'), { websocket: 1 });
    expect(lab.task(data.upid).type).toBe('vncproxy');
  });

  it('of a backup that is restored is qmrestore', async () => {
    await lab.run('POST', '/nodes/pve1/vzdump', { vmid: 100, storage: 'local' });
    const [backup] = (await lab.get('/nodes/pve1/storage/local/content', { content: 'backup' })).data;
    expect(await typeOf('POST', '/nodes/pve1/qemu', { vmid: 200, archive: backup.volid })).toBe('qmrestore');
  });
});

describe('(a) the status of a task', () => {
  it('is running without an exit status, then stopped with OK', async () => {
    const { data: upid } = await lab.post(START, {}, OPERATOR);
    const running = (await statusOf(upid)).data;
    expect(running).toMatchObject({ upid, node: 'pve1', type: 'qmstart', id: '100', status: 'running' });
    expect(running).toMatchObject({ user: 'operator@pve', tokenid: 'op' });
    expect(running).not.toHaveProperty('exitstatus');
    lab.finish(upid);
    expect((await statusOf(upid)).data).toMatchObject({ status: 'stopped', exitstatus: 'OK' });
  });

  it('has the error in one line', async () => {
    const task = await lab.run('POST', '/nodes/pve1/qemu/101/status/start');
    expect((await statusOf(task.upid)).data.exitstatus).toBe('VM 101 already running');
  });

  it('has an error of several lines in one, blanks between them', async () => {
    const task = await lab.run('POST', '/nodes/pve1/qemu/101/config', { net1: 'virtio,bridge=vmbr99' });
    expect(task.exitstatus).toMatch(/^400 Parameter verification failed\. net1: hotplug problem - /);
    expect(task.exitstatus).not.toContain('\n');
  });

  it('is WARNINGS and their number where all went well but for something', async () => {
    lab = new Lab(undefined, { release: '9.2' });
    const ceph = lab.state.storages.ceph;
    if (ceph) ceph.enabled = false;
    const task = await lab.run('DELETE', '/nodes/pve1/qemu/100');
    expect((await statusOf(task.upid)).data).toMatchObject({ status: 'stopped', exitstatus: 'WARNINGS: 1' });
    expect(lab.state.vms[100]).toBeUndefined();
    expect(await listed({ statusfilter: 'warning' })).toMatchObject([{ type: 'qmdestroy' }]);
    expect(await listed({ statusfilter: 'ok' })).toEqual([]);
    const { data } = await lab.get(`/nodes/pve1/tasks/${task.upid}/log`);
    expect(data).toMatchObject([
      { t: "WARN: Could not remove disk 'ceph:vm-100-disk-0', check manually: storage 'ceph' is disabled" },
      { t: 'TASK WARNINGS: 1' },
    ]);
  });

  it('is asked of the node that the UPID names, and unknown to the others', async () => {
    const task = await lab.run('POST', START);
    const { errors } = await lab.get(`/nodes/pve2/tasks/${task.upid}/status`);
    expect(errors).toEqual({ upid: 'no such task' });
  });

  it('is "unexpected status" when the worker was killed after it wrote something', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200 });
    lab.clock.advance(50);
    lab.simulator.world.tasks.kill(upid);
    expect((await statusOf(upid)).data).toMatchObject({ status: 'stopped', exitstatus: 'unexpected status' });
  });

  it('is "unable to read tail" when it was killed before it wrote anything', async () => {
    const { data: upid } = await lab.post(START);
    lab.simulator.world.tasks.kill(upid);
    expect((await statusOf(upid)).data.exitstatus).toBe('unable to read tail (got 0 bytes)');
  });

  it('of an unknown UPID, and of what is none, is 400', async () => {
    const unknown = await statusOf('UPID:pve1:0000AAAA:00049CD4:6B023A21:qmcreate:200:root@pam:');
    expect([unknown.status, unknown.errors]).toEqual([400, { upid: 'no such task' }]);
    expect((await statusOf('UPID:garbage')).errors).toEqual({ upid: 'unable to parse worker upid' });
  });
});

describe('(a) the log of a task', () => {
  it('is numbered lines with their total, the last of which is the end', async () => {
    const task = await lab.run('POST', '/nodes/pve1/qemu/9000/clone', { newid: 200, full: 1 });
    const { data, answer } = await lab.get(`/nodes/pve1/tasks/${task.upid}/log`);
    expect(data[0]).toEqual({ n: 1, t: 'create full clone of drive ide2 (ceph:vm-9000-cloudinit)' });
    expect(data.at(-1)).toEqual({ n: data.length, t: 'TASK OK' });
    expect(JSON.parse(answer.body).total).toBe(data.length);
  });

  it('is cut into pages', async () => {
    const task = await lab.run('POST', '/nodes/pve1/qemu/9000/clone', { newid: 200, full: 1 });
    const { data } = await lab.get(`/nodes/pve1/tasks/${task.upid}/log`, { start: 1, limit: 1 });
    expect(data).toMatchObject([{ n: 2 }]);
  });

  it('has 50 lines unless more are asked for, and all for a limit of 0', async () => {
    const task = await lab.run('POST', START);
    lab.task(task.upid).log.unshift(...Array.from({ length: 99 }, (_, index) => `line ${index}`));
    const count = async (form: Record<string, number>) =>
      (await lab.get(`/nodes/pve1/tasks/${task.upid}/log`, form)).data.length;
    expect([await count({}), await count({ limit: 70 }), await count({ limit: 0 })]).toEqual([50, 70, 100]);
  });

  it('of a failed task ends with its error', async () => {
    const task = await lab.run('POST', '/nodes/pve1/qemu/101/status/start');
    const { data } = await lab.get(`/nodes/pve1/tasks/${task.upid}/log`);
    expect(data).toEqual([{ n: 1, t: 'TASK ERROR: VM 101 already running' }]);
  });

  it('is one line "no content" as long as nothing is written', async () => {
    const { data: upid } = await lab.post(START);
    expect((await lab.get(`/nodes/pve1/tasks/${upid}/log`)).data).toEqual([{ n: 1, t: 'no content' }]);
  });
});

describe('(a) stopping a task', () => {
  it('lets a clone clean up: no VM, no volume, and the interruption as its end', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200, full: 1 });
    lab.clock.advance(500);
    expect(lab.state.vms[200]).toBeDefined();
    expect((await lab.delete(`/nodes/pve1/tasks/${upid}`)).data).toBeNull();
    expect(lab.finish(upid).exitstatus).toMatch(/^clone failed: .*interrupted by signal$/);
    expect(lab.state.vms[200]).toBeUndefined();
    expect((await lab.get('/nodes/pve1/storage/ceph/content', { vmid: 200 })).data).toEqual([]);
  });

  it('kills what does not end by itself after five seconds', async () => {
    lab.vm(101).guest.ignoresShutdown = true;
    delete lab.vm(101).guest.agentAfterMs;
    const { data: upid } = await lab.post('/nodes/pve1/qemu/101/status/shutdown');
    lab.clock.advance(1000);
    await lab.delete(`/nodes/pve1/tasks/${upid}`);
    expect((await statusOf(upid)).data.status).toBe('running');
    lab.clock.advance(5000);
    expect((await statusOf(upid)).data.exitstatus).toBe('unexpected status');
  });

  it('that has ended is no error', async () => {
    const task = await lab.run('POST', START);
    expect((await lab.delete(`/nodes/pve1/tasks/${task.upid}`)).status).toBe(200);
  });

  it('of somebody else needs Sys.Modify on the node', async () => {
    const { data: upid } = await lab.post(START);
    expect((await lab.delete(`/nodes/pve1/tasks/${upid}`, {}, OPERATOR)).reason).toBe(
      'Permission check failed (/nodes/pve1, Sys.Modify)',
    );
  });
});

describe('(a) who sees a task', () => {
  it('is its owner, without any right', async () => {
    const { data: upid } = await lab.post(START, {}, OPERATOR);
    expect((await statusOf(upid, OPERATOR)).status).toBe(200);
  });

  it('is also another token of its user, but nobody else without Sys.Audit', async () => {
    const { data: upid } = await lab.post(START, {}, OPERATOR);
    lab.finish(upid);
    expect(await listed({}, 'operator@pve!other')).toHaveLength(1);
    expect((await statusOf(upid, 'nobody@pve!none')).reason).toBe('Permission check failed (/nodes/pve1, Sys.Audit)');
    expect(await listed({}, 'nobody@pve!none')).toEqual([]);
    expect((await statusOf(upid, 'viewer@pve!ro')).status).toBe(200);
  });
});

describe('(a) the lists of tasks', () => {
  it('show ended tasks, with the exit status, unless the active ones are asked for', async () => {
    await lab.run('POST', START, {}, OPERATOR);
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200 }, OPERATOR);
    expect(await listed()).toMatchObject([{ type: 'qmstart', status: 'OK', user: 'operator@pve', tokenid: 'op' }]);
    const active = await listed({ source: 'active' });
    expect(active).toMatchObject([{ upid, status: 'RUNNING', user: OPERATOR }]);
    expect(active[0]).not.toHaveProperty('tokenid');
    expect(await listed({ source: 'all' })).toHaveLength(2);
  });

  it('have 50 lines unless more are asked for, the newest first', async () => {
    for (let count = 0; count < 60; count++) await lab.run('POST', '/nodes/pve1/qemu/100/status/stop');
    expect(await listed()).toHaveLength(50);
    const times = (await listed({ limit: 100 })).map(task => Number(task.starttime));
    expect(times).toEqual(times.toSorted((a, b) => b - a));
    expect(times).toHaveLength(60);
  });

  it('have a user apart from the token, but in the active one both together', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200 }, OPERATOR);
    const named = async () => (await listed({ source: 'all', userfilter: OPERATOR })).length;
    expect(await named()).toBe(1);
    lab.finish(upid);
    expect(await named()).toBe(0);
  });

  it('are filtered by VM, type, time and failure', async () => {
    await lab.run('POST', START);
    await lab.run('POST', '/nodes/pve1/qemu/101/status/start');
    lab.clock.advance(60_000);
    const since = Math.floor(lab.clock.now() / 1000);
    await lab.run('POST', '/nodes/pve1/qemu/100/status/stop');
    const types = async (form: Record<string, string | number>) => (await listed(form)).map(task => task.type);
    expect(await types({ vmid: 101 })).toEqual(['qmstart']);
    expect(await types({ typefilter: 'qmstop' })).toEqual(['qmstop']);
    expect(await types({ since })).toEqual(['qmstop']);
    expect((await listed({ errors: 1 })).map(task => task.id)).toEqual(['101']);
  });

  it('of the cluster show a token nothing of its own, but a user with Sys.Audit on / all', async () => {
    await lab.run('POST', START, {}, OPERATOR);
    expect((await lab.get('/cluster/tasks', {}, OPERATOR)).data).toEqual([]);
    expect((await lab.get('/cluster/tasks', {}, ROOT)).data).toHaveLength(1);
  });
});
