import { describe, expect, test } from 'vitest';
import { Store } from '#kube/store.ts';
import { cluster, virtualMachine } from './core/testing/fixtures.ts';
import { awaitedNode, claimConcerns, nodeConcerns } from './wake-nodes.ts';

const machine = (name: string, status: object) => {
  const vm = virtualMachine({ resources: { cpu: 1, memory: '1Gi' } });
  return { ...vm, metadata: { ...vm.metadata, name, uid: name }, status: { node: 'n1', ...status } };
};

describe('F105: a machine that waits to grow on its node is looked at', () => {
  const waits = { conditions: [{ type: 'Ready', status: 'False', reason: 'NodeCapReached' }] } as const;

  const filled = () => {
    const store = new Store({ awaitedNode });
    const waiting = machine('waiting', waits);
    const elsewhere = machine('elsewhere', { ...waits, node: 'n2' });
    for (const vm of [waiting, elsewhere, machine('content', {})]) store.put(vm);
    return store;
  };

  const concerns = () => {
    const of = nodeConcerns(filled());
    of('added', machine('large', { allocation: { cpu: 4, memoryMiB: 4096 } }));
    return (kind: string, status: object) => of(kind, machine('large', status)).map(({ metadata }) => metadata.name);
  };

  test.each([
    ['when another one has given back what it had', 'updated', { allocation: { cpu: 1, memoryMiB: 1024 } }, true],
    ['when another one is gone', 'deleted', { allocation: { cpu: 4, memoryMiB: 4096 } }, true],
    ['when another one has left the node', 'updated', { node: 'n2', allocation: { cpu: 4, memoryMiB: 4096 } }, true],
    ['and not when another one is as large as before', 'updated', { allocation: { cpu: 4, memoryMiB: 4096 } }, false],
    ['nor when another one has grown', 'updated', { allocation: { cpu: 5, memoryMiB: 4096 } }, false],
  ] as const)('%s', (_case, kind, status, woken) => {
    expect(concerns()(kind, status)).toEqual(woken ? ['waiting'] : []);
  });

  test('when a claim on the node has gone, as that of a machine which was gone before', () => {
    const of = claimConcerns(filled());
    const claim = { uid: 'u-1', namespace: 'team-a', name: 'gone', vmid: 1000, node: 'n1', cpu: 4, memoryMiB: 512 };
    const woken = (...inFlight: (typeof claim)[]) =>
      of({ ...cluster(), status: { inFlight } }).map(({ metadata }) => metadata.name);
    expect(woken(claim, { ...claim, uid: 'u-2', node: 'n3' })).toEqual([]);
    expect(woken(claim)).toEqual([]);
    expect(woken()).toEqual(['waiting']);
  });
});
