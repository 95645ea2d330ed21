import { beforeEach, describe, expect, it } from 'vitest';
import { authorizationOf, type Caller, type Form, Lab } from '../testing/lab.ts';

const OPERATOR = 'operator@pve!op';
const NOBODY = 'nobody@pve!none';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const config = async (vmid: number) => (await lab.get(vm(vmid, 'config'))).data;
const put = (vmid: number, form: Form, who?: Caller) => lab.put(vm(vmid, 'config'), form, who);
const grant = (path: string, roles: string, who: Form = { users: 'nobody@pve' }) =>
  lab.put('/access/acl', { path, roles, ...who });

describe('[flow E] fencing by taking the token away', () => {
  it('stops the next call of a disabled user as that of a deleted token', async () => {
    await lab.put('/access/users/operator@pve', { enable: 0 });
    expect((await lab.get('/version', {}, OPERATOR)).status).toBe(401);
    await lab.put('/access/users/operator@pve', { enable: 1 });
    expect((await lab.get('/version', {}, OPERATOR)).status).toBe(200);
  });

  it('does not stop a change that waits for the lock of the VM, nor one whose task is forked', async () => {
    const release = lab.simulator.world.locks.seize('/var/lock/qemu-server/lock-100.conf');
    const waiting = lab.send('PUT', vm(100, 'config'), { cores: 2 }, OPERATOR);
    lab.clock.advance(3000);
    await lab.delete('/access/users/operator@pve/token/op');
    release();
    expect((await lab.until(waiting)).status).toBe(200);
    expect((await config(100)).cores).toBe(2);
  });

  it('finds no token that is missing', async () => {
    const { reason } = await lab.get('/access/users/operator@pve/token/nope');
    expect(reason).toBe("no such token 'nope' for user 'operator@pve'");
  });

  it('is not in the power of the token itself', async () => {
    for (const [method, path] of [
      ['GET', '/access/users/operator@pve/token'],
      ['POST', '/access/users/operator@pve/token/new'],
      ['DELETE', '/access/users/operator@pve/token/op'],
    ] as const) {
      expect((await lab.call(method, path, {}, OPERATOR)).reason).toBe('Permission check failed');
    }
    // Sys.Audit lets every user be read, the own one included.
    expect((await lab.get('/access/users/viewer@pve', {}, 'viewer@pve!ro')).data.tokens).toHaveProperty('ro');
  });

  it('is with User.Modify on a group of the user, whose tokens it then makes and deletes, but not the user itself', async () => {
    lab.state.access.roles.Tokens = ['User.Modify'];
    await lab.post('/access/groups', { groupid: 'robots' });
    await lab.put('/access/users/operator@pve', { groups: 'robots' });
    await grant('/access/groups/robots', 'Tokens', { users: 'operator@pve' });
    const token = '/access/users/operator@pve/token';
    expect((await lab.get(token, {}, OPERATOR)).status).toBe(200);
    expect((await lab.post(`${token}/new`, { privsep: 0 }, OPERATOR)).status).toBe(200);
    expect((await lab.put(`${token}/new`, { expire: 1 }, OPERATOR)).status).toBe(200);
    expect((await lab.delete(`${token}/new`, {}, OPERATOR)).status).toBe(200);
  });
});

describe('[flow F] protection and digest', () => {
  it('prove that a VM is the same: one made anew under its number has another digest', async () => {
    const form = { vmid: 200, name: 'same', description: 'same', net0: 'virtio,bridge=vmbr0' };
    await lab.run('POST', '/nodes/pve1/qemu', form);
    const { digest } = await config(200);
    await lab.run('DELETE', '/nodes/pve1/qemu/200');
    await lab.run('POST', '/nodes/pve1/qemu', form);
    expect((await put(200, { protection: 0, digest })).reason).toBe('checksum mismatch (file change by other user?)');
  });

  it('keep a CD in its drive, but let it be taken out', async () => {
    await put(100, { sata1: 'local:iso/debian.iso,media=cdrom', protection: 1 });
    expect((await put(100, { delete: 'sata1' })).reason).toBe("can't remove drive 'sata1' - protection mode enabled");
    expect((await put(100, { sata1: 'none,media=cdrom' })).status).toBe(200);
  });

  it('do not hinder stop, rollback and the end of a snapshot', async () => {
    await lab.run('POST', vm(101, 'snapshot'), { snapname: 'one' });
    await put(101, { protection: 1 });
    for (const [method, path] of [
      ['POST', 'snapshot/one/rollback'],
      ['DELETE', 'snapshot/one'],
      ['POST', 'status/stop'],
    ] as const) {
      expect((await lab.run(method, vm(101, path))).exitstatus).toBe('OK');
      await put(101, { protection: 1 });
    }
  });

  it('do not keep a holder of Datastore.Allocate from destroying the disk: the VM then does not start', async () => {
    await put(102, { protection: 1 });
    await lab.run('DELETE', '/nodes/pve1/storage/local/content/local:102/vm-102-disk-0.raw');
    expect((await lab.run('POST', vm(102, 'status/start'))).exitstatus).toBe(
      "volume 'local:102/vm-102-disk-0.raw' does not exist",
    );
  });

  it('do not find that a bridge is missing while the VM is off', async () => {
    expect((await put(100, { net1: 'virtio,bridge=vmbr99' })).status).toBe(200);
  });
});

