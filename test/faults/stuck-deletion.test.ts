import { expect, test } from 'vitest';
import { virtualMachines } from '#api/kinds.ts';
import { FaultWorld } from './fault-world.ts';

/** Something that keeps a machine from being removed, and its end. */
interface Trouble {
  what: string;
  begin: (world: FaultWorld, vmid: number) => void;
  end: (world: FaultWorld, vmid: number) => void;
  /** What the resource says of it meanwhile. */
  reason: string;
  words: RegExp;
}

const vmPath = (vmid: number) => `/nodes/{node}/qemu/${vmid}`;
const clearFaults = (world: FaultWorld) => world.simulator.faults.clear();

const troubles: Trouble[] = [
  {
    what: 'a backup has locked it',
    begin: ({ simulator }, vmid) => Object.assign(simulator.state.vms[vmid]?.config.current ?? {}, { lock: 'backup' }),
    end: ({ simulator }, vmid) => delete simulator.state.vms[vmid]?.config.current.lock,
    reason: 'Deleting',
    words: /locked.*backup/,
  },
  {
    what: 'its removal fails in Proxmox',
    begin: ({ simulator }, vmid) =>
      simulator.faults.add({ what: 'task-error', message: 'rbd error: busy', method: 'DELETE', path: vmPath(vmid) }),
    end: clearFaults,
    reason: 'Deleting',
    words: /Proxmox says: rbd error: busy.*tried again every 30 s/,
  },
  {
    what: 'its stop fails in Proxmox',
    begin: ({ simulator }, vmid) =>
      simulator.faults.add({ what: 'task-error', message: 'got timeout', path: `${vmPath(vmid)}/status/stop` }),
    end: clearFaults,
    reason: 'Deleting',
    words: /got timeout/,
  },
  {
    what: 'the token may not',
    begin: ({ simulator }, vmid) =>
      simulator.faults.add({
        what: 'answer',
        status: 403,
        reason: 'Permission check failed',
        path: `${vmPath(vmid)}/**`,
      }),
    end: clearFaults,
    reason: 'Deleting',
    words: /refuses it to Berth's token.*Permission check failed/,
  },
  {
    what: 'the cluster has no quorum',
    begin: ({ simulator }) => Object.assign(simulator.state.cluster, { quorate: false }),
    end: ({ simulator }) => Object.assign(simulator.state.cluster, { quorate: true }),
    reason: 'Deleting',
    // Proxmox' own words for a cluster file system that cannot be written; the ProxmoxCluster says why.
    words: /Permission denied/,
  },
  {
    what: 'Proxmox answers nobody',
    begin: ({ simulator }) => simulator.faults.add({ what: 'refuse' }),
    end: clearFaults,
    reason: 'ProxmoxUnavailable',
    words: /cannot be used now/,
  },
];

/** Calls that change something, in ten minutes of trouble: each is tried again, and none in a circle. */
const mostCalls = 70;

test.each(troubles)('F14, F133, F136: a deletion waits while $what, says so, and goes on', async trouble => {
  const watch = { lagMs: 0, twice: 0, missing: 0 };
  const world = new FaultWorld({ plan: new Map(), durations: {}, random: () => 0.5, watch });
  await world.begin();
  await world.create('web-1');
  const ready = () => world.machine('web-1')?.status?.conditions?.find(({ type }) => type === 'Ready');
  expect(await world.until(() => ready()?.status === 'True', 300_000)).toBe(true);
  const vmid = world.machine('web-1')?.status?.vmid ?? 0;

  trouble.begin(world, vmid);
  await world.kubernetes.client().remove(virtualMachines, { namespace: 'team-a', name: 'web-1' });
  const before = world.counter.calls.length;
  await world.pass(600_000);
  expect(ready()).toMatchObject({ reason: trouble.reason, message: expect.stringMatching(trouble.words) });
  const changes = world.counter.calls.slice(before).filter(call => /^proxmox (POST|PUT|DELETE)/.test(call));
  expect(changes.length).toBeLessThan(mostCalls);

  trouble.end(world, vmid);
  expect(await world.until(() => world.machine('web-1') === undefined, 600_000)).toBe(true);
  expect(world.invariants.leaks()).toEqual([]);
  world.end();
});
