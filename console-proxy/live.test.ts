import { expect, test } from 'vitest';
import type { ConsoleSessionStatus } from '#api/console-session.ts';
import type { ConsoleSession } from '#api/kinds.ts';
import { type LiveConsole, LiveConsoles } from './live.ts';

const live = () => new LiveConsoles({ sessions: 3, perNode: 2 });
const wanted = (uid: string, requester = uid, node = uid) => ({ uid, requester, node });

function opened(of: LiveConsoles, uid: string): string[] {
  const closed: string[] = [];
  const console: LiveConsole = {
    ...wanted(uid),
    connection: 'c-1',
    resourceVersion: '100',
    close: reason => closed.push(reason),
  };
  of.add(console);
  return closed;
}

const told = (uid: string, resourceVersion: string, status: ConsoleSessionStatus): ConsoleSession => ({
  metadata: { name: uid, uid, resourceVersion },
  spec: { vmName: 'web', type: 'VNC', mode: 'Interactive', requester: uid, challenge: '' },
  status,
});

test('there are limits for each person, each node and all', () => {
  const consoles = live();
  consoles.admit(wanted('a', 'alice', 'n1'), 1);
  expect(() => consoles.admit(wanted('b', 'alice', 'n2'), 1)).toThrow(expect.objectContaining({ reason: 'TooMany' }));
  const giveUp = consoles.admit(wanted('b', 'bob', 'n1'), 1);
  expect(() => consoles.admit(wanted('c', 'carol', 'n1'), 1)).toThrow(expect.objectContaining({ reason: 'Busy' }));
  giveUp();
  consoles.admit(wanted('c', 'carol', 'n1'), 1);
  consoles.admit(wanted('d', 'dave', 'n2'), 1);
  expect(() => consoles.admit(wanted('e', 'erin', 'n3'), 1)).toThrow(expect.objectContaining({ reason: 'Busy' }));
});

test('a session that is taken over does not count against itself', () => {
  const consoles = live();
  consoles.admit(wanted('a', 'alice'), 1);
  consoles.admit(wanted('a', 'alice'), 1);
});

test('what is told of a session closes its console, and no other', () => {
  const consoles = live();
  const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(uid => opened(consoles, uid));
  consoles.onChange({ kind: 'updated', object: told('a', '101', { connection: 'c-2' }) });
  consoles.onChange({
    kind: 'updated',
    object: told('b', '101', { connection: 'c-1', endedAt: 'x', endReason: 'Revoked' }),
  });
  consoles.onChange({ kind: 'deleted', object: told('c', '101', { connection: 'c-1' }) });
  // What was before this connection, and comes late, means nothing.
  consoles.onChange({ kind: 'updated', object: told('d', '99', {}) });
  expect([a, b, c, d]).toEqual([['Replaced'], ['Revoked'], ['SessionDeleted'], []]);
});

test('it has settled when the last is written down', async () => {
  const consoles = live();
  const writing = Promise.withResolvers<void>();
  consoles.track(Promise.resolve());
  consoles.track(writing.promise);
  let isSettled = false;
  const settled = consoles.settled().then(() => {
    isSettled = true;
  });
  await new Promise(resolve => setImmediate(resolve));
  expect(isSettled).toBe(false);
  writing.resolve();
  await settled;
});

test('who drains lets nobody in', () => {
  const consoles = live();
  consoles.drain();
  expect(() => consoles.admit(wanted('a'), 5)).toThrow(expect.objectContaining({ reason: 'Busy' }));
});
