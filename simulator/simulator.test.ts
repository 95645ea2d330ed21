import { describe, expect, it } from 'vitest';
import { Lab } from './testing/lab.ts';

/** A short day in a cluster's life; answers all that there is at its end. */
async function live(random: number): Promise<unknown> {
  const lab = new Lab(undefined, { random });
  lab.simulator.faults.add({ what: 'answer', status: 500, reason: 'no', path: '/version', probability: 0.5 });
  const versions = [];
  for (let count = 0; count < 20; count++) versions.push((await lab.get('/version')).status);
  await lab.run('POST', '/nodes/pve1/qemu', { vmid: 200, scsi0: 'ceph:1', net0: 'virtio,bridge=vmbr0' });
  await lab.run('POST', '/nodes/pve1/qemu/9000/clone', { newid: 201, full: 1, pool: 'team' });
  await lab.run('POST', '/nodes/pve1/qemu/201/status/start');
  const console = await lab.post('/nodes/pve1/qemu/201/vncproxy', { websocket: 1 });
  return JSON.stringify({ versions, ticket: console.data.ticket, dump: lab.simulator.dump() });
}

describe('a simulator', () => {
  it('is deterministic: one seed gives one run, to the last MAC address, ticket and fault', async () => {
    const first = await live(7);
    expect(await live(7)).toBe(first);
    expect(await live(8)).not.toBe(first);
  });
});
