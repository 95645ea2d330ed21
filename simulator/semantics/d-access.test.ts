import { beforeEach, describe, expect, it } from 'vitest';
import type { Headers } from '../http/message.ts';
import { authorizationOf, Lab, labSecret } from '../testing/lab.ts';

const OPERATOR = 'operator@pve!op';
const NOBODY = 'nobody@pve!none';
const TEAM = '/nodes/pve1/qemu/100/config';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

const version = (headers: Headers) => lab.get('/version', {}, headers);
const grant = (path: string, role: string, who: Record<string, string> = { users: 'nobody@pve' }) =>
  lab.put('/access/acl', { path, roles: role, ...who });

async function login(username = 'operator@pve', password = 'operator-password') {
  const { data } = await lab.post('/access/ticket', { username, password }, {});
  const cookie = `PVEAuthCookie=${encodeURIComponent(data.ticket)}`;
  return { ticket: data.ticket as string, cookie, csrf: data.CSRFPreventionToken as string, data };
}

describe('(d) an API token', () => {
  it('stands in the Authorization header, after an equals sign or a space', async () => {
    const value = `${OPERATOR}=${labSecret(OPERATOR)}`;
    expect((await version({ authorization: `PVEAPIToken=${value}` })).status).toBe(200);
    expect((await version({ authorization: `PVEAPIToken ${value}` })).status).toBe(200);
  });

  it.each([
    ['with a wrong secret', `PVEAPIToken=${OPERATOR}=wrong`],
    ['that is unknown', 'PVEAPIToken=operator@pve!nope=x'],
    ['of an unknown user', 'PVEAPIToken=ghost@pve!op=x'],
    ['that has expired', authorizationOf('operator@pve!expired')],
    ['of a disabled user', authorizationOf('disabled@pve!off')],
  ])('%s is 401 after three seconds, without a body', async (_what, authorization) => {
    const { status, reason, ms, answer } = await version({ authorization });
    expect([status, reason, ms, answer.body]).toEqual([401, 'Authentication failed!', 3000, '']);
  });

  it('needs no CSRF token', async () => {
    expect((await lab.put(TEAM, { cores: 2 }, OPERATOR)).status).toBe(200);
  });

  it('is worthless from the moment it is deleted', async () => {
    await lab.delete('/access/users/operator@pve/token/op');
    expect((await version({ authorization: authorizationOf(OPERATOR) })).status).toBe(401);
    const made = await lab.post('/access/users/operator@pve/token/op');
    expect(made.data.value).not.toBe(labSecret(OPERATOR));
  });

  it('is told when it is made, its options as they were sent: forms have texts alone', async () => {
    const path = '/access/users/operator@pve/token';
    const { data } = await lab.post(`${path}/new`, { privsep: 0, expire: 0, comment: 'x' });
    expect(data).toEqual({
      'full-tokenid': 'operator@pve!new',
      value: expect.stringMatching(/^[0-9a-f-]{36}$/),
      info: { privsep: '0', expire: '0', comment: 'x' },
    });
    expect((await lab.post(`${path}/newer`)).data.info).toEqual({ privsep: 1 });
    expect((await lab.put(`${path}/newer`, { expire: 5 })).data).toEqual({ privsep: 1, expire: '5' });
    expect((await lab.get(`${path}/new`)).data).toEqual({ privsep: 0, expire: 0, comment: 'x' });
  });

  it('makes nothing undone: what it began goes on', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200 }, OPERATOR);
    lab.clock.advance(1);
    await lab.delete('/access/users/operator@pve/token/op');
    expect(lab.finish(upid).exitstatus).toBe('OK');
  });

  it('cannot log in, nor change passwords', async () => {
    const { status } = await lab.put('/access/password', { userid: 'operator@pve', password: 'newsecret' }, OPERATOR);
    expect(status).toBe(403);
    const login = await lab.post(
      '/access/ticket',
      { username: 'operator@pve', password: 'operator-password' },
      OPERATOR,
    );
    expect(login.reason).toBe(
      "Permission check failed (URI '/access/ticket' not available with API token, need proper ticket.",
    );
  });
});

describe('(d) no identity', () => {
  it('is 401 after three seconds, without a body', async () => {
    const { status, reason, ms, answer } = await version({});
    expect([status, reason, ms, answer.body]).toEqual([401, 'No ticket', 3000, '']);
  });

  it('is enough for the realms, and for signing in', async () => {
    expect((await lab.get('/access/domains', {}, {})).status).toBe(200);
    expect((await lab.get('/access/ticket', {}, {})).data).toBeNull();
  });
});

