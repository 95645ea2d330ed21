import { beforeEach, describe, expect, it } from 'vitest';
import { Lab, ROOT } from '../testing/lab.ts';

const CLONE = '/nodes/pve1/qemu/9000/clone';
const START = '/nodes/pve1/qemu/100/status/start';
const CONFIG = '/nodes/pve1/qemu/100/config';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const versions = async (count: number) => {
  const statuses: number[] = [];
  for (let call = 0; call < count; call++) statuses.push((await lab.get('/version')).status);
  return statuses;
};

describe('which calls a rule spoils', () => {
  it('are those of its method and path', async () => {
    lab.simulator.faults.add({
      what: 'answer',
      status: 500,
      reason: 'no',
      method: 'GET',
      path: '/nodes/*/qemu/{vmid}/config',
    });
    expect((await lab.get(CONFIG)).reason).toBe('no');
    expect((await lab.put(CONFIG, { cores: 2 })).status).toBe(200);
    expect((await lab.get('/nodes/pve1/qemu/100/pending')).status).toBe(200);
  });

  it('are all below a path that ends in two stars', async () => {
    lab.simulator.faults.add({ what: 'answer', status: 500, path: '/nodes/pve1/**' });
    expect((await lab.get(CONFIG)).status).toBe(500);
    expect((await lab.get('/nodes')).status).toBe(200);
  });

  it('are the n-th only', async () => {
    lab.simulator.faults.add({ what: 'answer', status: 500, path: '/version', nth: 2 });
    expect(await versions(3)).toEqual([200, 500, 200]);
  });

  it('are as many as it says', async () => {
    lab.simulator.faults.add({ what: 'answer', status: 500, path: '/version', times: 2 });
    expect(await versions(3)).toEqual([500, 500, 200]);
  });

  it('come by chance, the same ones in every run', async () => {
    const run = async () => {
      lab = new Lab();
      lab.simulator.faults.add({ what: 'answer', status: 500, path: '/version', probability: 0.5 });
      return versions(20);
    };
    const first = await run();
    expect(new Set(first)).toEqual(new Set([200, 500]));
    expect(await run()).toEqual(first);
  });

  it('are counted, and none any more once the rule is removed', async () => {
    const [id = ''] = lab.simulator.faults.add({ what: 'answer', status: 500, path: '/version', nth: 1 });
    await versions(2);
    expect(lab.simulator.faults.counts()[id]).toMatchObject({ seen: 2, spoiled: 1 });
    lab.simulator.faults.remove(id);
    expect(lab.simulator.faults.counts()).toEqual({});
  });

  it('are told apart from nonsense', () => {
    const rule = { what: 'answer', status: 5000 } as never;
    expect(() => lab.simulator.faults.add(rule)).toThrow(/the faults are not valid.*\n.*at \[0\]\.status/s);
  });
});

describe('the answer', () => {
  it('is lost before the call takes effect', async () => {
    lab.simulator.faults.add({ what: 'reset', path: CONFIG });
    expect((await lab.put(CONFIG, { cores: 8 })).answer.broken).toBe('reset');
    expect(lab.vm(100).config.current.cores).toBeUndefined();
  });

  it('is lost after the call took effect', async () => {
    lab.simulator.faults.add({ what: 'reset', path: CONFIG, when: 'after' });
    expect((await lab.put(CONFIG, { cores: 8 })).answer.broken).toBe('reset');
    expect(lab.vm(100).config.current.cores).toBe('8');
  });

  it('does not come because nobody listens', async () => {
    lab.simulator.faults.add({ what: 'refuse', path: CONFIG, when: 'after' });
    expect((await lab.put(CONFIG, { cores: 8 })).answer.broken).toBe('refused');
    expect(lab.vm(100).config.current.cores).toBeUndefined();
  });

  it('does not come for a long time, though the call took effect', async () => {
    lab.simulator.faults.add({ what: 'hang', ms: 30_000, path: CONFIG, when: 'after' });
    const pending = lab.send('PUT', CONFIG, { cores: 8 });
    lab.clock.advance(29_000);
    expect(lab.vm(100).config.current.cores).toBe('8');
    const { ms, answer } = await lab.until(pending);
    expect([ms, answer.broken]).toEqual([30_000, 'reset']);
  });

  it('comes late', async () => {
    lab.simulator.faults.add({ what: 'delay', ms: 7000, path: '/version' });
    expect(await lab.get('/version')).toMatchObject({ status: 200, ms: 7000 });
  });

  it('is another one, in the form that such answers have', async () => {
    lab.simulator.faults.add({ what: 'answer', status: 596, reason: 'Broken pipe', path: '/version' });
    lab.simulator.faults.add({ what: 'answer', status: 500, reason: 'VM is locked (backup)', path: CONFIG });
    expect((await lab.get('/version')).answer).toMatchObject({ status: 596, reason: 'Broken pipe', body: '' });
    expect(await lab.get(CONFIG)).toMatchObject({ status: 500, message: 'VM is locked (backup)\n' });
  });

  it('is an empty list', async () => {
    lab.simulator.faults.add({ what: 'emptied-list', path: '/cluster/resources' });
    expect((await lab.get('/cluster/resources')).data).toEqual([]);
  });

  it('is the one of the time before', async () => {
    lab.simulator.faults.add({ what: 'stale-read', path: CONFIG });
    const cores = async () => (await lab.get(CONFIG)).data.cores;
    await cores();
    await lab.put(CONFIG, { cores: 8 });
    expect(await cores()).toBeUndefined();
    expect(await cores()).toBe(8);
  });
});

