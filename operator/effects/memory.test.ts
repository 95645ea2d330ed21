import { beforeEach, describe, expect, test } from 'vitest';
import type { GuestView } from '../core/guest-view.ts';
import { clonedConfig } from '../core/testing/fixtures.ts';
import { MachineMemory } from './memory.ts';

let now: number;
let memory: MachineMemory;

beforeEach(() => {
  now = 0;
  memory = new MachineMemory(
    () => now,
    () => 0.5,
  );
});

const open = { upid: 'UPID:x', type: 'qmclone', node: 'n1', startedAt: '2026-01-01T00:00:00Z' };
const undertaken = { ...open, cancelledAt: '2026-01-01T00:01:00Z' };

describe('who is to cancel a task', () => {
  test('is nobody yet', () => {
    expect(memory.cancelOf('u', open)).toBeUndefined();
  });

  test('is who has undertaken it, for five seconds; another operator is given ten', () => {
    memory.cancelUndertaken('u', undertaken);
    expect(memory.cancelOf('u', undertaken)).toBe('ours');
    now = 5_000;
    expect(memory.cancelOf('u', undertaken)).toBe('theirs');
    now = 10_000;
    expect(memory.cancelOf('u', undertaken)).toBeUndefined();
  });

  test('is another one where the undertaking is not ours, until it has had its time by our own clock', () => {
    now = 1_000_000;
    expect(memory.cancelOf('u', undertaken)).toBe('theirs');
    now += 10_000;
    expect(memory.cancelOf('u', undertaken)).toBeUndefined();
    expect(memory.cancelOf('u', { ...undertaken, cancelledAt: '2026-01-01T00:02:00Z' })).toBe('theirs');
  });

  test('is nobody any more once Proxmox was told', () => {
    memory.cancelUndertaken('u', undertaken);
    memory.taskCancelled('u', 'UPID:x');
    now = 60_000;
    expect(memory.cancelOf('u', undertaken)).toBe('sent');
  });
});

describe('F62, F154: a configuration that was read', () => {
  const view = { found: true, node: 'n1', config: clonedConfig() } as const;
  const ran = { upid: 'UPID:x', result: 'Succeeded', finishedAt: '2026-01-01T00:00:00Z' } as const;
  const rollback = { ...open, type: 'qmrollback' };

  test('is taken for true for a minute, also while other tasks come and go', () => {
    memory.config('u', view, undefined);
    expect(memory.validConfig('u', { task: open })).toBe(view);
    expect(memory.validConfig('u', { lastTask: { ...ran, type: 'qmstart' } })).toBe(view);
    now = 60_000;
    expect(memory.validConfig('u', undefined)).toBeUndefined();
  });

  test('is read anew once the status tells of a rollback, whoever did it', () => {
    memory.config('u', view, undefined);
    expect(memory.validConfig('u', { task: rollback })).toBeUndefined();
    expect(memory.validConfig('u', { lastTask: { ...ran, type: 'qmrollback' } })).toBeUndefined();
    memory.config('u', view, { task: rollback });
    expect(memory.validConfig('u', { lastTask: { ...ran, type: 'qmrollback' } })).toBe(view);
  });
});

describe('a wait in line', () => {
  test('is told when it lasts, or when it will', () => {
    expect(memory.quietMs('u', false)).toBe(0);
    expect(memory.quietMs('u', true)).toBe(3_000);
    now = 2_000;
    expect(memory.quietMs('u', true)).toBe(1_000);
    now = 3_000;
    expect(memory.quietMs('u', true)).toBe(0);
    expect(memory.quietMs('u', undefined)).toBe(0);
    expect(memory.quietMs('u', true)).toBe(3_000);
  });
});

describe('a guest', () => {
  const answer: GuestView = { state: 'answered', interfaces: [] };

  test('is asked with growing pauses while it is silent, and not while it is being asked', () => {
    expect(memory.guestTurn('u', 'start').inMs).toBe(5_000);
    memory.guestAsked('u');
    expect(memory.guestTurn('u', 'start').inMs).toBe(Number.POSITIVE_INFINITY);
    memory.guestHeard('u', 'start', { state: 'silent' });
    memory.guestTold('u');
    expect(memory.guestTurn('u', 'start')).toEqual({ tries: 1, inMs: 10_000 });
  });

  test('is quoted until what it said was told', () => {
    memory.guestTurn('u', 'start');
    memory.guestAsked('u');
    memory.guestHeard('u', 'start', answer);
    expect(memory.guestTurn('u', 'start').heard).toEqual(answer);
    expect(memory.guestTurn('u', 'start').heard).toEqual(answer);
    memory.guestTold('u');
    expect(memory.guestTurn('u', 'start').heard).toBeUndefined();
  });

  test('is not quoted with what it said before it was started again', () => {
    memory.guestTurn('u', 'start');
    memory.guestAsked('u');
    expect(memory.guestTurn('u', 'restart').inMs).toBe(5_000);
    memory.guestHeard('u', 'start', answer);
    expect(memory.guestTurn('u', 'restart').heard).toBeUndefined();
  });
});
