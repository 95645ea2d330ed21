import { beforeEach, describe, expect, it } from 'vitest';
import { type Caller, type Form, Lab, type Reply } from '../testing/lab.ts';

const NOBODY = 'nobody@pve!none';
const CONTENT = '/nodes/pve1/storage/local/content';

let lab: Lab;
let root: Record<string, string | undefined>;

beforeEach(async () => {
  lab = new Lab();
  root = await lab.login('root@pam', 'root-password');
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const config = async (vmid: number) => (await lab.get(vm(vmid, 'config'))).data;
const put = (vmid: number, form: Form, who?: Caller) => lab.put(vm(vmid, 'config'), form, who);
const grant = (path: string, role: string, privileges: string[]) => {
  lab.state.access.roles[role] = privileges;
  return lab.put('/access/acl', { path, roles: role, users: 'nobody@pve' });
};
const isos = async () =>
  ((await lab.get(CONTENT, { content: 'iso' })).data as { volid: string; size: number }[]).map(
    ({ volid, size }) => `${volid} ${size}`,
  );

/** An upload as browsers make it: the file part comes last. */
async function upload(filename: string, data: string, fields: Record<string, string> = {}): Promise<Reply> {
  const part = (head: string, value: string) => `--b\r\nContent-Disposition: form-data; ${head}\r\n\r\n${value}\r\n`;
  const texts = Object.entries({ content: 'iso', ...fields }).map(([name, value]) => part(`name="${name}"`, value));
  const body = `${texts.join('')}${part(`name="filename"; filename="${filename}"`, data)}--b--\r\n`;
  const answer = await lab.until(
    lab.simulator.handle({
      method: 'POST',
      target: '/api2/json/nodes/pve1/storage/local/upload',
      headers: { ...root, 'content-type': 'multipart/form-data; boundary=b', 'content-length': String(body.length) },
      body,
    }),
  );
  const { data: upid, errors } = answer.body.startsWith('{') ? JSON.parse(answer.body) : {};
  return { status: answer.status, reason: answer.reason, data: upid, errors, message: undefined, answer, ms: 0 };
}

describe('[flow H] an uploaded ISO image', () => {
  it('comes by a task without an id, under a name without odd characters and folders', async () => {
    const { data } = await upload('C:\\dir\\my seed!.iso', 'data');
    expect(data).toMatch(/:imgcopy::root@pam:$/);
    expect(lab.finish(data).exitstatus).toBe('OK');
    expect(await isos()).toContain('local:iso/my_seed_.iso 4');
  });

  it('must be called .iso or .img', async () => {
    expect((await upload('seed.IMG', 'data')).status).toBe(200);
    expect((await upload('seed.txt', 'data')).status).toBe(400);
  });

  it('takes the place of an older one without a word, even of one in a drive', async () => {
    await put(100, { sata1: 'local:iso/debian.iso,media=cdrom' });
    lab.finish((await upload('debian.iso', 'new')).data);
    expect(await isos()).toEqual(['local:iso/debian.iso 3']);
  });

  it('with a wrong checksum fails in the task, and the older one stays', async () => {
    const wrong = { 'checksum-algorithm': 'sha256', checksum: '0'.repeat(64) };
    const { data } = await upload('debian.iso', 'new', wrong);
    expect(lab.finish(data).exitstatus).toMatch(/^checksum mismatch: got '[0-9a-f]{64}' != expect '0{64}'$/);
    expect(await isos()).toEqual([`local:iso/debian.iso ${700 * 2 ** 20}`]);
  });

  it('needs Datastore.AllocateTemplate; snippets cannot be uploaded at all', async () => {
    root = { authorization: 'PVEAPIToken=nobody@pve!none=secret-of-nobody@pve!none' };
    expect(await upload('a.iso', 'x')).toMatchObject({
      status: 403,
      reason: 'Permission check failed (/storage/local, Datastore.AllocateTemplate)',
    });
    await grant('/storage/local', 'Upload', ['Datastore.AllocateTemplate']);
    expect((await upload('a.iso', 'x')).status).toBe(200);
    expect((await upload('a.yaml', 'x', { content: 'snippets' })).errors?.content).toContain('enumeration');
  });
});

describe('[flow H] an ISO image in a drive', () => {
  it('needs VM.Config.CDROM and reading on the storage', async () => {
    const attach = () => put(100, { sata1: 'local:iso/debian.iso,media=cdrom' }, NOBODY);
    await grant('/vms/100', 'Drive', ['VM.Config.CDROM']);
    expect((await attach()).reason).toBe(
      'Permission check failed (/storage/local, Datastore.AllocateSpace|Datastore.Audit)',
    );
    await grant('/storage/local', 'Read', ['Datastore.Audit']);
    expect((await attach()).status).toBe(200);
  });

  it('on ide2 takes away the cloud-init drive that was there', async () => {
    await lab.run('POST', vm(9000, 'clone'), { newid: 200 });
    await put(200, { ide2: 'local:iso/debian.iso,media=cdrom' });
    const { data } = await lab.get('/nodes/pve1/storage/ceph/content', { vmid: 200 });
    expect(data.map(({ volid }: { volid: string }) => volid)).toEqual(['ceph:base-9000-disk-0/vm-200-disk-0']);
  });

  it('that is new comes last in the boot order', async () => {
    await put(100, { boot: 'order=scsi0;net0' });
    await put(100, { sata1: 'local:iso/debian.iso,media=cdrom' });
    expect((await config(100)).boot).toBe('order=scsi0;net0;sata1');
  });

  it('of a running VM is changed for none at once, but its drive goes only later', async () => {
    await lab.run('POST', vm(101, 'status/stop'));
    await put(101, { sata1: 'local:iso/debian.iso,media=cdrom' });
    await lab.run('POST', vm(101, 'status/start'));
    await put(101, { sata1: 'none,media=cdrom' });
    expect((await lab.get(vm(101, 'config'), { current: 1 })).data.sata1).toBe('none,media=cdrom');
    await put(101, { delete: 'sata1' });
    expect((await lab.get(vm(101, 'pending'))).data).toContainEqual(
      expect.objectContaining({ key: 'sata1', delete: 1 }),
    );
  });
});

describe('[flow H] removing an ISO image', () => {
  const remove = (who?: Caller) => lab.delete(`${CONTENT}/local:iso/debian.iso`, {}, who);

  it('needs Datastore.Allocate, which then is good for the disks of all VMs there', async () => {
    await grant('/storage/local', 'Fill', ['Datastore.AllocateSpace', 'Datastore.AllocateTemplate', 'Datastore.Audit']);
    expect((await remove(NOBODY)).status).toBe(403);
    await grant('/storage/local', 'Own', ['Datastore.Allocate']);
    expect((await remove(NOBODY)).status).toBe(200);
    const disk = await lab.run('DELETE', `${CONTENT}/local:102/vm-102-disk-0.raw`, {}, NOBODY);
    expect(disk.exitstatus).toBe('OK');
  });

  it('is allowed while it is in a drive; the next start fails', async () => {
    await put(100, { sata1: 'local:iso/debian.iso,media=cdrom' });
    lab.finish((await remove()).data);
    expect((await lab.run('POST', vm(100, 'status/start'))).exitstatus).toBe(
      "volume 'local:iso/debian.iso' does not exist",
    );
  });

  it('is not done by the destroy of a VM', async () => {
    await put(100, { sata1: 'local:iso/debian.iso,media=cdrom' });
    await lab.run('DELETE', '/nodes/pve1/qemu/100', { purge: 1, 'destroy-unreferenced-disks': 1 });
    expect(await isos()).toHaveLength(1);
  });

  it('must not be of all that is listed for a VMID: what has no owner is listed too', async () => {
    const { data } = await lab.get(CONTENT, { vmid: 102 });
    expect(data.map(({ volid }: { volid: string }) => volid).sort()).toEqual([
      'local:102/vm-102-disk-0.raw',
      'local:102/vm-102-disk-1.qcow2',
      'local:import/debian.qcow2',
      'local:iso/debian.iso',
    ]);
  });
});

describe('[flow K] a snapshot with RAM', () => {
  it('has the lock snapshot meanwhile, and its rollback lets the VM run again', async () => {
    const { data } = await lab.post(vm(101, 'snapshot'), { snapname: 'one', vmstate: 1 });
    lab.clock.advance(300);
    expect((await config(101)).lock).toBe('snapshot');
    lab.finish(data);
    await lab.run('POST', vm(101, 'status/stop'));
    expect((await lab.run('POST', vm(101, 'snapshot/one/rollback'))).exitstatus).toBe('OK');
    expect(lab.vm(101).run?.status).toBe('running');
  });

  it('does not hinder a destroy', async () => {
    await lab.run('POST', vm(100, 'snapshot'), { snapname: 'one' });
    expect((await lab.run('DELETE', '/nodes/pve1/qemu/100')).exitstatus).toBe('OK');
  });
});
