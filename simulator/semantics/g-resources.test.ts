import { beforeEach, describe, expect, it } from 'vitest';
import { Lab } from '../testing/lab.ts';

const ROUND_MS = 10_000;

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

async function line(vmid: number, who?: string): Promise<Record<string, unknown> | undefined> {
  const { data } = await lab.get('/cluster/resources', { type: 'vm' }, who);
  return (data as { vmid: number }[]).find(each => each.vmid === vmid);
}

describe('(g) /cluster/resources', () => {
  it('is filtered by vm, storage, node and sdn, and nothing else', async () => {
    const types = async (type: string) =>
      new Set(((await lab.get('/cluster/resources', { type })).data as { type: string }[]).map(each => each.type));
    expect(await types('vm')).toEqual(new Set(['qemu']));
    expect(await types('storage')).toEqual(new Set(['storage']));
    expect(await types('node')).toEqual(new Set(['node']));
    expect(await types('sdn')).toEqual(new Set(['sdn']));
    expect((await lab.get('/cluster/resources', { type: 'pool' })).status).toBe(400);
  });

  it('has all of a VM that is needed to list it', async () => {
    await lab.put('/pools', { poolid: 'team', vms: 101 });
    await lab.put('/nodes/pve1/qemu/101/config', { tags: 'web' });
    expect(await line(101)).toMatchObject({
      id: 'qemu/101',
      vmid: 101,
      type: 'qemu',
      node: 'pve1',
      pool: 'team',
      tags: 'web',
      name: 'on',
      status: 'running',
      template: 0,
      maxcpu: 1,
      maxmem: 1024 * 2 ** 20,
      maxdisk: 4 * 2 ** 30,
      disk: 0,
    });
    expect(await line(9000)).toMatchObject({ template: 1 });
  });

  it('has what only 9 tells: the memory that QEMU takes', async () => {
    expect(await line(101)).not.toHaveProperty('memhost');
    lab = new Lab(undefined, { release: '9.2' });
    expect(await line(101)).toHaveProperty('memhost');
  });

  it('shows only what VM.Audit lets see, and the pool only with Pool.Audit', async () => {
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    expect(await line(100, 'nobody@pve!none')).toBeUndefined();
    expect(await line(100, 'operator@pve!op')).not.toHaveProperty('pool');
    expect(await line(100, 'viewer@pve!ro')).toMatchObject({ pool: 'team' });
  });
});

describe('(g) what is fresh there', () => {
  it('is that a VM exists, where, in which pool, with which tags and lock', async () => {
    await lab.put('/nodes/pve1/qemu/100/config', { tags: 'new' });
    lab.vm(100).config.current.lock = 'backup';
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    lab.vm(100).node = 'pve2';
    expect(await line(100)).toMatchObject({ tags: 'new', lock: 'backup', pool: 'team', node: 'pve2' });
    await lab.run('DELETE', '/nodes/pve1/qemu/102');
    expect(await line(102)).toBeUndefined();
  });
});

describe('(g) what is stale there', () => {
  it('is the name and state of a new VM: unknown until the next round', async () => {
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, name: 'new' });
    expect(await line(200)).toEqual({ id: 'qemu/200', vmid: 200, node: 'pve1', type: 'qemu', status: 'unknown' });
    lab.clock.advance(ROUND_MS);
    expect(await line(200)).toMatchObject({ status: 'stopped', name: 'new' });
  });

  it('is that a VM was started, while status/current knows it at once', async () => {
    await lab.run('POST', '/nodes/pve1/qemu/100/status/start');
    expect(await line(100)).toMatchObject({ status: 'stopped' });
    expect((await lab.get('/nodes/pve1/qemu/100/status/current')).data.status).toBe('running');
    lab.clock.advance(ROUND_MS);
    expect(await line(100)).toMatchObject({ status: 'running' });
  });

  it('is a VM made anew under an old number: it has the name and state of the one before', async () => {
    await lab.run('POST', '/nodes/pve1/qemu/101/status/stop');
    await lab.run('DELETE', '/nodes/pve1/qemu/101');
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 101, name: 'again' });
    expect(await line(101)).toMatchObject({ name: 'on', status: 'running' });
    lab.clock.advance(ROUND_MS);
    expect(await line(101)).toMatchObject({ name: 'again', status: 'stopped' });
  });

  it('is all of a node that is silent, until it is unknown after five minutes', async () => {
    lab.vm(100).node = 'pve2';
    lab.clock.advance(ROUND_MS);
    if (lab.state.nodes.pve2) lab.state.nodes.pve2.reachable = false;
    lab.clock.advance(60_000);
    expect(await line(100)).toMatchObject({ name: 'off', status: 'stopped' });
    lab.clock.advance(300_000);
    expect(await line(100)).toMatchObject({ status: 'unknown' });
  });
});

describe('(g) the state of a VM', () => {
  it("is QEMU's own word there, and running or stopped with qmpstatus in status/current", async () => {
    await lab.run('POST', '/nodes/pve1/qemu/101/status/suspend');
    lab.clock.advance(ROUND_MS);
    expect(await line(101)).toMatchObject({ status: 'paused' });
    expect((await lab.get('/nodes/pve1/qemu/101/status/current')).data).toMatchObject({
      status: 'running',
      qmpstatus: 'paused',
    });
  });

  it('that is hibernated is stopped, with a lock', async () => {
    await lab.run('POST', '/nodes/pve1/qemu/101/status/suspend', { todisk: 1 });
    expect((await lab.get('/nodes/pve1/qemu/101/status/current')).data).toMatchObject({
      status: 'stopped',
      lock: 'suspended',
    });
    await lab.run('POST', '/nodes/pve1/qemu/101/status/resume');
    expect((await lab.get('/nodes/pve1/qemu/101/status/current')).data).toMatchObject({ status: 'running' });
  });

  it('has a name even where the VM has none', async () => {
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200 });
    expect((await lab.get('/nodes/pve1/qemu/200/status/current')).data.name).toBe('VM 200');
  });
});