describe('[flow G] the least that the whole way of a VM needs', () => {
  const LEAST = [
    ...['VM.Clone', 'VM.Allocate', 'VM.Audit', 'VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Network'],
    ...['VM.Config.Disk', 'VM.Config.Options', 'VM.PowerMgmt', 'Datastore.AllocateSpace', 'SDN.Use'],
  ];

  /** The calls of the way, each with a task's end or a status; the first that fails ends it. */
  async function walk(privileges: string[]): Promise<string> {
    lab.state.access.roles.Least = privileges;
    await grant('/', 'Least');
    const steps: [string, string, string, Form][] = [
      ['clone', 'POST', vm(9000, 'clone'), { newid: 200, pool: 'team', name: 'web', description: 'mine' }],
      ['read', 'GET', vm(200, 'config'), {}],
      ['cpu', 'PUT', vm(200, 'config'), { cores: 2 }],
      ['memory', 'PUT', vm(200, 'config'), { memory: 2048 }],
      ['network', 'PUT', vm(200, 'config'), { net0: 'virtio,bridge=vmbr0', ipconfig0: 'ip=dhcp', ciuser: 'debian' }],
      ['options', 'PUT', vm(200, 'config'), { tags: 'web', onboot: 1, agent: 1, protection: 1 }],
      ['disks', 'PUT', vm(200, 'config'), { scsi1: 'ceph:1', boot: 'order=scsi0' }],
      ['resize', 'PUT', vm(200, 'resize'), { disk: 'scsi0', size: '10G' }],
      ['start', 'POST', vm(200, 'status/start'), {}],
      ['status', 'GET', vm(200, 'status/current'), {}],
      ['stop', 'POST', vm(200, 'status/stop'), {}],
      ['unprotect', 'PUT', vm(200, 'config'), { delete: 'protection' }],
      ['destroy', 'DELETE', '/nodes/pve1/qemu/200', { purge: 1, 'destroy-unreferenced-disks': 1 }],
    ];
    for (const [name, method, path, form] of steps) {
      const reply = await lab.call(method, path, form, NOBODY);
      if (reply.status !== 200) return name;
      if (typeof reply.data === 'string' && lab.finish(reply.data).exitstatus !== 'OK') return `${name} in its task`;
    }
    return 'all';
  }

  it('are eleven privileges on /', async () => {
    expect(await walk(LEAST)).toBe('all');
    expect(lab.state.vms[200]).toBeUndefined();
  });

  it.each([
    ['VM.Clone', 'clone'],
    ['VM.Allocate', 'clone'],
    ['VM.Audit', 'read'],
    ['VM.Config.CPU', 'cpu'],
    ['VM.Config.Memory', 'memory'],
    ['VM.Config.Network', 'network'],
    ['VM.Config.Disk', 'disks'],
    ['VM.Config.Options', 'options'],
    ['VM.PowerMgmt', 'start'],
    ['Datastore.AllocateSpace', 'clone'],
    ['SDN.Use', 'clone'],
  ])('without %s stop at: %s', async (privilege, step) => {
    expect(await walk(LEAST.filter(each => each !== privilege))).toBe(step);
  });

  it('may be given on a pool, the template, the storage and the zone instead; VMs of others stay out of reach', async () => {
    lab.state.access.roles.Team = LEAST.filter(each => each.startsWith('VM.') && each !== 'VM.Clone');
    for (const [path, role] of [
      ['/pool/team', 'Team'],
      ['/vms/9000', 'PVETemplateUser'],
      ['/storage/ceph', 'PVEDatastoreUser'],
      ['/sdn/zones/localnetwork', 'PVESDNUser'],
    ] as const) {
      await grant(path, role);
    }
    expect(await walk([])).toBe('all');
    const clone = await lab.run('POST', vm(9000, 'clone'), { newid: 201, pool: 'team' }, NOBODY);
    expect(clone.exitstatus).toBe('OK');
    expect((await put(201, { cores: 2, net0: 'virtio,bridge=vmbr0,tag=5' }, NOBODY)).status).toBe(200);
    expect((await lab.post(vm(9000, 'clone'), { newid: 202 }, NOBODY)).reason).toBe('Permission check failed');
    expect((await lab.get(vm(100, 'config'), {}, NOBODY)).status).toBe(403);
    expect((await lab.post(vm(100, 'status/stop'), {}, NOBODY)).status).toBe(403);
    expect((await lab.post(vm(9000, 'clone'), { newid: 100, pool: 'team' }, NOBODY)).status).toBe(500);
  });
});

describe('[flow L] a console by token', () => {
  const screen = async (who: string) => (await lab.post(vm(101, 'vncproxy'), { websocket: 1 }, who)).status;

  it('with privilege separation needs VM.Console of the user and of the token', async () => {
    lab.state.access.roles.Console = ['VM.Console'];
    const token = 'operator@pve!separate';
    expect(await screen(token)).toBe(403);
    await grant('/vms/101', 'Console', { tokens: token });
    expect(await screen(token)).toBe(403);
    await grant('/vms/101', 'Console', { users: 'operator@pve' });
    expect(await screen(token)).toBe(200);
    await lab.put('/access/acl', { path: '/vms/101', roles: 'Console', tokens: token, delete: 1 });
    expect(await screen(token)).toBe(403);
  });

  it('has the first eight characters of its ticket for a password', async () => {
    const { data } = await lab.post(vm(101, 'vncproxy'), { websocket: 1 });
    const query = { port: data.port, vncticket: data.ticket };
    const headers = { authorization: authorizationOf('root@pam!test'), upgrade: 'websocket' };
    const { answer } = await lab.get(vm(101, 'vncwebsocket'), query, headers);
    expect(answer.upgrade?.secret).toBe(data.ticket.slice(0, 8));
  });
});
