import { beforeEach, describe, expect, it } from 'vitest';
import { Lab } from '../testing/lab.ts';
import { labSeed } from '../testing/lab-seed.ts';

let lab: Lab;

beforeEach(() => {
  // Slow enough that something can be seen while a disk is copied.
  lab = new Lab(labSeed, { durations: { copy: { ms: 100, msPerGiB: 10_000 } } });
});

const vm = (vmid: number, path: string) => `/nodes/pve1/qemu/${vmid}/${path}`;
const config = async (vmid: number, form = {}) => (await lab.get(vm(vmid, 'config'), form)).data;
const clone = (form: Record<string, string | number>, source = 9000) => lab.run('POST', vm(source, 'clone'), form);
const put = (vmid: number, form: Record<string, string | number>) => lab.put(vm(vmid, 'config'), form);
const volumes = async (vmid: number, storage = 'ceph') =>
  ((await lab.get(`/nodes/pve1/storage/${storage}/content`, { vmid, content: 'images' })).data as { volid: string }[])
    .map(({ volid }) => volid)
    .sort();

describe('(f) a clone', () => {
  it('of a template is linked, of a VM full, unless the call says otherwise', async () => {
    await clone({ newid: 200 });
    expect((await config(200)).scsi0).toBe('ceph:base-9000-disk-0/vm-200-disk-0,size=8G');
    await clone({ newid: 201, full: 1 });
    expect((await config(201)).scsi0).toBe('ceph:vm-201-disk-0,size=8G');
    await clone({ newid: 202 }, 100);
    expect((await config(202)).scsi0).toBe('ceph:vm-202-disk-0,size=4G');
    expect((await lab.post(vm(100, 'clone'), { newid: 203, full: 0 })).status).toBe(500);
  });

  it('that is linked has no storage of its own choice', async () => {
    const { reason } = await lab.post(vm(9000, 'clone'), { newid: 200, storage: 'local' });
    expect(reason).toBe("parameter 'storage' not allowed for linked clones");
  });

  it('has a full copy of the cloud-init drive, even where it is linked', async () => {
    const { log } = await clone({ newid: 200 });
    expect(log).toContain('create full clone of drive ide2 (ceph:vm-9000-cloudinit)');
    expect((await config(200)).ide2).toBe('ceph:vm-200-cloudinit,media=cdrom,size=4M');
  });

  it('is another machine: MAC, UUID and generation are new', async () => {
    const source = await config(9000);
    await clone({ newid: 200 });
    const copy = await config(200);
    for (const key of ['net0', 'smbios1', 'vmgenid']) expect(copy[key]).not.toBe(source[key]);
  });

  it('has all else of its source, but neither pending changes nor unused disks', async () => {
    await put(9000, { tags: 'b;a', description: 'of the template', protection: 1, onboot: 1 });
    await clone({ newid: 200 });
    expect(await config(200)).toMatchObject({
      name: 'Copy-of-VM-debian',
      tags: 'a;b',
      description: 'of the template',
      protection: 1,
      onboot: 1,
    });
    await put(101, { cores: 4 });
    await clone({ newid: 201 }, 101);
    expect(await config(201)).not.toHaveProperty('cores');
  });

  it('takes name and description, but neither tags nor options', async () => {
    await clone({ newid: 200, name: 'web', description: 'line one\nline two' });
    expect(await config(200)).toMatchObject({ name: 'web', description: 'line one\nline two' });
    expect((await lab.post(vm(9000, 'clone'), { newid: 201, tags: 'a', cores: 2 })).errors).toMatchObject({
      tags: 'property is not defined in schema and the schema does not allow additional properties',
      cores: 'property is not defined in schema and the schema does not allow additional properties',
    });
  });

  it('first is nothing but a lock and a constant text, with a constant digest', async () => {
    const early = async (newid: number) => {
      const { data: upid } = await lab.post(vm(9001, 'clone'), { newid, full: 1, description: 'mine' });
      lab.clock.advance(200);
      const answer = await config(newid);
      lab.finish(upid);
      return answer;
    };
    const first = await early(200);
    expect(first).toEqual({ lock: 'clone', description: ' qmclone temporary file', digest: expect.any(String) });
    expect(await early(201)).toEqual(first);
  });

  it('has its description as soon as the first disk is copied: early with a cloud-init drive', async () => {
    const descriptionAt = async (source: number, ms: number) => {
      const { data: upid } = await lab.post(vm(source, 'clone'), { newid: 200, full: 1, description: 'mine' });
      lab.clock.advance(ms);
      const { description, lock } = await config(200);
      await lab.delete(`/nodes/pve1/tasks/${upid}`);
      lab.finish(upid);
      return [description, lock];
    };
    expect(await descriptionAt(9000, 500)).toEqual(['mine', 'clone']);
    expect(await descriptionAt(9001, 500)).toEqual([' qmclone temporary file', 'clone']);
  });

  it('loses its lock and joins its pool in the last step', async () => {
    const { data: upid } = await lab.post(vm(9000, 'clone'), { newid: 200, pool: 'team', full: 1 });
    lab.clock.advance(1000);
    expect([lab.vm(200).config.current.lock, lab.state.pools.team?.vms]).toEqual(['clone', []]);
    lab.finish(upid);
    expect([lab.vm(200).config.current.lock, lab.state.pools.team?.vms]).toEqual([undefined, [200]]);
  });

  it('to another node needs shared storage alone, and moves there at its end', async () => {
    const { data: upid } = await lab.post(vm(9000, 'clone'), { newid: 200, target: 'pve2', full: 1 });
    lab.clock.advance(1000);
    expect(lab.vm(200).node).toBe('pve1');
    lab.finish(upid);
    expect(lab.vm(200).node).toBe('pve2');
    const { reason } = await lab.post(vm(102, 'clone'), { newid: 201, target: 'pve2' });
    expect(reason).toBe("can't clone VM to node 'pve2' (VM uses local storage)");
  });

  it('of a snapshot has what the snapshot had', async () => {
    await put(100, { cores: 2 });
    await lab.run('POST', vm(100, 'snapshot'), { snapname: 'before' });
    await put(100, { cores: 8 });
    await clone({ newid: 200, snapname: 'before' }, 100);
    expect((await config(200)).cores).toBe(2);
  });

  it('that is killed leaves a lock and volumes that only root can clear', async () => {
    const { data: upid } = await lab.post(vm(9000, 'clone'), { newid: 200, full: 1 });
    lab.clock.advance(1000);
    lab.simulator.world.tasks.kill(upid);
    const task = await lab.run('DELETE', '/nodes/pve1/qemu/200', { 'destroy-unreferenced-disks': 1 });
    expect(task.exitstatus).toBe('VM is locked (clone)');
    expect(await volumes(200)).not.toEqual([]);
    delete lab.vm(200).config.current.lock;
    await lab.run('DELETE', '/nodes/pve1/qemu/200', { 'destroy-unreferenced-disks': 1 });
    expect([lab.state.vms[200], await volumes(200)]).toEqual([undefined, []]);
  });

  it('shares the lock of a source that is off, and has that of a running one alone', async () => {
    const both = async (source: number, first: number) => {
      const upids = await Promise.all(
        [first, first + 1].map(async newid => (await lab.post(vm(source, 'clone'), { newid, full: 1 })).data),
      );
      return upids.map(upid => lab.finish(upid).exitstatus);
    };
    expect(await both(100, 200)).toEqual(['OK', 'OK']);
    expect(await both(101, 210)).toEqual(['OK', expect.stringMatching(/lock-101\.conf' - got timeout$/)]);
  });

  it('to a VMID that four ask for at once is made once', async () => {
    const pending = [1, 2, 3, 4].map(() => lab.send('POST', vm(9000, 'clone'), { newid: 200 }));
    const replies = await Promise.all(pending.map(each => lab.until(each)));
    const upids = replies.flatMap(({ data }) => data ?? []);
    const ends = upids.map(upid => lab.finish(upid).exitstatus);
    expect(ends.filter(end => end === 'OK')).toHaveLength(1);
    expect((await config(200)).lock).toBeUndefined();
  });
});

describe('(f) a new VM', () => {
  const create = async (form: Record<string, string | number>) => {
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, ...form });
    return config(200);
  };

  it('has what Proxmox adds: UUID, generation, boot order, MACs and meta', async () => {
    expect(await create({ scsi0: 'ceph:4', net0: 'virtio,bridge=vmbr0' })).toMatchObject({
      scsi0: 'ceph:vm-200-disk-0,size=4G',
      boot: 'order=scsi0;net0',
      smbios1: expect.stringMatching(/^uuid=[0-9a-f-]{36}$/),
      vmgenid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      net0: expect.stringMatching(/^virtio=BC:24:11(:[0-9A-F]{2}){3},bridge=vmbr0$/),
      meta: expect.stringMatching(/^creation-qemu=[\d.]+,ctime=\d+$/),
    });
  });

  it('takes disks by size, by import, or as a cloud-init drive', async () => {
    expect(
      await create({ scsi0: 'ceph:0,import-from=local:import/debian.qcow2', ide2: 'ceph:cloudinit' }),
    ).toMatchObject({
      scsi0: 'ceph:vm-200-disk-0,size=300M',
      ide2: 'ceph:vm-200-cloudinit,media=cdrom',
    });
  });

  it('takes the size of a disk in GiB, without a unit', async () => {
    expect((await lab.post('/nodes/pve1/qemu', { vmid: 201, scsi0: 'ceph:4G' })).status).toBe(500);
    expect((await create({ scsi0: 'ceph:0.5' })).scsi0).toBe('ceph:vm-200-disk-0,size=512M');
  });

  it('has an EFI disk and a TPM of their own sizes, whatever is asked for', async () => {
    const form = { bios: 'ovmf', machine: 'q35', efidisk0: 'ceph:9,efitype=4m', tpmstate0: 'ceph:9,version=v2.0' };
    expect(await create(form)).toMatchObject({
      efidisk0: expect.stringMatching(/size=(528K|4M)$/),
      tpmstate0: 'ceph:vm-200-disk-1,size=4M,version=v2.0',
    });
  });

  it('takes an ISO image only as a CD', async () => {
    const form = { vmid: 201, ide0: 'local:iso/debian.iso' };
    expect((await lab.post('/nodes/pve1/qemu', form)).errors).toEqual({
      ide0: "explicit 'media=cdrom' is required for iso images",
    });
    expect((await create({ ide0: 'local:iso/debian.iso,media=cdrom' })).ide0).toBe(
      'local:iso/debian.iso,media=cdrom,size=700M',
    );
  });

  it('shows nothing but a lock while it is made', async () => {
    const { data: upid } = await lab.post('/nodes/pve1/qemu', {
      vmid: 200,
      description: 'mine',
      scsi0: 'ceph:0,import-from=local:import/debian.qcow2',
    });
    lab.clock.advance(50);
    expect(await config(200)).toEqual({ lock: 'create', digest: expect.any(String) });
    lab.finish(upid);
  });
});

describe('(f) a change of the configuration', () => {
  it('that sends a disk by size again makes a new volume, and the old one is unused', async () => {
    await put(100, { scsi0: 'ceph:4' });
    expect(await config(100)).toMatchObject({
      scsi0: 'ceph:vm-100-disk-1,size=4G',
      unused0: 'ceph:vm-100-disk-0',
    });
  });

  it('that sends a card without its MAC gives it a new one', async () => {
    const { net0 } = await config(100);
    await put(100, { net0: 'virtio,bridge=vmbr0' });
    expect((await config(100)).net0).not.toBe(net0);
    const [mac] = net0.split(',');
    await put(100, { net0: `${mac},bridge=vmbr1` });
    expect((await config(100)).net0).toBe(`${mac},bridge=vmbr1`);
  });

  it('that deletes a disk leaves it unused; deleting that, or force, destroys it', async () => {
    await put(102, { delete: 'scsi1' });
    expect(await config(102)).toMatchObject({ unused0: 'local:102/vm-102-disk-1.qcow2' });
    await put(102, { delete: 'unused0' });
    expect(await volumes(102, 'local')).toEqual(['local:102/vm-102-disk-0.raw']);
    await put(102, { delete: 'scsi0', force: 1 });
    expect(await volumes(102, 'local')).toEqual([]);
  });

  it('cannot delete what it sets, nor what is no option; deleting what is not set is nothing', async () => {
    expect((await put(100, { cores: 2, delete: 'cores' })).status).toBe(400);
    expect((await put(100, { delete: 'nope' })).errors).toEqual({ delete: "unknown option 'nope'" });
    expect((await put(100, { delete: 'onboot' })).status).toBe(200);
  });

  it('of a VM that is off is in force at once', async () => {
    await put(100, { cores: 4 });
    expect((await lab.get(vm(100, 'pending'))).data).toContainEqual({ key: 'cores', value: 4 });
  });

  it('of a running one stays pending where it cannot be hotplugged', async () => {
    await put(101, { cores: 4, name: 'renamed' });
    expect((await config(101)).cores).toBe(4);
    expect(await config(101, { current: 1 })).not.toHaveProperty('cores');
    const { data } = await lab.get(vm(101, 'pending'));
    expect(data).toContainEqual({ key: 'cores', pending: 4 });
    expect(data).toContainEqual({ key: 'name', value: 'renamed' });
  });

  it.each([
    ['description', 'new'],
    ['name', 'new'],
    ['onboot', 1],
    ['protection', 1],
    ['tags', 'new'],
    ['shares', 500],
    ['ciuser', 'debian'],
    ['ipconfig0', 'ip=dhcp'],
    ['nameserver', '10.0.0.1'],
    ['cpuunits', 200],
    ['cpulimit', '1'],
    ['balloon', 512],
  ])('to %s of a running VM is in force at once', async (key, value) => {
    await put(101, { [key]: value });
    expect((await config(101, { current: 1 }))[key]).toBe(value);
    expect((await lab.get(vm(101, 'pending'))).data).not.toContainEqual(expect.objectContaining({ pending: value }));
  });

  it.each([
    ['cores', 4],
    ['sockets', 2],
    ['cpu', 'host'],
    ['memory', '2048'],
    ['bios', 'ovmf'],
    ['machine', 'q35'],
    ['scsihw', 'virtio-scsi-pci'],
    ['agent', 'enabled=0'],
    ['sata0', 'ceph:1'],
    ['scsi0', 'ceph:vm-101-disk-0,iothread=1,size=4G'],
    ['scsi0', 'ceph:vm-101-disk-0,discard=on,size=4G'],
  ])('to %s of a running VM, %s, waits for its next start', async (key, value) => {
    const before = (await config(101, { current: 1 }))[key];
    await put(101, { [key]: value });
    expect((await config(101, { current: 1 }))[key]).toEqual(before);
    const { data } = await lab.get(vm(101, 'pending'));
    expect(data).toContainEqual(expect.objectContaining({ key, pending: expect.anything() }));
  });

  it('plugs memory and processors only where the VM has that switched on', async () => {
    await put(100, { hotplug: 'network,disk,usb,memory,cpu', numa: 1, cores: 4, vcpus: 1 });
    await lab.run('POST', vm(100, 'status/start'));
    await put(100, { memory: 2048, vcpus: 2 });
    expect(await config(100, { current: 1 })).toMatchObject({ memory: '2048', vcpus: 2 });
  });

  it('tells of a delete that waits, with 2 where it is forced, and of the digest', async () => {
    await put(101, { sata0: 'ceph:1', sata1: 'ceph:1' });
    await lab.run('POST', vm(101, 'status/stop'));
    await lab.run('POST', vm(101, 'status/start'));
    await put(101, { delete: 'sata0' });
    await put(101, { delete: 'sata1', force: 1 });
    const { data } = await lab.get(vm(101, 'pending'));
    expect(data).toContainEqual(expect.objectContaining({ key: 'sata0', delete: 1 }));
    expect(data).toContainEqual(expect.objectContaining({ key: 'sata1', delete: 2 }));
    expect(data).toContainEqual({ key: 'digest', value: (await config(101)).digest });
  });

  it('has cdrom for another name of ide2', async () => {
    await put(100, { cdrom: 'local:iso/debian.iso' });
    expect((await config(100)).ide2).toBe('local:iso/debian.iso,media=cdrom,size=700M');
    await put(100, { delete: 'cdrom' });
    expect(await config(100)).not.toHaveProperty('ide2');
  });

  it('with the digest that was read is made, with an older one not', async () => {
    const { digest } = await config(100);
    expect((await put(100, { cores: 2, digest })).status).toBe(200);
    expect((await put(100, { cores: 4, digest })).status).toBe(500);
  });

  it('takes a description of 8192 characters, and drops what is blank at its end', async () => {
    expect((await put(100, { description: 'd'.repeat(8193) })).errors).toHaveProperty('description');
    await put(100, { description: 'one\ntwo \n\n' });
    expect((await config(100)).description).toBe('one\ntwo');
  });

  it('that is pending can be taken back', async () => {
    await put(101, { cores: 4 });
    await put(101, { revert: 'cores' });
    expect((await config(101)).cores).toBeUndefined();
  });

  it('plugs disks and cards into a running VM', async () => {
    await put(101, { scsi1: 'ceph:1', net1: 'virtio,bridge=vmbr0' });
    const current = await config(101, { current: 1 });
    expect(current.scsi1).toBe('ceph:vm-101-disk-1,size=1G');
    expect(current.net1).toMatch(/^virtio=/);
  });

  it('that cannot be plugged is 400 with the reason', async () => {
    const { errors } = await put(101, { net1: 'virtio,bridge=vmbr99' });
    expect(errors?.net1).toMatch(/^hotplug problem - /);
  });

  it('keeps tags in one form: lower case, sorted, each once', async () => {
    await put(100, { tags: 'Web,b;a b' });
    expect((await config(100)).tags).toBe('a;b;web');
    expect((await put(100, { tags: 'a:b' })).status).toBe(400);
  });

  it('shows memory as text, booleans and numbers as numbers, and no password', async () => {
    await put(9000, { memory: 2048, onboot: 1, cipassword: 'secret' });
    expect(await config(9000)).toMatchObject({ memory: '2048', onboot: 1, cipassword: '**********' });
  });

  it('wants SSH keys encoded twice', async () => {
    const key = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDZc9tsbdDnp8asMgNLGiwvPQ7q9w1He+zAV68uLj5rw me';
    expect((await put(9000, { sshkeys: key })).errors?.sshkeys).toMatch(/invalid urlencoded string/);
    expect((await put(9000, { sshkeys: encodeURIComponent(key) })).status).toBe(200);
    expect((await put(9000, { sshkeys: 'not%20a%20key' })).reason).toMatch(/^SSH public key validation error/);
  });

  it('wants an address where there is a gateway', async () => {
    const { errors } = await put(9000, { ipconfig0: 'gw=10.0.0.1' });
    expect(errors?.ipconfig0).toContain("missing property - 'ipconfig0.gw' requires this property");
    expect((await put(9000, { ipconfig0: 'ip=10.0.0.2/24,gw=10.0.0.1' })).status).toBe(200);
  });

  it('takes snippets for cloud-init unseen; the start finds what is wrong with them', async () => {
    await clone({ newid: 200 });
    await put(200, { cicustom: 'user=local:iso/debian.iso' });
    expect((await lab.run('POST', vm(200, 'status/start'))).exitstatus).toMatch(
      /^local:iso\/debian\.iso is not in the snippets directory$/,
    );
    await put(200, { cicustom: 'user=local:snippets/none.yaml' });
    expect((await lab.run('POST', vm(200, 'status/start'))).exitstatus).toBe(
      "can't open '/var/lib/vz/snippets/none.yaml' - No such file or directory",
    );
  });

  it('of cloud-init reaches a running VM with its next image: by a start, or PUT cloudinit', async () => {
    await clone({ newid: 200 });
    await lab.run('POST', vm(200, 'status/start'));
    const waiting = async () =>
      ((await lab.get(vm(200, 'cloudinit'))).data as { key: string; pending?: unknown }[])
        .filter(({ pending }) => pending !== undefined)
        .map(({ key }) => key);
    await put(200, { ciuser: 'debian' });
    expect(await waiting()).toEqual(['ciuser']);
    await lab.put(vm(200, 'cloudinit'));
    expect(await waiting()).toEqual([]);
  });

  it('is all or nothing', async () => {
    await put(100, { cores: 8, scsi1: 'nosuch:4' });
    expect((await config(100)).cores).toBeUndefined();
  });
});

describe('(f) protection', () => {
  beforeEach(async () => {
    await put(100, { protection: 1 });
  });

  it('keeps disks and CDs in place, but lets the VM run and its disks grow', async () => {
    expect((await put(100, { delete: 'scsi0' })).reason).toBe("can't remove drive 'scsi0' - protection mode enabled");
    expect((await lab.run('PUT', vm(100, 'resize'), { disk: 'scsi0', size: '+1G' })).exitstatus).toBe('OK');
    expect((await lab.run('POST', vm(100, 'status/start'))).exitstatus).toBe('OK');
  });

  it('is looked at again under the lock: it stops a destroy that waited', async () => {
    await put(100, { protection: 0 });
    const release = lab.simulator.world.locks.seize('/var/lock/qemu-server/lock-100.conf');
    const { data: upid } = await lab.delete('/nodes/pve1/qemu/100');
    lab.clock.advance(1000);
    lab.vm(100).config.current.protection = '1';
    release();
    expect(lab.finish(upid).exitstatus).toBe("can't remove VM 100 - protection mode enabled");
  });
});

describe('(f) a resize', () => {
  const resize = (size: string) => lab.run('PUT', vm(100, 'resize'), { disk: 'scsi0', size });

  it('takes a size or a growth; the same size is fine', async () => {
    for (const [size, expected] of [
      ['+4G', '8G'],
      ['10G', '10G'],
      ['10G', '10G'],
      ['+512M', '10752M'],
    ] as const) {
      expect((await resize(size)).exitstatus).toBe('OK');
      expect((await config(100)).scsi0).toBe(`ceph:vm-100-disk-0,size=${expected}`);
    }
  });
});

describe('(f) a snapshot', () => {
  const snapshot = (form: Record<string, string | number>) => lab.run('POST', vm(100, 'snapshot'), form);

  it('is listed with its parent, and the present as their child', async () => {
    await snapshot({ snapname: 'one', description: 'first' });
    await snapshot({ snapname: 'two' });
    expect((await lab.get(vm(100, 'snapshot'))).data).toMatchObject([
      { name: 'one', description: 'first', vmstate: 0 },
      { name: 'two', parent: 'one' },
      { name: 'current', parent: 'two', description: 'You are here!' },
    ]);
  });

  it('brings back options, tags and protection, but keeps the description', async () => {
    await put(100, { cores: 2, tags: 'a', description: 'old' });
    await snapshot({ snapname: 'one' });
    const { vmgenid, smbios1 } = await config(100);
    await put(100, { cores: 8, tags: 'b', description: 'new', protection: 1 });
    await lab.run('POST', vm(100, 'snapshot/one/rollback'));
    const after = await config(100);
    expect(after).toMatchObject({ cores: 2, tags: 'a', description: 'new', smbios1 });
    expect(after).not.toHaveProperty('protection');
    expect(after.vmgenid).not.toBe(vmgenid);
  });

  it('brings a disk back to the size that it had', async () => {
    await snapshot({ snapname: 'one' });
    await lab.run('PUT', vm(100, 'resize'), { disk: 'scsi0', size: '8G' });
    await lab.run('POST', vm(100, 'snapshot/one/rollback'));
    expect((await config(100)).scsi0).toContain('size=4G');
  });

  it('with RAM is of a running VM, which runs again after a rollback', async () => {
    const task = await lab.run('POST', vm(101, 'snapshot'), { snapname: 'live', vmstate: 1 });
    expect(task.exitstatus).toBe('OK');
    await lab.run('POST', vm(101, 'status/stop'));
    await lab.run('POST', vm(101, 'snapshot/live/rollback'));
    expect(lab.vm(101).run?.status).toBe('running');
  });
});

describe('(f) a migration', () => {
  it('moves a VM whose disks are shared, running or not', async () => {
    expect((await lab.run('POST', vm(100, 'migrate'), { target: 'pve2' })).exitstatus).toBe('OK');
    expect(lab.vm(100).node).toBe('pve2');
    expect((await lab.run('POST', vm(101, 'migrate'), { target: 'pve2', online: 1 })).exitstatus).toBe('OK');
    expect([lab.vm(101).node, lab.vm(101).run?.status]).toEqual(['pve2', 'running']);
  });
});

describe('(f) a pool', () => {
  const members = async () =>
    ((await lab.get('/pools/team')).data.members as { vmid: number }[]).map(({ vmid }) => vmid);

  it('takes VMs, gives them up, and takes those of others only if it may move them', async () => {
    await lab.post('/pools', { poolid: 'other' });
    await lab.put('/pools', { poolid: 'team', vms: '100,101' });
    expect(await members()).toEqual([100, 101]);
    const { reason } = await lab.put('/pools', { poolid: 'other', vms: 100 });
    expect(reason).toBe("update pools failed: VM 100 belongs already to pool 'team' and 'allow-move' is not set");
    expect((await lab.put('/pools', { poolid: 'other', vms: 100, 'allow-move': 1 })).status).toBe(200);
    expect(await members()).toEqual([101]);
    await lab.put('/pools', { poolid: 'team', vms: 101, delete: 1 });
    expect(await members()).toEqual([]);
  });

  it('may lie in another, and is then only found by the parameter', async () => {
    expect((await lab.post('/pools', { poolid: 'team/web' })).status).toBe(200);
    expect((await lab.get('/pools', { poolid: 'team/web' })).data).toMatchObject([{ poolid: 'team/web' }]);
  });

  it('is told with its members to anybody who knows its name, but listed only for Pool.Audit', async () => {
    const nobody = 'nobody@pve!none';
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    expect((await lab.get('/pools', { poolid: 'team' }, nobody)).data).toMatchObject([{ members: [{ vmid: 100 }] }]);
    expect((await lab.get('/pools', {}, nobody)).data).toEqual([]);
  });

  it('takes only what one may allocate or give rights on', async () => {
    await lab.put('/access/acl', { path: '/pool/team', users: 'nobody@pve', roles: 'PVEPoolAdmin' });
    const { status } = await lab.put('/pools', { poolid: 'team', vms: 100 }, 'nobody@pve!none');
    expect(status).toBe(500);
    expect(await members()).toEqual([]);
  });

  it('loses a VM that is destroyed', async () => {
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    await lab.run('DELETE', '/nodes/pve1/qemu/100');
    expect(lab.state.pools.team?.vms).toEqual([]);
  });

  it('changes as a whole or not at all', async () => {
    await lab.put('/pools', { poolid: 'team', vms: 100 });
    expect((await lab.put('/pools', { poolid: 'team', vms: '101,100' })).status).toBe(500);
    expect(await members()).toEqual([100]);
  });
});

describe('(f) a destroy', () => {
  it('has the lock destroyed in its last step, and killed there leaves nothing but that', async () => {
    lab = new Lab(labSeed, { durations: { finish: { ms: 1000 } } });
    const { data: upid } = await lab.delete('/nodes/pve1/qemu/100');
    lab.clock.advance(500);
    expect(await config(100)).toEqual({ lock: 'destroyed', digest: expect.any(String) });
    lab.simulator.world.tasks.kill(upid);
    expect((await lab.run('DELETE', '/nodes/pve1/qemu/100')).exitstatus).toBe('VM is locked (destroyed)');
    expect((await lab.post(vm(9000, 'clone'), { newid: 100 })).reason).toBe(
      'unable to create VM 100: config file already exists',
    );
  });

  it('removes unused volumes too', async () => {
    await put(102, { delete: 'scsi1' });
    await lab.run('DELETE', '/nodes/pve1/qemu/102');
    expect(await volumes(102, 'local')).toEqual([]);
  });

  it('removes the disks that the VM names, and those it does not name only if asked to', async () => {
    const ceph = lab.state.storages.ceph?.places.shared?.volumes ?? {};
    const lost = { ...ceph['vm-100-disk-0'], content: 'images' as const, vmid: 100 };
    ceph['vm-100-disk-7'] = { ...lost, format: 'raw', size: 1, used: 0, createdAt: 0, snapshots: {} };
    await lab.run('DELETE', '/nodes/pve1/qemu/100');
    expect(await volumes(100)).toEqual(['ceph:vm-100-disk-7']);
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 100 });
    await lab.run('DELETE', '/nodes/pve1/qemu/100', { 'destroy-unreferenced-disks': 1 });
    expect(await volumes(100)).toEqual([]);
  });
});
