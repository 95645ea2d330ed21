import { describe, expect, test } from 'vitest';
import type { Observed, TaskView } from '../observed.ts';
import { plan } from '../plan.ts';
import { statusOf } from '../report.ts';
import { clonedConfig, cluster, clusterId, virtualMachine } from '../testing/fixtures.ts';
import { finalizer } from './reserve.ts';

const now = Date.parse('2026-01-01T00:10:00Z');

/** A resource that is deleted while its template is being cloned. */
function deleted(task: TaskView, change: Partial<Observed> = {}): Observed {
  const vm = virtualMachine();
  vm.metadata = { ...vm.metadata, finalizers: [finalizer], deletionTimestamp: '2026-01-01T00:09:00Z' };
  vm.status = { cluster: 'lab', vmid: 1000, node: 'n1' };
  if (task.state !== 'none') {
    vm.status.task = { upid: 'UPID:x', type: 'qmclone', node: 'n1', startedAt: '2026-01-01T00:08:00Z' };
  }
  return { now, clusterId, vm, clusters: [cluster()], task, sweep: false, ...change };
}

describe('F14: a clone whose resource is deleted', () => {
  test('is cancelled only once the status says who does it', () => {
    const first = deleted({ state: 'running' });
    const undertaken = plan(first);
    expect(undertaken.action).toEqual({ kind: 'undertakeCancel' });
    const status = statusOf(first, undertaken, { cancelling: true });
    expect(status?.task).toMatchObject({ upid: 'UPID:x', cancelledAt: '2026-01-01T00:10:00.000Z' });
    expect(plan(deleted({ state: 'running', cancel: 'ours' })).action).toEqual({ kind: 'cancelTask', upid: 'UPID:x' });
  });

  test.each(['theirs', 'sent'] as const)('is left to end where the cancel is %s', cancel => {
    const { action, outcome } = plan(deleted({ state: 'running', cancel }));
    expect(action).toBeUndefined();
    expect(outcome.kind).toBe('again');
  });

  const half = clonedConfig({ description: 'qmclone temporary file', lock: 'clone', uuid: undefined });
  const config = { found: true, node: 'n1', config: half } as const;

  test('is taken up again where its UPID was lost and a log tells which one it is', () => {
    const worker = { running: true, upid: 'UPID:y', candidates: ['UPID:y'] } as const;
    expect(plan(deleted({ state: 'none' }, { config, worker: { ...worker, candidates: ['UPID:y'] } })).action).toEqual({
      kind: 'followMaking',
      upid: 'UPID:y',
    });
  });

  test('is waited for where no log tells, and the sentence names what it may be', () => {
    const worker: Observed['worker'] = { running: true, candidates: ['UPID:y', 'UPID:z'] };
    const { action, finding } = plan(deleted({ state: 'none' }, { config, worker }));
    expect(action).toBeUndefined();
    expect(finding?.message).toContain('UPID:y, UPID:z');
  });
});
