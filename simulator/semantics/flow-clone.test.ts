import { beforeEach, describe, expect, it } from 'vitest';
import type { Headers } from '../http/message.ts';
import { type Form, Lab } from '../testing/lab.ts';
import { labSeed } from '../testing/lab-seed.ts';

const OPERATOR = 'operator@pve!op';
const LOCKED = 'VM is locked (clone)';

let lab: Lab;

beforeEach(() => {
  lab = new Lab(labSeed, { durations: { copy: { ms: 100, msPerGiB: 10_000 } } });
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const config = async (vmid: number) => (await lab.get(vm(vmid, 'config'))).data;
const volumes = async (vmid: number, storage = 'ceph') =>
  ((await lab.get(`/nodes/pve1/storage/${storage}/content`, { vmid })).data as { volid: string }[]).map(
    ({ volid }) => volid,
  );

/** A full clone that goes on for a while. */
async function begin(newid: number, form: Form = {}, source = 9000): Promise<string> {
  const { data } = await lab.post(vm(source, 'clone'), { newid, full: 1, ...form }, OPERATOR);
  lab.clock.advance(1000);
  return data;
}

async function killedClone(newid: number): Promise<string> {
  const upid = await begin(newid, { pool: 'team', description: 'mine' });
  lab.simulator.world.tasks.kill(upid);
  return upid;
}

describe('[flow A] during a clone', () => {
  it('a change of the new VM waits ten seconds, and a second clone fails at once', async () => {
    lab = new Lab(labSeed, { durations: { copy: { ms: 20_000 } } });
    await begin(200);
    const put = await lab.put(vm(200, 'config'), { cores: 2 });
    expect([put.reason, put.ms]).toEqual([
      "can't lock file '/var/lock/qemu-server/lock-200.conf' - got timeout",
      10_000,
    ]);
    const again = await lab.post(vm(9000, 'clone'), { newid: 200 });
    expect([again.reason, again.ms]).toEqual(['unable to create VM 200: config file already exists', 0]);
  });

  it('a destroy waits for the lock, and can hit the clone that has just ended', async () => {
    const upid = await begin(200);
    lab.clock.advance(3000);
    const { data: destroy } = await lab.delete('/nodes/pve1/qemu/200');
    expect(lab.finish(upid).exitstatus).toBe('OK');
    expect(lab.finish(destroy).exitstatus).toBe('OK');
    expect(lab.state.vms[200]).toBeUndefined();
  });

  it('the new VM has no name yet, and in /cluster/resources neither name nor pool', async () => {
    await lab.post(vm(9001, 'clone'), { newid: 200, full: 1, pool: 'team', name: 'new' });
    lab.clock.advance(150);
    expect((await lab.get(vm(200, 'status/current'))).data).toMatchObject({ name: 'VM 200', lock: 'clone' });
    const { data } = await lab.get('/cluster/resources', { type: 'vm' });
    const line = data.find((each: { vmid: number }) => each.vmid === 200);
    expect(line).toMatchObject({ status: 'unknown', lock: 'clone' });
    expect(line).not.toHaveProperty('name');
    expect(line).not.toHaveProperty('pool');
  });

  it('a long description is taken, of several lines, and a name that is none is not', async () => {
    const description = `one\n${'x'.repeat(9000)}\nthree`;
    await lab.run('POST', vm(9000, 'clone'), { newid: 200, description });
    expect((await config(200)).description).toBe(description);
    expect((await lab.post(vm(9000, 'clone'), { newid: 201, name: 'a b' })).errors).toHaveProperty('name');
  });

  it('a template that is protected has protected clones', async () => {
    await lab.put(vm(9000, 'config'), { protection: 1 });
    await lab.run('POST', vm(9000, 'clone'), { newid: 200 });
    expect((await lab.delete('/nodes/pve1/qemu/200')).reason).toBe("can't remove VM 200 - protection mode enabled");
  });
});

describe('[flow B] a clone whose worker was killed', () => {
  it('leaves its configuration as it was, and its volumes, but no pool', async () => {
    const upid = await killedClone(200);
    expect(lab.task(upid).exitstatus).toBe('unexpected status');
    expect(await config(200)).toMatchObject({ lock: 'clone', description: 'mine' });
    expect(await volumes(200)).not.toEqual([]);
    expect(lab.state.pools.team?.vms).toEqual([]);
  });

  const unlocking: [string, Form, unknown][] = [
    ['lock', { delete: 'lock' }, { reason: "only root can set 'lock' config" }],
    ['lock', { lock: 'backup' }, { reason: "only root can set 'lock' config" }],
    ['skiplock', { cores: 2, skiplock: 1 }, { errors: { skiplock: 'Only root may use this option.' } }],
    ['anything', { cores: 2 }, { reason: LOCKED }],
  ];

  it.each(unlocking)('can have its %s changed by no token: %o', async (_what, form, answer) => {
    await killedClone(200);
    for (const who of [OPERATOR, 'root@pam!test']) {
      expect(await lab.put(vm(200, 'config'), form, who)).toMatchObject(answer as object);
    }
  });

  it.each([
    ['DELETE', '/nodes/pve1/qemu/200', { purge: 1, 'destroy-unreferenced-disks': 1 }, LOCKED],
    ['POST', vm(200, 'status/start'), {}, LOCKED],
    ['POST', vm(200, 'status/stop'), {}, 'OK'],
  ])('ends %s %s in the task', async (method, path, form, end) => {
    await killedClone(200);
    expect((await lab.run(method, path, form, OPERATOR)).exitstatus).toBe(end);
  });

  it.each([
    ['PUT', vm(200, 'unlink'), { idlist: 'scsi0' }, LOCKED],
    ['POST', vm(200, 'move_disk'), { disk: 'ide2', storage: 'local' }, LOCKED],
    ['POST', vm(200, 'template'), {}, LOCKED],
    ['POST', '/nodes/pve1/qemu', { vmid: 200 }, "unable to create VM 200 - VM 200 already exists on node 'pve1'"],
    ['POST', vm(9000, 'clone'), { newid: 200 }, 'unable to create VM 200: config file already exists'],
  ])('fails %s %s at once', async (method, path, form, reason) => {
    await killedClone(200);
    expect((await lab.call(method, path, form)).reason).toBe(reason);
  });

  describe('once root@pam has cleared it', () => {
    let root: Headers;
    beforeEach(async () => {
      root = await lab.login('root@pam', 'root-password');
      await killedClone(200);
    });

    it('by password, and only with skiplock', async () => {
      expect((await lab.put(vm(200, 'config'), { delete: 'lock' }, root)).reason).toBe(LOCKED);
      expect((await lab.put(vm(200, 'config'), { delete: 'lock', skiplock: 1 }, root)).status).toBe(200);
      expect((await lab.put(vm(200, 'config'), { cores: 2 }, OPERATOR)).status).toBe(200);
    });

    it('is destroyed by skiplock, too', async () => {
      expect((await lab.run('DELETE', '/nodes/pve1/qemu/200', { skiplock: 1 }, root)).exitstatus).toBe('OK');
    });

    it('keeps the disk that nothing names, unless it is destroyed with those; that one hinders no other VM', async () => {
      await lab.put(vm(200, 'config'), { delete: 'lock', skiplock: 1 }, root);
      await lab.run('DELETE', '/nodes/pve1/qemu/200', { purge: 1 }, OPERATOR);
      expect(await volumes(200)).toEqual(['ceph:vm-200-disk-0']);
      await lab.run('POST', vm(9000, 'clone'), { newid: 200, full: 1 }, OPERATOR);
      expect((await config(200)).scsi0).toBe('ceph:vm-200-disk-1,size=8G');
      await lab.run('DELETE', '/nodes/pve1/qemu/200', { 'destroy-unreferenced-disks': 1 }, OPERATOR);
      expect(await volumes(200)).toEqual([]);
    });
  });
});

describe('[flow C] other workers that were killed', () => {
  const kill = (upid: string, afterMs: number) => {
    lab.clock.advance(afterMs);
    lab.simulator.world.tasks.kill(upid);
  };

  it('a create leaves nothing but its lock: no name, no description, no pool', async () => {
    const form = { vmid: 200, name: 'new', description: 'mine', pool: 'team' };
    const { data } = await lab.post('/nodes/pve1/qemu', {
      ...form,
      scsi0: 'ceph:0,import-from=local:import/debian.qcow2',
    });
    kill(data, 500);
    expect(await config(200)).toEqual({ lock: 'create', digest: expect.any(String) });
    expect((await lab.run('DELETE', '/nodes/pve1/qemu/200')).exitstatus).toBe('VM is locked (create)');
    delete lab.vm(200).config.current.lock;
    await lab.run('DELETE', '/nodes/pve1/qemu/200', { 'destroy-unreferenced-disks': 1 });
    expect(await volumes(200)).toEqual([]);
  });

  it('a create that is stopped softly cleans up itself', async () => {
    const { data } = await lab.post('/nodes/pve1/qemu', {
      vmid: 200,
      scsi0: 'ceph:0,import-from=local:import/debian.qcow2',
    });
    lab.clock.advance(500);
    await lab.delete(`/nodes/pve1/tasks/${data}`);
    expect(lab.finish(data).exitstatus).toMatch(/interrupted by signal$/);
    expect([lab.state.vms[200], await volumes(200)]).toEqual([undefined, []]);
  });

  it('a snapshot with RAM leaves its lock, which fails even a stop; its snapshot goes by force only', async () => {
    const { data } = await lab.post(vm(101, 'snapshot'), { snapname: 'one', vmstate: 1 });
    kill(data, 400);
    expect((await config(101)).lock).toBe('snapshot');
    expect(lab.vm(101).run?.status).toBe('running');
    const LOCK = 'VM is locked (snapshot)';
    expect((await lab.put(vm(101, 'config'), { cores: 2 })).reason).toBe(LOCK);
    expect((await lab.run('POST', vm(101, 'status/stop'))).exitstatus).toBe(LOCK);
    expect((await lab.run('DELETE', vm(101, 'snapshot/one'))).exitstatus).toBe(LOCK);
    expect((await lab.run('DELETE', vm(101, 'snapshot/one'), { force: 1 })).exitstatus).toBe(LOCK);
    delete lab.vm(101).config.current.lock;
    expect((await lab.run('DELETE', vm(101, 'snapshot/one'), { force: 1 })).exitstatus).toBe('OK');
    expect((await lab.get(vm(101, 'snapshot'))).data).toHaveLength(1);
  });
});

describe('[flow D] after a lost answer', () => {
  it('the UPID is found by the source, never by the new VMID, which only the log names', async () => {
    const upid = await begin(230);
    const active = async (vmid: number) =>
      (await lab.get('/nodes/pve1/tasks', { source: 'active', vmid })).data.map((task: { upid: string }) => task.upid);
    expect([await active(9000), await active(230)]).toEqual([[upid], []]);
    const dir = await lab.run('POST', vm(102, 'clone'), { newid: 231, full: 1 });
    expect(dir.log.join('\n')).toContain('vm-231-disk-0');
  });

  it('running and ended tasks are found by type and time', async () => {
    const since = Math.floor(lab.clock.now() / 1000);
    const upid = await begin(230);
    const find = async (source: string) =>
      (await lab.get('/nodes/pve1/tasks', { source, since, typefilter: 'qmclone' })).data.length;
    expect([await find('active'), await find('archive'), await find('all')]).toEqual([1, 0, 1]);
    lab.finish(upid);
    expect([await find('active'), await find('archive'), await find('all')]).toEqual([0, 1, 1]);
  });
});