describe('the task of a call', () => {
  it('fails before it has done anything', async () => {
    lab.simulator.faults.add({ what: 'task-error', message: 'no luck', path: CLONE });
    const task = await lab.run('POST', CLONE, { newid: 200 });
    expect([task.exitstatus, lab.state.vms[200]]).toEqual(['no luck', undefined]);
  });

  it('fails though it has done its work', async () => {
    lab.simulator.faults.add({ what: 'task-error', path: CLONE, when: 'after' });
    const task = await lab.run('POST', CLONE, { newid: 200 });
    expect([task.exitstatus, lab.vm(200).config.current.lock]).toEqual(['simulated failure', undefined]);
  });

  it('never ends, until it is stopped', async () => {
    lab.simulator.faults.add({ what: 'task-never-ends', path: START, when: 'after' });
    const { data: upid } = await lab.post(START);
    lab.clock.advance(86_400_000);
    expect(lab.vm(100).run?.status).toBe('running');
    expect((await lab.get(`/nodes/pve1/tasks/${upid}/status`)).data.status).toBe('running');
    await lab.delete(`/nodes/pve1/tasks/${upid}`);
    expect(lab.finish(upid).exitstatus).toBe('received interrupt');
  });

  it('is killed at its work, and leaves a locked VM', async () => {
    lab.simulator.faults.add({ what: 'kill-worker', afterMs: 100, path: CLONE });
    const task = await lab.run('POST', CLONE, { newid: 200 });
    expect(task.exitstatus).toBe('unexpected status');
    expect(lab.vm(200).config.current.lock).toBe('clone');
    expect((await lab.put('/nodes/pve1/qemu/200/config', { cores: 1 })).reason).toBe('VM is locked (clone)');
  });
});

