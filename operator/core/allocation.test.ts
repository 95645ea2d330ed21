import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allocate, type ClaimRequest, type NodeCapacity, type Occupancy } from './allocation.ts';
import { together } from './node-limits.ts';
import { cluster } from './testing/fixtures.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

const node = (name: string, change: Partial<NodeCapacity> = {}): NodeCapacity => ({
  name,
  online: true,
  memoryMiB: 65_536,
  takenMemoryMiB: 0,
  berth: { vms: 0, cpu: 0, memoryMiB: 0 },
  ...change,
});

const request = (uid: string, change: Partial<ClaimRequest['demand']> = {}): ClaimRequest => ({
  uid,
  namespace: 'team-a',
  name: uid,
  demand: { cpu: 2, memoryMiB: 2048, candidates: ['n1', 'n2'], ...change },
});

const occupancy = (change: Partial<Occupancy> = {}): Occupancy => ({
  spec: cluster().spec,
  nodes: [node('n1'), node('n2')],
  inFlight: [],
  takenVmids: new Set(),
  lastVmid: 0,
  ...change,
});

describe('VMIDs', () => {
  test('F27: come from the range, above the last one, past those that are taken', () => {
    const { granted } = allocate([request('a')], occupancy({ lastVmid: 1004, takenVmids: new Set([1005, 1006]) }));
    expect(granted.get('a')?.vmid).toBe(1007);
  });

  test('begin again at the start of the range when its end is reached', () => {
    const { granted } = allocate([request('a')], occupancy({ lastVmid: 1999, takenVmids: new Set([1000]) }));
    expect(granted.get('a')?.vmid).toBe(1001);
  });

  test('a full range is told in words', () => {
    const spec = cluster({ vmidRange: { start: 1000, end: 1001 } }).spec;
    const { refused } = allocate([request('a')], occupancy({ spec, takenVmids: new Set([1000, 1001]) }));
    expect(refused.get('a')).toEqual({
      reason: 'NoFreeVMID',
      message: 'Every VMID from 1000 to 1001 is in use; widen spec.vmidRange.',
    });
  });

  test('F27: are never given twice, whatever is claimed, taken and asked for', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1000, max: 1030 }));
    fc.assert(
      fc.property(
        numbers,
        numbers,
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 990, max: 1040 }),
        (taken, claimed, count, lastVmid) => {
          const spec = cluster({ vmidRange: { start: 1000, end: 1030 } }).spec;
          const inFlight = claimed.map(vmid => ({
            uid: `held-${vmid}`,
            namespace: 'x',
            name: 'x',
            vmid,
            node: 'n1',
            cpu: 1,
            memoryMiB: 1,
          }));
          const requests = Array.from({ length: count }, (_, index) => request(`r${index}`));
          const result = allocate(requests, occupancy({ spec, inFlight, takenVmids: new Set(taken), lastVmid }));
          const given = [...result.granted.values()].map(({ vmid }) => vmid);
          expect(new Set(given).size).toBe(given.length);
          expect(given.filter(vmid => taken.includes(vmid) || claimed.includes(vmid))).toEqual([]);
          expect(result.granted.size + result.refused.size).toBe(count);
        },
      ),
    );
  });
});

describe("F108: a namespace's share", () => {
  test('F27: of VMIDs is all that it gets', () => {
    const { granted, refused } = allocate(
      [
        request('a', { vmids: { start: 1500, end: 1500 } }),
        request('b', { vmids: { start: 1500, end: 1500 } }),
        request('c'),
      ],
      occupancy(),
    );
    expect([granted.get('a')?.vmid, granted.get('c')?.vmid]).toEqual([1500, 1501]);
    expect(refused.get('b')).toEqual({
      reason: 'NoFreeVMID',
      message: "Every VMID from 1500 to 1500 is in use; widen the VmQuota's and the ProxmoxCluster's spec.vmidRange.",
    });
  });

  test('of VMIDs that lies outside the cluster has none', () => {
    const { refused } = allocate([request('a', { vmids: { start: 5, end: 9 } })], occupancy());
    expect(refused.get('a')?.message).toBe('No VMID is in the vmidRange of both the VmQuota and the ProxmoxCluster.');
  });

  test('of a node counts its own machines only, claims on the way included', () => {
    const use = (vms: number) => ({ vms, cpu: 0, memoryMiB: 0 });
    const shares = [{ node: 'n1', vms: 3, cpu: 100 }];
    const nodes = [
      node('n1', {
        namespaces: new Map([
          ['team-a', use(1)],
          ['team-b', use(9)],
        ]),
      }),
    ];
    const only = { candidates: ['n1'], shares };
    const { granted, refused } = allocate(
      [request('a', only), request('b', only), request('c', only)],
      occupancy({ nodes }),
    );
    expect([...granted.keys()]).toEqual(['a', 'b']);
    expect(refused.get('c')).toEqual({
      reason: 'NodeCapReached',
      message: 'n1: 4 machines would be above the limit of 3 of the namespace (VmQuota perNode).',
    });
  });
});

