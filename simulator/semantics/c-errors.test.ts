import { beforeEach, describe, expect, it } from 'vitest';
import { Lab } from '../testing/lab.ts';
import { labSeed } from '../testing/lab-seed.ts';

const MISSING = "Configuration file 'nodes/pve1/qemu-server/999.conf' does not exist";
const CANNOT_LOCK = "can't lock file '/var/lock/qemu-server/lock-100.conf' - got timeout";

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const lock = (vmid: number, name: string) => {
  lab.vm(vmid).config.current.lock = name;
};

describe('(c) a failure', () => {
  it('has its text in the status line and in the body', async () => {
    const { status, reason, answer } = await lab.get(vm(999, 'config'));
    expect([status, reason]).toEqual([500, MISSING]);
    expect(JSON.parse(answer.body)).toEqual({ data: null, message: `${MISSING}\n` });
  });

  it('in a parameter is 400 with a text for each', async () => {
    const { status, reason, errors } = await lab.put(vm(100, 'config'), { cores: 'many', nope: 1 });
    expect([status, reason]).toEqual([400, 'Parameter verification failed.']);
    expect(errors).toEqual({
      cores: "type check ('integer') failed - got 'many'",
      nope: 'property is not defined in schema and the schema does not allow additional properties',
    });
  });

  it('below /api2/extjs is 200 with the status in the body', async () => {
    const answer = await lab.simulator.handle({
      method: 'GET',
      target: '/api2/extjs/nodes/pve1/qemu/999/config',
      headers: { authorization: 'PVEAPIToken=root@pam!test=secret-of-root@pam!test' },
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({ success: 0, status: 500, message: `${MISSING}\n` });
  });

  it('of a route that is none is 501', async () => {
    expect((await lab.get('/nope')).reason).toBe("Method 'GET /nope' not implemented");
    expect((await lab.put('/version')).status).toBe(501);
  });

  it('of a right comes before that of a parameter, and both before that of a VM that is not there', async () => {
    const nobody = 'nobody@pve!none';
    expect((await lab.put(vm(999, 'config'), { cores: 'x' }, nobody)).status).toBe(403);
    expect((await lab.put(vm(999, 'config'), { cores: 'x' })).status).toBe(400);
    expect((await lab.put(vm(999, 'config'), { cores: 1 })).status).toBe(500);
  });
});

describe('(c) a VM that is not there', () => {
  it('or lives on another node is 500, never 404', async () => {
    expect((await lab.get('/nodes/pve2/qemu/100/config')).reason).toBe(
      "Configuration file 'nodes/pve2/qemu-server/100.conf' does not exist",
    );
    expect((await lab.delete('/nodes/pve1/qemu/999')).reason).toBe(MISSING);
  });

  it('cannot be told from one that may not be seen', async () => {
    const nobody = 'nobody@pve!none';
    const { reason } = await lab.get(vm(999, 'config'), {}, nobody);
    expect(reason).toBe('Permission check failed (/vms/999, VM.Audit)');
    expect((await lab.get(vm(100, 'config'), {}, nobody)).reason).toBe('Permission check failed (/vms/100, VM.Audit)');
  });

  it.each(['start', 'stop', 'shutdown'])('makes the task of %s fail', async action => {
    const { exitstatus } = await lab.run('POST', vm(999, `status/${action}`));
    expect(exitstatus).toMatch(/does not exist$|^unable to find configuration file for VM 999 on node 'pve1'$/);
  });
});

describe('(c) a node', () => {
  it('that is unknown is 500', async () => {
    expect((await lab.get('/nodes/nosuch/status')).reason).toMatch(/^hostname lookup 'nosuch' failed - /);
  });

  it('that cannot be reached is 595 after three seconds, without a body', async () => {
    if (lab.state.nodes.pve2) lab.state.nodes.pve2.reachable = false;
    const { status, reason, ms, answer } = await lab.get('/nodes/pve2/status');
    expect([status, reason, ms, answer.body]).toEqual([595, 'No route to host', 3000, '']);
  });
});

describe('(c) a VMID that is taken', () => {
  it('fails a create at once, wherever it is', async () => {
    lab.state.containers[300] = { vmid: 300, node: 'pve2', name: 'box' };
    lab.vm(102).node = 'pve2';
    const create = async (vmid: number) => (await lab.post('/nodes/pve1/qemu', { vmid })).reason;
    expect(await create(100)).toBe("unable to create VM 100 - VM 100 already exists on node 'pve1'");
    expect(await create(102)).toBe("unable to create VM 102 - VM 102 already exists on node 'pve2'");
    expect(await create(300)).toBe("unable to create VM 300 - CT 300 already exists on node 'pve2'");
  });

  it('fails a clone at once on the same node, and on another only in the task', async () => {
    const { reason } = await lab.post(vm(9000, 'clone'), { newid: 100 });
    expect(reason).toBe('unable to create VM 100: config file already exists');
    lab.vm(102).node = 'pve2';
    const { exitstatus } = await lab.run('POST', vm(9000, 'clone'), { newid: 102 });
    expect(exitstatus).toMatch(/close \(rename\) atomic file '.*102\.conf' failed: File exists$/);
  });

  it('is 400 for nextid', async () => {
    expect((await lab.get('/cluster/nextid', { vmid: 100 })).errors).toEqual({ vmid: 'VM 100 already exists' });
  });
});

describe('(c) a lock in the configuration', () => {
  beforeEach(() => lock(100, 'backup'));

  it.each([
    ['PUT', vm(100, 'config'), { cores: 2 }],
    ['POST', vm(100, 'config'), { cores: 2 }],
    ['POST', vm(100, 'clone'), { newid: 200 }],
    ['POST', vm(100, 'move_disk'), { disk: 'scsi0', storage: 'local' }],
    ['POST', vm(100, 'template'), {}],
    ['POST', vm(100, 'migrate'), { target: 'pve2' }],
    ['PUT', vm(100, 'cloudinit'), {}],
  ])('fails %s %s at once', async (method, path, form) => {
    expect(await lab.call(method, path, form)).toMatchObject({ status: 500, reason: 'VM is locked (backup)' });
  });

  it.each([
    ['PUT', vm(100, 'resize'), { disk: 'scsi0', size: '8G' }],
    ['POST', vm(100, 'snapshot'), { snapname: 'one' }],
    ['POST', vm(100, 'status/start'), {}],
    ['DELETE', vm(100, '').slice(0, -1), {}],
  ])('fails %s %s in the task', async (method, path, form) => {
    expect((await lab.run(method, path, form)).exitstatus).toBe('VM is locked (backup)');
  });

  it.each(['stop', 'shutdown', 'reset'])(
    'fails %s of a running VM in the task, and leaves it running',
    async action => {
      lock(101, 'backup');
      expect((await lab.run('POST', vm(101, `status/${action}`))).exitstatus).toBe('VM is locked (backup)');
      expect(lab.vm(101).run?.status).toBe('running');
    },
  );

  it('does not fail a stop of a VM that is off, nor a pause', async () => {
    lock(101, 'backup');
    expect((await lab.run('POST', vm(100, 'status/stop'))).exitstatus).toBe('OK');
    expect((await lab.run('POST', vm(101, 'status/suspend'))).exitstatus).toBe('OK');
  });

  it('is nothing that a token can take away, not even that of root', async () => {
    for (const who of ['operator@pve!op', 'root@pam!test']) {
      const { reason } = await lab.put(vm(100, 'config'), { delete: 'lock' }, who);
      expect(reason).toBe("only root can set 'lock' config");
      const skipping = await lab.put(vm(100, 'config'), { delete: 'lock', skiplock: 1 }, who);
      expect(skipping.errors).toEqual({ skiplock: 'Only root may use this option.' });
    }
  });
});

describe('(c) the lock of the configuration file', () => {
  const hold = (vmid = 100) => lab.simulator.world.locks.seize(`/var/lock/qemu-server/lock-${vmid}.conf`);

  it('is waited for by PUT config for 10 s', async () => {
    hold();
    const { reason, ms } = await lab.put(vm(100, 'config'), { cores: 2 });
    expect([reason, ms]).toEqual([CANNOT_LOCK, 10_000]);
  });

  it('is waited for by a create for 5 s', async () => {
    hold(200);
    const { reason, ms } = await lab.post('/nodes/pve1/qemu', { vmid: 200 });
    expect(ms).toBe(5000);
    expect(reason).toMatch(/^unable to create VM 200 - can't lock file .*lock-200\.conf' - got timeout$/);
  });

  it('is waited for by a clone for 1 s, of the source and of the new VM', async () => {
    for (const vmid of [9000, 200]) {
      const release = hold(vmid);
      const started = lab.clock.now();
      const { exitstatus } = await lab.run('POST', vm(9000, 'clone'), { newid: 200 });
      expect(exitstatus).toMatch(`can't lock file '/var/lock/qemu-server/lock-${vmid}.conf' - got timeout`);
      expect(lab.clock.now() - started).toBe(1000);
      release();
    }
  });

  it('comes to who waits when it is free, and the log tells so', async () => {
    const release = hold();
    const { data: upid } = await lab.post(vm(100, 'status/start'));
    lab.clock.advance(4000);
    release();
    const task = lab.finish(upid);
    expect([task.exitstatus, task.log[0], task.log[1]]).toEqual(['OK', 'trying to acquire lock...', ' OK']);
  });
});

describe('(c) a digest that is old', () => {
  const OLD = 'a'.repeat(40);

  it('fails a change of the configuration at once', async () => {
    for (const method of ['PUT', 'POST']) {
      const { reason } = await lab.call(method, vm(100, 'config'), { cores: 2, digest: OLD });
      expect(reason).toBe('checksum mismatch (file change by other user?)');
    }
  });

  it('fails a resize in its task', async () => {
    const { exitstatus } = await lab.run('PUT', vm(100, 'resize'), { disk: 'scsi0', size: '8G', digest: OLD });
    expect(exitstatus).toBe('checksum mismatch (file change by other user?)');
  });

  it('fails a move of a disk at once, in other words', async () => {
    const { reason } = await lab.post(vm(100, 'move_disk'), { disk: 'scsi0', storage: 'local', digest: OLD });
    expect(reason).toBe('detected modified configuration - file changed by other user? Try again.');
  });

  it.each([
    ['POST', '/nodes/pve1/qemu', { vmid: 200 }],
    ['POST', vm(9000, 'clone'), { newid: 200 }],
    ['DELETE', vm(100, '').slice(0, -1), {}],
    ['POST', vm(100, 'status/start'), {}],
  ])('is no parameter of %s %s', async (method, path, form) => {
    expect((await lab.call(method, path, { ...form, digest: OLD })).errors).toHaveProperty('digest');
  });

  it('is of all that the file says: pending changes and snapshots too', async () => {
    const digest = async () => (await lab.get(vm(101, 'config'))).data.digest;
    const first = await digest();
    await lab.put(vm(101, 'config'), { cores: 4 });
    const second = await digest();
    await lab.run('POST', vm(101, 'snapshot'), { snapname: 'one' });
    expect(new Set([first, second, await digest()]).size).toBe(3);
  });
});

describe('(c) other refusals at once', () => {
  it('protection keeps a VM from being destroyed', async () => {
    await lab.put(vm(100, 'config'), { protection: 1 });
    const { reason } = await lab.delete('/nodes/pve1/qemu/100');
    expect(reason).toBe("can't remove VM 100 - protection mode enabled");
  });

  it('a running VM cannot be destroyed, nor made a template, nor moved without online', async () => {
    expect((await lab.delete('/nodes/pve1/qemu/101')).reason).toBe('VM 101 is running - destroy failed');
    expect((await lab.post(vm(101, 'template'))).reason).toBe("you can't convert a VM to template if VM is running");
    expect((await lab.post(vm(101, 'migrate'), { target: 'pve2' })).reason).toBe(
      "can't migrate running VM without --online",
    );
  });

  it('a VM of HA is only destroyed with purge', async () => {
    await lab.post('/cluster/ha/resources', { sid: 'vm:100' });
    expect((await lab.delete('/nodes/pve1/qemu/100')).reason).toBe(
      'unable to remove VM 100 - used in HA resources and purge parameter not set.',
    );
    expect((await lab.run('DELETE', '/nodes/pve1/qemu/100', { purge: 1 })).exitstatus).toBe('OK');
  });

  it('a VM with snapshots does not become a template', async () => {
    await lab.run('POST', vm(100, 'snapshot'), { snapname: 'one' });
    expect((await lab.post(vm(100, 'template'))).reason).toBe(
      'unable to create template, because VM contains snapshots',
    );
  });

  it('a storage that is disabled takes no disk', async () => {
    const { ceph } = lab.state.storages;
    if (ceph) ceph.enabled = false;
    const { reason } = await lab.put(vm(100, 'config'), { scsi1: 'ceph:1' });
    expect(reason).toBe("storage 'ceph' is disabled");
  });

  it('a cluster without quorum takes no VM and no pool', async () => {
    lab.state.cluster.quorate = false;
    expect((await lab.post('/nodes/pve1/qemu', { vmid: 200 })).reason).toBe('cluster not ready - no quorum?');
    expect((await lab.post('/pools', { poolid: 'new' })).reason).toMatch(/no quorum!$/);
  });

  it('a change of nothing is none', async () => {
    expect((await lab.put(vm(100, 'config'))).reason).toBe('no options specified');
  });

  it('a pool that is not there is 403 for create and clone, and 500 for pools', async () => {
    const expected = "Permission check failed (pool 'none' does not exist)";
    expect((await lab.post('/nodes/pve1/qemu', { vmid: 200, pool: 'none' })).reason).toBe(expected);
    expect((await lab.post(vm(9000, 'clone'), { newid: 200, pool: 'none' })).reason).toBe(expected);
    expect((await lab.put('/pools', { poolid: 'none', vms: 100 })).reason).toBe(
      "update pools failed: pool 'none' does not exist",
    );
  });
});

describe('(c) refusals in the task only', () => {
  const resize = async (vmid: number, form: Record<string, string>) =>
    (await lab.run('PUT', vm(vmid, 'resize'), form)).exitstatus;

  it('those of resize', async () => {
    expect(await resize(100, { disk: 'scsi1', size: '8G' })).toBe("disk 'scsi1' does not exist");
    expect(await resize(100, { disk: 'scsi0', size: '1G' })).toBe('shrinking disks is not supported');
    expect(await resize(9000, { disk: 'ide2', size: '8G' })).toBe("you can't resize a cdrom");
  });

  it('those of snapshots', async () => {
    await lab.run('POST', vm(100, 'snapshot'), { snapname: 'one' });
    expect((await lab.run('POST', vm(100, 'snapshot'), { snapname: 'one' })).exitstatus).toBe(
      "snapshot name 'one' already used",
    );
    expect((await lab.run('POST', vm(102, 'snapshot'), { snapname: 'one' })).exitstatus).toBe(
      'snapshot feature is not available',
    );
  });

  it('a template does not start', async () => {
    expect((await lab.run('POST', vm(9000, 'status/start'))).exitstatus).toBe(
      "you can't start a vm if it's a template",
    );
  });

  it('a template with linked clones is not destroyed', async () => {
    await lab.run('POST', vm(9000, 'clone'), { newid: 200 });
    expect((await lab.run('DELETE', '/nodes/pve1/qemu/9000')).exitstatus).toMatch(
      /^base volume '.*' is still in use by linked cloned$/,
    );
    expect(lab.state.vms[9000]).toBeDefined();
  });
});

describe('(c) a storage that is full', () => {
  it('fails a copy in the task, and what was made is gone', async () => {
    const ceph = lab.state.storages.ceph;
    const place = ceph?.places.shared;
    if (ceph && place) place.foreignBytes = ceph.size;
    const { exitstatus } = await lab.run('POST', vm(9000, 'clone'), { newid: 200, full: 1 });
    expect(exitstatus).toMatch(/^clone failed: /);
    expect(lab.state.vms[200]).toBeUndefined();
    expect((await lab.get('/nodes/pve1/storage/ceph/content', { vmid: 200 })).data).toEqual([]);
  });

  it('fails a new disk on thick storage, and the VMID is free again', async () => {
    lab = new Lab({
      nodes: [{ name: 'pve1' }],
      storages: [{ id: 'lvm', type: 'lvm', sizeGiB: 10 }],
      users: [{ id: 'root@pam', tokens: [{ id: 'test', secret: 'secret-of-root@pam!test' }] }],
    });
    const { exitstatus } = await lab.run('POST', '/nodes/pve1/qemu', { vmid: 100, scsi0: 'lvm:20' });
    expect(exitstatus).toMatch(/^unable to create VM 100 - .*not enough free space \(\d+ < \d+\)$/);
    expect(lab.state.vms).toEqual({});
  });

  it('fails a new disk on ZFS in its own words', async () => {
    lab = new Lab({
      ...labSeed,
      storages: [...(labSeed.storages ?? []), { id: 'tank', type: 'zfspool', sizeGiB: 10 }],
    });
    const { exitstatus } = await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, scsi0: 'tank:20' });
    expect(exitstatus).toMatch(/^unable to create VM 200 - zfs error: cannot create '.*': out of space$/);
  });

  it('does not hinder a new disk on thin storage', async () => {
    expect((await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, scsi0: 'ceph:99999' })).exitstatus).toBe('OK');
  });
});