describe('what happens to the cluster', () => {
  it('is that a node loses power: its workers die, its VMs stop, and it comes back', async () => {
    lab.simulator.faults.add({ what: 'node-down', node: 'pve1', forMs: 60_000, path: CLONE, when: 'after' });
    const reply = await lab.post(CLONE, { newid: 200 });
    expect(lab.task(reply.data).exitstatus).toBe('unable to read tail (got 0 bytes)');
    expect(lab.vm(101).run).toBeUndefined();
    expect((await lab.get('/version')).answer.broken).toBe('refused');
    lab.clock.advance(60_000);
    expect((await lab.get('/version')).status).toBe(200);
  });

  it('starts the VMs with onboot when the node is back', async () => {
    await lab.put(CONFIG, { onboot: 1 });
    lab.simulator.faults.add({ what: 'node-down', forMs: 1000, path: '/version' });
    await lab.get('/version');
    lab.clock.advance(10_000);
    expect([lab.vm(100).run?.status, lab.vm(101).run]).toEqual(['running', undefined]);
  });

  it('is that another node cannot be reached, while its VMs go on', async () => {
    lab.simulator.faults.add({ what: 'node-unreachable', node: 'pve2', path: '/version' });
    await lab.get('/version');
    const reply = await lab.get('/nodes/pve2/status');
    expect([reply.status, reply.reason, reply.ms]).toEqual([595, 'No route to host', 3000]);
  });

  it('is that a node dies with a call at work on it: its proxy says 596', async () => {
    const release = lab.simulator.world.locks.seize('/var/lock/qemu-server/lock-103.conf');
    lab.state.vms[103] = { ...structuredClone(lab.vm(100)), vmid: 103, node: 'pve2' };
    lab.simulator.faults.add({ what: 'delay', ms: 2000, path: '/version' });
    const pending = lab.send('PUT', '/nodes/pve2/qemu/103/config', { cores: 4 });
    lab.clock.advance(1000);
    lab.simulator.faults.add({ what: 'node-down', node: 'pve2', path: '/version' });
    await lab.get('/version');
    release();
    expect(await lab.until(pending)).toMatchObject({ status: 596, reason: 'Connection reset by peer' });
    expect(lab.vm(103).config.current.cores).toBeUndefined();
  });

  it('is that pvedaemon is restarted [flow J]: a clone cleans up, a waiting call is lost, others are refused', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200, full: 1 });
    lab.clock.advance(100);
    const release = lab.simulator.world.locks.seize('/var/lock/qemu-server/lock-102.conf');
    const waiting = lab.send('PUT', '/nodes/pve1/qemu/102/config', { cores: 2 });
    lab.simulator.faults.add({ what: 'daemon-restarts', path: '/version' });
    await lab.get('/version');
    expect(await lab.until(waiting)).toMatchObject({ status: 596, reason: 'Connection reset by peer' });
    expect(await lab.put(CONFIG, { cores: 2 })).toMatchObject({ status: 595, reason: 'Connection refused' });
    expect((await lab.get(CONFIG)).status).toBe(200);
    expect(lab.finish(upid).exitstatus).toMatch(/^clone failed: .*interrupted by signal$/);
    expect(lab.state.vms[200]).toBeUndefined();
    release();
    lab.clock.advance(4000);
    expect((await lab.put(CONFIG, { cores: 2 })).status).toBe(200);
    expect(lab.vm(102).config.current.cores).toBeUndefined();
  });

  it('is that quorum is lost: what writes fails, what reads does not', async () => {
    lab.simulator.faults.add({ what: 'quorum-lost', forMs: 60_000, path: '/version' });
    await lab.get('/version');
    expect((await lab.post(CLONE, { newid: 200 })).reason).toBe('cluster not ready - no quorum?');
    expect((await lab.put(CONFIG, { cores: 2 })).reason).toMatch(/^unable to open file '.*' - Permission denied$/);
    const pool = await lab.post('/pools', { poolid: 'new' });
    expect([pool.reason, pool.ms]).toEqual(["create pool failed: cfs-lock 'file-user_cfg' error: no quorum!", 10_000]);
    expect((await lab.get(CONFIG)).status).toBe(200);
    lab.clock.advance(60_000);
    expect((await lab.put(CONFIG, { cores: 2 })).status).toBe(200);
  });

  it('is that somebody holds the lock of the VM', async () => {
    lab.simulator.faults.add({ what: 'lock-timeout', path: CONFIG, times: 1 });
    const reply = await lab.put(CONFIG, { cores: 2 });
    expect(reply.reason).toBe("can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout");
    expect(reply.ms).toBe(10_000);
    lab.clock.advance(20_000);
    expect((await lab.put(CONFIG, { cores: 2 })).status).toBe(200);
  });

  it('is that what nodes tell each other is lost', async () => {
    lab.simulator.faults.add({ what: 'broadcasts-lost', path: '/version' });
    await lab.get('/version');
    await lab.run('POST', START);
    lab.clock.advance(30_000);
    const { data } = await lab.get('/cluster/resources', { type: 'vm' });
    expect(data.find((line: { vmid: number }) => line.vmid === 100).status).toBe('stopped');
  });

  it('is that a stranger takes the number that a clone asks for', async () => {
    lab.simulator.faults.add({ what: 'stranger-takes-vmid', path: CLONE });
    const reply = await lab.post(CLONE, { newid: 200 });
    expect(reply.reason).toBe('unable to create VM 200: config file already exists');
    expect(lab.vm(200).config.current.name).toBe('stranger');
  });

  it('is that a stranger has the number of a VM that was there', async () => {
    const before = (await lab.get(CONFIG)).data;
    lab.simulator.faults.add({ what: 'stranger-takes-vmid', path: CONFIG });
    const after = (await lab.get(CONFIG)).data;
    expect(after.name).toBe('stranger');
    expect(after.smbios1).not.toBe(before.smbios1);
    expect(after.digest).not.toBe(before.digest);
  });

  it('is that the VM is gone, with its disks', async () => {
    lab.simulator.faults.add({ what: 'vm-vanishes', path: CONFIG });
    expect((await lab.get(CONFIG)).reason).toMatch(/does not exist$/);
    expect((await lab.get('/nodes/pve1/storage/ceph/content', { vmid: 100 })).data).toEqual([]);
  });

  it('is that the VM has moved', async () => {
    lab.simulator.faults.add({ what: 'vm-moves', path: CONFIG });
    expect((await lab.get(CONFIG)).status).toBe(500);
    expect((await lab.get('/nodes/pve2/qemu/100/config')).status).toBe(200);
  });

  it('is that somebody edits the VM: its digest is another one', async () => {
    const { digest } = (await lab.get(CONFIG)).data;
    lab.simulator.faults.add({ what: 'config-edited', set: { onboot: '1' }, path: CONFIG });
    expect((await lab.put(CONFIG, { cores: 2, digest })).reason).toBe('checksum mismatch (file change by other user?)');
  });
});

describe('the request log', () => {
  it('tells what was asked and answered, without secrets', async () => {
    await lab.get(CONFIG);
    await lab.get('/nope');
    expect(lab.simulator.requests.recent()).toMatchObject([
      { method: 'GET', target: `/api2/json${CONFIG}`, authid: ROOT, status: 200 },
      { target: '/api2/json/nope', status: 501, reason: "Method 'GET /nope' not implemented" },
    ]);
    expect(JSON.stringify(lab.simulator.requests.recent())).not.toContain('secret');
  });

  it('keeps the last thousand requests, and counts all by route and status', async () => {
    await versions(1001);
    await lab.get('/nodes/pve1/qemu/999/config');
    expect(lab.simulator.requests.recent()).toHaveLength(1000);
    expect(lab.simulator.requests.counts()).toMatchObject({
      'GET /version': { calls: 1001, statuses: { 200: 1001 } },
      'GET /nodes/{node}/qemu/{vmid}/config': { calls: 1, statuses: { 500: 1 } },
    });
  });
});
