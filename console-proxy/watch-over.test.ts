import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { ConsoleSession } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import { watchOver } from './watch-over.ts';

const session: ConsoleSession = {
  metadata: { namespace: 'team-a', name: 's', uid: 'u' },
  spec: { vmName: 'web', type: 'VNC', mode: 'Interactive', requester: 'alice', challenge: 'c'.repeat(43) },
  status: { vmUID: 'vm' },
};

/** What the API server says. */
let answers: { allowed: boolean | undefined; uid: string };
let closed: string[];
let typedAt: number;
let stop: () => void;

const kube = {
  connection: {
    request: async () => {
      if (answers.allowed === undefined) throw new Error('no answer');
      return { status: { allowed: answers.allowed } };
    },
  },
  get: async () => ({ metadata: { name: 'web', uid: answers.uid } }),
} as unknown as KubeClient;

beforeEach(() => {
  vi.useFakeTimers();
  answers = { allowed: true, uid: 'vm' };
  closed = [];
  typedAt = performance.now();
  stop = watchOver({
    kube,
    session,
    remainingMs: 14_400_000,
    idleMs: 900_000,
    typedAt: () => typedAt,
    close: reason => closed.push(reason),
  });
});

afterEach(() => {
  stop();
  vi.useRealTimers();
});

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000);

test('F83: a console in which nobody types ends, one in which somebody does goes on until its time is over', async () => {
  await pass(890);
  typedAt = performance.now();
  await pass(890);
  expect(closed).toEqual([]);
  await pass(11);
  expect(closed[0]).toBe('Idle');
});

test('F83: a console ends when its time is over, whoever types', async () => {
  for (let minute = 0; minute < 239; minute++) {
    typedAt = performance.now();
    await pass(60);
  }
  expect(closed).toEqual([]);
  typedAt = performance.now();
  await pass(61);
  expect(closed[0]).toBe('TimeLimit');
});

test('F83: a right that was taken away is noticed within 35 s', async () => {
  await pass(100);
  answers.allowed = false;
  await pass(35);
  expect(closed[0]).toBe('Revoked');
});

test('F83: so is a machine that is another one by now', async () => {
  answers.uid = 'another';
  await pass(35);
  expect(closed[0]).toBe('MachineDeleted');
});

test('an API server that is away for a minute ends nothing, one that stays away does', async () => {
  answers.allowed = undefined;
  await pass(70);
  expect(closed).toEqual([]);
  answers.allowed = true;
  await pass(30);
  answers.allowed = undefined;
  await pass(150);
  expect(closed[0]).toBe('Unverified');
});

test('nothing is done any more once it is stopped, not even after an answer that was waited for', async () => {
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  kube.connection.request = async () => {
    asked.resolve();
    await answered.promise;
    return { status: { allowed: true } };
  };
  await pass(29);
  await asked.promise;
  stop();
  answered.resolve();
  await pass(0);
  expect(vi.getTimerCount()).toBe(0);
  answers.allowed = false;
  await pass(20_000);
  expect(closed).toEqual([]);
});