describe('places', () => {
  test('F28: the node with the most free memory, counting what is claimed on the way', () => {
    const { granted } = allocate(
      [request('a'), request('b')],
      occupancy({ nodes: [node('n1', { takenMemoryMiB: 1024 }), node('n2')] }),
    );
    expect([granted.get('a')?.node, granted.get('b')?.node]).toEqual(['n2', 'n1']);
  });

  test('a machine that holds a claim keeps it', () => {
    const first = allocate([request('a')], occupancy());
    const again = allocate([request('a')], occupancy({ inFlight: first.inFlight, lastVmid: first.lastVmid }));
    expect(again.granted.get('a')).toEqual(first.granted.get('a'));
    expect(again.inFlight).toHaveLength(1);
  });

  test.each([
    ['no approved node', { candidates: ['n9'] }, {}, 'NodeNotAllowed'],
    [
      'nodes are offline',
      {},
      { nodes: [node('n1', { online: false }), node('n2', { online: false })] },
      'AllNodesOffline',
    ],
    ['nothing is big enough', { memoryMiB: 70_000 }, {}, 'NoNodeFits'],
    [
      'F105: a cap is reached',
      {},
      {
        spec: cluster({
          nodes: [
            { name: 'n1', maxVMs: 0 },
            { name: 'n2', maxVMs: 0 },
          ],
        }).spec,
      },
      'NodeCapReached',
    ],
  ])('%s: %s', (_case, demand, change, reason) => {
    expect(allocate([request('a', demand)], occupancy(change)).refused.get('a')?.reason).toBe(reason);
  });

  test('a refusal names each node with its numbers', () => {
    const { refused } = allocate([request('a', { memoryMiB: 70_000 })], occupancy());
    expect(refused.get('a')?.message).toContain('n1: 70000 MiB are needed, 65536 MiB are free.');
  });
});

describe('F105: a node that is capped', () => {
  const spec = cluster({ nodes: [{ name: 'n1', maxCPU: 8 }] }).spec;
  const use = (cpu: number) => ({ vms: 1, cpu, memoryMiB: 512 });
  const there = (machines: Record<string, number>) => {
    const uses = new Map(Object.entries(machines).map(([uid, cpu]) => [uid, use(cpu)] as const));
    return node('n1', { berth: together(...uses.values()), machines: uses });
  };
  const claim = (uid: string, cpu: number) => {
    return { uid, namespace: 'team-a', name: uid, vmid: 1000, node: 'n1', cpu, memoryMiB: 512 };
  };
  const grows = (uid: string, cpu: number): ClaimRequest => ({
    ...request(uid, { cpu, memoryMiB: 512, candidates: ['n1'], grows: { cpu: true, memory: false } }),
    growth: { node: 'n1', vmid: 1000, generation: undefined },
  });

  test('counts a machine that has a claim once, by what is more', () => {
    const of = (cpu: number) => {
      const occupied = occupancy({ spec, nodes: [there({ a: 4, b: cpu })], inFlight: [claim('a', 6)] });
      return allocate([grows('b', cpu)], occupied);
    };
    expect([...of(2).granted.keys()]).toEqual(['b']);
    expect(of(3).refused.get('b')?.message).toBe('spec.resources: on node n1 9 CPUs would be above the limit of 8.');
    const smaller = occupancy({ spec, nodes: [there({ a: 6, b: 3 })], inFlight: [claim('a', 4)] });
    expect(allocate([grows('b', 3)], smaller).refused.has('b')).toBe(true);
  });

  test('lets all grow at once that have room together', () => {
    const { granted } = allocate([grows('a', 4), grows('b', 4)], occupancy({ spec, nodes: [there({ a: 4, b: 4 })] }));
    expect([...granted.keys()]).toEqual(['a', 'b']);
  });

  test('keeps what was granted before, which may be under way, and does not hold it against the same machine', () => {
    const occupied = occupancy({ spec, nodes: [there({ a: 4, b: 2 })], inFlight: [claim('a', 6)] });
    expect(allocate([grows('a', 4)], occupied).inFlight).toEqual([claim('a', 6)]);
    const above = occupancy({ spec, nodes: [there({ a: 9 })], inFlight: [claim('a', 6)] });
    expect(allocate([grows('a', 9)], above)).toMatchObject({ inFlight: [claim('a', 6)] });
    const lowered = occupancy({ spec, nodes: [there({ a: 8 })], inFlight: [claim('a', 16)] });
    expect(allocate([grows('a', 8)], lowered).granted.get('a')?.cpu).toBe(16);
  });
});
