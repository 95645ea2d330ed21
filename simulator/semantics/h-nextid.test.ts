import { beforeEach, describe, expect, it } from 'vitest';
import { Lab } from '../testing/lab.ts';

let lab: Lab;

beforeEach(() => {
  lab = new Lab();
});

describe('(h) nextid', () => {
  it('is the first number that no VM and no container of the cluster has, as text', async () => {
    expect((await lab.get('/cluster/nextid')).data).toBe('103');
    lab.state.containers[103] = { vmid: 103, node: 'pve2', name: 'box' };
    expect((await lab.get('/cluster/nextid')).data).toBe('104');
  });

  it('keeps to the range of the datacenter', async () => {
    lab.state.cluster.options['next-id'] = 'lower=9000,upper=9003';
    expect((await lab.get('/cluster/nextid')).data).toBe('9002');
    await lab.run('POST', '/nodes/pve1/qemu', { vmid: 9002 });
    expect((await lab.get('/cluster/nextid')).reason).toBe('unable to get any free VMID in range [9000, 9003]');
  });

  it('says whether a number is free', async () => {
    expect((await lab.get('/cluster/nextid', { vmid: 200 })).data).toBe('200');
    expect((await lab.get('/cluster/nextid', { vmid: 100 })).errors).toEqual({ vmid: 'VM 100 already exists' });
  });

  it('reserves nothing: who asks at the same time gets the same number, and one of them fails', async () => {
    const ids = await Promise.all([lab.get('/cluster/nextid'), lab.get('/cluster/nextid')]);
    const [first, second] = ids.map(({ data }) => data);
    expect(first).toBe(second);
    const created = [first, second].map(vmid => lab.send('POST', '/nodes/pve1/qemu', { vmid }));
    const replies = await Promise.all(created.map(each => lab.until(each)));
    expect(replies.map(({ status }) => status)).toEqual([200, 500]);
    expect(replies[1]?.reason).toBe("unable to create VM 103 - VM 103 already exists on node 'pve1'");
  });
});