describe('(d) a ticket', () => {
  it('is had for a password, with a CSRF token and the rights', async () => {
    const { data } = await login();
    expect(data.ticket).toMatch(/^PVE:operator@pve:[0-9A-F]{8}::[A-Za-z0-9+/=]+$/);
    expect(data.CSRFPreventionToken).toMatch(/^[0-9A-F]{8}:/);
    expect(data.username).toBe('operator@pve');
    expect(data.cap.vms).toHaveProperty('VM.Allocate');
  });

  it('is refused for a wrong password, with a body', async () => {
    const { status, message, ms } = await lab.post('/access/ticket', { username: 'operator@pve', password: 'no' }, {});
    expect([status, message, ms]).toEqual([401, 'authentication failure\n', 3000]);
  });

  it('in the cookie is enough to read; to write needs the CSRF token of the same user', async () => {
    const { cookie, csrf } = await login();
    expect((await version({ cookie })).status).toBe(200);
    expect((await lab.put(TEAM, { cores: 2 }, { cookie })).reason).toBe('Permission denied - invalid csrf token');
    const other = await login('viewer@pve', 'viewer-password');
    expect((await lab.put(TEAM, { cores: 2 }, { cookie, csrfpreventiontoken: other.csrf })).status).toBe(401);
    expect((await lab.put(TEAM, { cores: 2 }, { cookie, csrfpreventiontoken: csrf })).status).toBe(200);
  });

  it('is good for two hours, and is renewed by giving it as the password', async () => {
    const { cookie, ticket } = await login();
    lab.clock.advance(7_100_000);
    expect((await version({ cookie })).status).toBe(200);
    const { cookie: renewed } = await login('operator@pve', ticket);
    lab.clock.advance(200_000);
    expect((await version({ cookie })).status).toBe(401);
    expect((await version({ cookie: renewed })).status).toBe(200);
  });

  it('needs no CSRF token to upload', async () => {
    const { cookie } = await login('root@pam', 'root-password');
    const part = (head: string, body: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${body}\r\n`;
    const body = `${part('name="content"', 'iso')}${part('name="filename"; filename="a.iso"', 'x')}--b--\r\n`;
    const { status } = await lab.until(
      lab.simulator.handle({
        method: 'POST',
        target: '/api2/json/nodes/pve1/storage/local/upload',
        headers: { cookie, 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(body.length) },
        body,
      }),
    );
    expect(status).toBe(200);
  });

  it('wins over a token, if both are sent', async () => {
    const { cookie } = await login('viewer@pve', 'viewer-password');
    const both = { cookie, authorization: authorizationOf(OPERATOR) };
    const { data } = await lab.get('/access/permissions', {}, both);
    expect(data['/']).not.toHaveProperty('VM.Allocate');
  });
});

describe('(d) root', () => {
  it('by token has all privileges, but is not root: what is only root@pam stays refused', async () => {
    const { reason } = await lab.put(TEAM, { args: '-foo' });
    expect(reason).toBe("only root can set 'args' config");
    expect((await lab.put(TEAM, { cores: 2, skiplock: 1 })).errors).toEqual({
      skiplock: 'Only root may use this option.',
    });
  });

  it.each([
    ['hookscript', 'local:snippets/a.sh', "only root can set 'hookscript' config"],
    ['lock', 'backup', "only root can set 'lock' config"],
    ['hostpci0', '0000:01:00', "only root can set 'hostpci0' config for non-mapped devices"],
    ['usb0', 'host=1234:5678', "only root can set 'usb0' config for real devices"],
    ['serial0', '/dev/ttyS0', "only root can set 'serial0' config for real devices"],
    ['scsi1', '/dev/sdb', expect.stringMatching(/^Only root can pass arbitrary filesystem paths\./)],
  ])('alone may set %s to %s', async (key, value, text) => {
    expect((await lab.put(TEAM, { [key]: value })).reason).toEqual(text);
  });

  it('alone may force a migration', async () => {
    const { errors } = await lab.post('/nodes/pve1/qemu/100/migrate', { target: 'pve2', force: 1 });
    expect(errors).toEqual({ force: 'Only root may use this option.' });
  });

  it('by ticket may', async () => {
    const { cookie, csrf } = await login('root@pam', 'root-password');
    lab.vm(100).config.current.lock = 'clone';
    const headers = { cookie, csrfpreventiontoken: csrf };
    expect((await lab.put(TEAM, { delete: 'lock', skiplock: 1 }, headers)).status).toBe(200);
    expect(lab.vm(100).config.current.lock).toBeUndefined();
  });
});

describe('(d) privileges', () => {
  const sees = async (vmid: number, who: string = NOBODY) =>
    (await lab.get(`/nodes/pve1/qemu/${vmid}/config`, {}, who)).status === 200;

  it('are those of the user for a token without separation', async () => {
    expect(await sees(100, 'operator@pve!op')).toBe(true);
  });

  it('of a separated token are what both the token and its user have', async () => {
    const token = { tokens: 'operator@pve!separate' };
    expect(await sees(100, 'operator@pve!separate')).toBe(false);
    await grant('/vms/100', 'Administrator', token);
    const { data } = await lab.get('/access/permissions', { path: '/vms/100' }, 'operator@pve!separate');
    expect(data['/vms/100']).toHaveProperty('VM.Clone');
    expect(data['/vms/100']).not.toHaveProperty('VM.Console');
  });

  it('reach down where they propagate', async () => {
    await grant('/vms', 'PVEAuditor');
    expect(await sees(100)).toBe(true);
    await lab.put('/access/acl', { path: '/vms', roles: 'PVEAuditor', users: 'nobody@pve', propagate: 0 });
    expect(await sees(100)).toBe(false);
  });

  it('of a deeper path replace those from above, and add nothing to them', async () => {
    await grant('/', 'PVEAdmin');
    await grant('/vms/100', 'PVEVMUser');
    const { reason } = await lab.put(TEAM, { cores: 2 }, NOBODY);
    expect(reason).toBe('Permission check failed (/vms/100, VM.Config.CPU)');
    expect((await lab.put('/nodes/pve1/qemu/102/config', { cores: 2 }, NOBODY)).status).toBe(200);
  });

  it('of the user override those of groups, and NoAccess wins', async () => {
    await lab.post('/access/groups', { groupid: 'ops' });
    await lab.put('/access/users/nobody@pve', { groups: 'ops' });
    await grant('/vms', 'PVEVMAdmin', { groups: 'ops' });
    expect(await sees(100)).toBe(true);
    await grant('/vms', 'NoAccess');
    expect(await sees(100)).toBe(false);
  });

  it('on a pool are those on its members', async () => {
    await grant('/pool/team', 'PVEAuditor');
    expect(await sees(100)).toBe(false);
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    expect(await sees(100)).toBe(true);
    const content = () => lab.get('/nodes/pve1/storage/local/content', {}, NOBODY);
    expect((await content()).status).toBe(403);
    await lab.put('/pools', { poolid: 'team', storage: 'local' });
    expect((await content()).status).toBe(200);
  });

  it('on a VM go with the VM', async () => {
    await grant('/vms/100', 'PVEAuditor');
    await lab.run('DELETE', '/nodes/pve1/qemu/100');
    expect(lab.state.access.acl.filter(entry => entry.path === '/vms/100')).toEqual([]);
  });

  it('of which one is enough are named together where all are missing', async () => {
    const { reason } = await lab.get('/nodes/pve1/storage/local/content', {}, NOBODY);
    expect(reason).toBe('Permission check failed (/storage/local, Datastore.Audit|Datastore.AllocateSpace)');
  });

  it('on a network need SDN.Use on the bridge, and on the VLAN of a tagged card', async () => {
    await grant('/vms/100', 'PVEVMAdmin');
    const set = (net0: string) => lab.put(TEAM, { net0 }, NOBODY);
    expect((await set('virtio,bridge=vmbr1')).reason).toBe(
      'Permission check failed (/sdn/zones/localnetwork/vmbr1, SDN.Use)',
    );
    await lab.put('/access/acl', {
      path: '/sdn/zones/localnetwork/vmbr0/5',
      roles: 'PVESDNUser',
      users: 'nobody@pve',
    });
    expect((await set('virtio,bridge=vmbr0,tag=6')).reason).toBe(
      'Permission check failed (/sdn/zones/localnetwork/vmbr0/6, SDN.Use)',
    );
    expect((await set('virtio,bridge=vmbr0,tag=5')).status).toBe(403);
    await grant('/sdn/zones/localnetwork/vmbr0', 'PVESDNUser');
    expect((await set('virtio,bridge=vmbr0,tag=5')).status).toBe(200);
  });
});

describe('(d) the privilege for an option', () => {
  const change = async (privileges: string[], form: Record<string, string | number>) => {
    lab.state.access.roles.Some = privileges;
    await grant('/vms/100', 'Some');
    await grant('/sdn', 'PVESDNUser');
    await grant('/storage', 'PVEDatastoreUser');
    return lab.put(TEAM, form, NOBODY);
  };

  it.each([
    ['VM.Config.CPU', { cores: 2 }],
    ['VM.Config.CPU', { cpu: 'host' }],
    ['VM.Config.Memory', { memory: 2048 }],
    ['VM.Config.Memory', { balloon: 0 }],
    ['VM.Config.Network', { net1: 'virtio,bridge=vmbr0' }],
    ['VM.Config.Disk', { scsi1: 'ceph:1' }],
    ['VM.Config.Disk', { boot: 'order=scsi0' }],
    ['VM.Config.CDROM', { ide0: 'none,media=cdrom' }],
    ['VM.Config.HWType', { machine: 'q35' }],
    ['VM.Config.HWType', { vga: 'std' }],
    ['VM.Config.HWType', { scsihw: 'virtio-scsi-pci' }],
    ['VM.Config.HWType', { hotplug: '0' }],
    ['VM.Config.HWType', { serial0: 'socket' }],
    ['VM.Config.Options', { name: 'new' }],
    ['VM.Config.Options', { tags: 'new' }],
    ['VM.Config.Options', { agent: 1 }],
    ['VM.Config.Options', { bios: 'ovmf' }],
    ['VM.Config.Options', { ostype: 'l26' }],
    ['VM.Config.Options', { onboot: 1 }],
    ['VM.Config.Options', { protection: 1 }],
    ['VM.Config.Cloudinit', { ciuser: 'debian' }],
    ['VM.Config.Network', { ciuser: 'debian' }],
  ])('is %s for %o', async (privilege, form) => {
    expect((await change([privilege], form)).status).toBe(200);
    const others = ['VM.Config.CPU', 'VM.Config.Memory', 'VM.Config.Options', 'VM.Config.Disk'];
    expect(
      (
        await change(
          others.filter(other => other !== privilege),
          form,
        )
      ).status,
    ).toBe(403);
  });

  it('on the whole cluster is needed for the order of start, and for a passed-through CD drive', async () => {
    expect((await change(['VM.Config.Options'], { startup: 'order=1' })).reason).toBe(
      'Permission check failed (/, Sys.Modify)',
    );
    expect((await change(['VM.Config.CDROM'], { ide0: 'cdrom,media=cdrom' })).reason).toBe(
      'Permission check failed (/, Sys.Console)',
    );
    expect((await lab.post('/cluster/ha/resources', { sid: 'vm:100' }, OPERATOR)).reason).toBe(
      'Permission check failed (/, Sys.Console)',
    );
  });

  it('is VM.Config.Disk and space on the storage for a larger disk, the latter only in the task', async () => {
    const size = { disk: 'scsi0', size: '+1G' };
    expect((await lab.put('/nodes/pve1/qemu/100/resize', size, NOBODY)).status).toBe(403);
    lab.state.access.roles.Some = ['VM.Config.Disk'];
    await grant('/vms/100', 'Some');
    const task = await lab.run('PUT', '/nodes/pve1/qemu/100/resize', size, NOBODY);
    expect(task.exitstatus).toBe('403 Permission check failed (/storage/ceph, Datastore.AllocateSpace)');
  });
});

describe('(d) tags', () => {
  const tag = (tags: string) => lab.put(TEAM, { tags }, OPERATOR);

  it('that are registered are only for Sys.Modify, to set and to take away', async () => {
    lab.state.cluster.options['registered-tags'] = 'gold;silver';
    expect((await tag('web')).status).toBe(200);
    expect((await tag('gold;web')).reason).toBe("Permission check failed (/, Sys.Modify for modifying tag 'gold')");
    await lab.put(TEAM, { tags: 'gold;web' });
    expect((await tag('gold')).status).toBe(200);
    expect((await tag('web')).status).toBe(403);
  });

  it('are those of a list, those that exist, or none, as the datacenter has it', async () => {
    const { options } = lab.state.cluster;
    options['user-tag-access'] = 'user-allow=list,user-allow-list=a;b';
    expect([(await tag('a;b')).status, (await tag('a;c')).status]).toEqual([200, 403]);
    options['user-tag-access'] = 'user-allow=existing';
    await lab.put('/nodes/pve1/qemu/102/config', { tags: 'c' });
    expect([(await tag('a;b;c')).status, (await tag('d')).status]).toEqual([200, 403]);
    options['user-tag-access'] = 'user-allow=none';
    expect((await tag('a')).status).toBe(403);
  });
});

describe('(d) what a clone needs', () => {
  const clone = (form = {}) => lab.post('/nodes/pve1/qemu/9000/clone', { newid: 200, ...form }, NOBODY);

  it('VM.Clone on the source, VM.Allocate for the new VM or its pool, space and the bridge', async () => {
    expect((await clone()).reason).toBe('Permission check failed (/vms/9000, VM.Clone)');
    await grant('/vms/9000', 'PVETemplateUser');
    expect((await clone()).reason).toBe('Permission check failed');
    await grant('/pool/team', 'PVEVMAdmin');
    expect((await clone({ pool: 'team' })).reason).toBe(
      'Permission check failed (/storage/ceph, Datastore.AllocateSpace)',
    );
    await grant('/storage/ceph', 'PVEDatastoreUser');
    expect((await clone({ pool: 'team' })).reason).toBe(
      'Permission check failed (/sdn/zones/localnetwork/vmbr0, SDN.Use)',
    );
    await grant('/sdn/zones/localnetwork', 'PVESDNUser');
    expect((await clone({ pool: 'team' })).status).toBe(200);
  });

  it('with rights on the pool alone, the new VM is out of reach until the clone is done', async () => {
    lab = new Lab(undefined, { durations: { copy: { ms: 5000 } } });
    for (const [path, role] of [
      ['/vms/9000', 'PVETemplateUser'],
      ['/pool/team', 'PVEVMAdmin'],
      ['/storage/ceph', 'PVEDatastoreUser'],
      ['/sdn/zones/localnetwork', 'PVESDNUser'],
    ] as const)
      await grant(path, role);
    const { data: upid } = await clone({ pool: 'team', full: 1 });
    lab.clock.advance(1000);
    expect((await lab.get('/nodes/pve1/qemu/200/config', {}, NOBODY)).status).toBe(403);
    expect((await lab.get(`/nodes/pve1/tasks/${upid}/status`, {}, NOBODY)).status).toBe(200);
    expect((await lab.get('/cluster/nextid', { vmid: 200 }, NOBODY)).status).toBe(400);
    lab.finish(upid);
    expect((await lab.get('/nodes/pve1/qemu/200/config', {}, NOBODY)).status).toBe(200);
  });
});

describe('(d) what changed with 9', () => {
  it('tags of a new VM need VM.Config.Options on the VM itself, and fail in the task', async () => {
    for (const [release, end] of [
      ['8.4', 'OK'],
      ['9.2', 'unable to create VM 200 - 403 Permission check failed (/vms/200, VM.Config.Options)'],
    ] as const) {
      lab = new Lab(undefined, { release });
      await grant('/pool/team', 'PVEVMAdmin');
      const form = { vmid: 200, pool: 'team', tags: 'b;A' };
      expect((await lab.run('POST', '/nodes/pve1/qemu', form, NOBODY)).exitstatus).toBe(end);
    }
    expect(lab.state.vms[200]).toBeUndefined();
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, tags: 'b;A' });
    expect(lab.vm(200).config.current.tags).toBe('a;b');
  });

  const agent = async (release: '8.4' | '9.2', privileges: string[]) => {
    lab = new Lab(undefined, { release });
    lab.clock.advance(20_000);
    lab.state.access.roles.Agent = privileges;
    await grant('/vms/101', 'Agent');
    return (await lab.get('/nodes/pve1/qemu/101/agent/network-get-interfaces', {}, NOBODY)).status;
  };

  it('VM.Monitor became VM.GuestAgent.*', async () => {
    expect(await agent('8.4', ['VM.Monitor'])).toBe(200);
    expect(await agent('8.4', ['VM.GuestAgent.Audit'])).toBe(403);
    expect(await agent('9.2', ['VM.Monitor'])).toBe(403);
    expect(await agent('9.2', ['VM.GuestAgent.Audit'])).toBe(200);
  });

  it('a token does not see the tasks of its siblings any more', async () => {
    for (const [release, count] of [
      ['8.4', 1],
      ['9.2', 0],
    ] as const) {
      lab = new Lab(undefined, { release });
      await lab.run('POST', '/nodes/pve1/qemu/100/status/start', {}, OPERATOR);
      expect((await lab.get('/nodes/pve1/tasks', {}, 'operator@pve!other')).data).toHaveLength(count);
    }
  });
});
