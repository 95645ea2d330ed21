import { describe, expect, test } from 'vitest';
import type { ConsoleSessionStatus } from '#api/console-session.ts';
import type { ConsoleSession, VirtualMachine } from '#api/kinds.ts';
import { virtualMachine } from '../testing/fixtures.ts';
import { decideSession, isOpen, keptMs } from './session.ts';
import type { SessionView } from './view.ts';

const now = Date.UTC(2026, 0, 1, 12);
const at = (seconds: number) => new Date(now + seconds * 1000).toISOString();

const running: VirtualMachine = {
  ...virtualMachine(),
  status: { vmid: 1000, node: 'n1', powerState: 'Running', createdAt: at(-3600) },
};

const session = (status?: ConsoleSessionStatus): ConsoleSession => ({
  metadata: { namespace: 'team-a', name: 's-1', uid: 'u-9', generation: 1, creationTimestamp: at(0) },
  spec: { vmName: 'web-1', type: 'VNC', mode: 'Interactive', requester: 'alice', challenge: 'c'.repeat(43) },
  ...(status && { status }),
});

const decide = (change: Partial<SessionView> = {}) =>
  decideSession({
    session: session(),
    vm: running,
    limits: { ttlSeconds: 60, maxPerUser: 5 },
    consoleUrl: 'https://console.test',
    others: 0,
    now,
    ...change,
  });

const reasonOf = (status: ConsoleSessionStatus | undefined) =>
  status?.conditions?.find(({ type }) => type === 'Ready')?.reason;

describe('a session that was asked for', () => {
  test('F80: says where and until when it can be opened, and for which machine', () => {
    expect(decide()).toMatchObject({
      status: {
        url: 'https://console.test/s/team-a/s-1',
        expiresAt: at(60),
        vmUID: 'u-1',
        conditions: [{ type: 'Ready', status: 'True', reason: 'Openable' }],
      },
      againAt: now + 60_000,
    });
  });

  test.each<[reason: string, change: Partial<SessionView>, message: RegExp]>([
    ['ConsoleNotInstalled', { consoleUrl: undefined }, /no console-proxy/],
    ['MachineNotFound', { vm: undefined }, /no machine "web-1"/],
    [
      'MachineDeleted',
      { vm: { ...running, metadata: { ...running.metadata, deletionTimestamp: at(0) } } },
      /being deleted/,
    ],
    ['MachineNotMade', { vm: virtualMachine() }, /still being made/],
    ['MachineNotRunning', { vm: { ...running, status: { ...running.status, powerState: 'Stopped' } } }, /start it/],
    ['TooManyConsoles', { others: 5 }, /alice has 5 consoles open; 5 are allowed/],
  ])('F87: cannot be opened for %s, in words, and is looked at again', (reason, change, message) => {
    const { status, againAt } = decide(change);
    expect(reasonOf(status)).toBe(reason);
    expect(status).not.toHaveProperty('url');
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'Stalled']);
    expect(status?.conditions?.[0]?.message).toMatch(message);
    expect(againAt).toBe(now + 60_000);
  });

  test('can be opened once what held it up is over', () => {
    const refused = decide({ vm: undefined }).status;
    const { status } = decide({ session: session(refused) });
    expect(status?.conditions?.map(({ type }) => type)).toEqual(['Ready']);
    expect(status?.url).toBeDefined();
  });

  test('ends where it could not be opened for as long as it may wait', () => {
    const refused = decide({ vm: undefined }).status;
    const { status } = decide({ session: session(refused), vm: undefined, now: now + 60_000 });
    expect(status).toMatchObject({ endedAt: at(60), endReason: 'Refused' });
  });
});

describe('F81: a session that can be opened', () => {
  const granted = decide().status;

  test('is left as it is', () => {
    expect(decide({ session: session(granted), now: now + 1000 })).toEqual({ againAt: now + 60_000 });
  });

  test('ends when nobody has opened it in time', () => {
    const { status } = decide({ session: session(granted), now: now + 60_000 });
    expect(status).toMatchObject({ endedAt: at(60), endReason: 'Expired' });
    expect(reasonOf(status)).toBe('Ended');
  });

  test('counts against what its requester may have, until it ends', () => {
    expect(isOpen(session(granted))).toBe(true);
    expect(isOpen(session())).toBe(false);
    expect(isOpen(session({ ...granted, endedAt: at(1) }))).toBe(false);
  });
});

describe('a session that is open', () => {
  const open = { ...decide().status, redeemedAt: at(10), redeemedBy: 'p', lastSeenAt: at(10), endsAt: at(14_410) };

  test('does not expire', () => {
    expect(decide({ session: session(open), now: now + 120_000 })).not.toHaveProperty('status');
  });

  test('ends when the console-proxy says nothing for too long, or not that it ended', () => {
    const late = decide({ session: session(open), now: now + 10_000 + 660_000 });
    expect(late.status).toMatchObject({ endReason: 'Lost' });
    const seen = { ...open, lastSeenAt: at(14_400) };
    expect(decide({ session: session(seen), now: now + 14_469_000 })).not.toHaveProperty('status');
    expect(decide({ session: session(seen), now: now + 14_470_000 }).status).toMatchObject({ endReason: 'Lost' });
  });

  test.each<[what: string, vm: VirtualMachine | undefined]>([
    ['is gone', undefined],
    ['is another one', { ...running, metadata: { ...running.metadata, uid: 'u-2' } }],
    ['is being deleted', { ...running, metadata: { ...running.metadata, deletionTimestamp: at(0) } }],
  ])('F83: ends at once when its machine %s', (_, vm) => {
    expect(decide({ session: session(open), vm, now: now + 20_000 }).status).toMatchObject({
      endedAt: at(20),
      endReason: 'MachineDeleted',
    });
  });

  test('leaves alone what the console-proxy wrote', () => {
    const { status } = decide({ session: session({ ...open, endedAt: at(20), endReason: 'Idle', bytesIn: 7 }) });
    for (const key of ['redeemedAt', 'redeemedBy', 'lastSeenAt', 'endsAt', 'endedAt', 'endReason', 'bytesIn']) {
      expect(status).not.toHaveProperty(key);
    }
    expect(status?.conditions?.[0]).toMatchObject({ reason: 'Ended', message: 'Nobody typed for too long.' });
  });
});

test('a session is removed ten minutes after its end, however late one looks', () => {
  const over = session({ endedAt: at(0), endReason: 'Closed', conditions: decide().status?.conditions });
  expect(decide({ session: over, now: now + keptMs - 1 })).toMatchObject({ againAt: now + keptMs });
  expect(decide({ session: over, now: now + keptMs })).toEqual({ remove: true });
  expect(decide({ session: over, now: now + 1e10 })).toEqual({ remove: true });
});
