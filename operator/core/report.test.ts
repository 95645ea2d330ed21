import { expect, test } from 'vitest';
import { type Decision, queued } from './decision.ts';
import type { Observed } from './observed.ts';
import { type ActionResult, statusOf } from './report.ts';
import { clusterId, virtualMachine } from './testing/fixtures.ts';

const decision: Decision = {
  action: { kind: 'start', node: 'n1', vmid: 1000 },
  finding: { reason: queued, message: 'this one was number 3 in line' },
  heldBy: { condition: 'PowerSynced', notReady: 'PowerChanging' },
  outcome: { kind: 'done' },
  holding: [],
};

function report(before: Observed['vm']['status'], result: ActionResult) {
  const vm = { ...virtualMachine(), status: before };
  const o: Observed = { now: 0, clusterId, vm, clusters: [], task: { state: 'none' }, sweep: false };
  return statusOf(o, decision, result);
}

test('a machine that waits for its turn tells its place, and does no more once it has started', () => {
  const waiting = report({}, { place: 3 });
  expect(waiting).toMatchObject({ queuePosition: 3, printableStatus: 'Queued' });
  expect(waiting?.conditions).toContainEqual(expect.objectContaining({ type: 'PowerSynced', reason: 'Queued' }));
  const started = report(waiting, { task: { upid: 'UPID:1', type: 'qmstart', node: 'n1' } });
  expect(started?.queuePosition).toBeUndefined();
});
