import { beforeEach, describe, expect, test } from 'vitest';
import { createProxmoxClient } from './client.ts';
import type { InventoryChange } from './inventory-diff.ts';
import { createInventoryPoller, type InventoryPoller } from './inventory-poller.ts';
import { type ManualClock, manualClock } from './testing/clock.ts';

type Line = Record<string, unknown> & { vmid: number };

let vms: Line[];
let fail: Error | undefined;
let duringPoll: () => void;
let polls: number;
let changes: InventoryChange[];
let errors: unknown[];
let clock: ManualClock;
let poller: InventoryPoller;

beforeEach(() => {
  vms = [line(100), line(101)];
  fail = undefined;
  duringPoll = () => {};
  polls = 0;
  changes = [];
  errors = [];
  clock = manualClock();
  const client = createProxmoxClient({
    async request() {
      polls += 1;
      duringPoll();
      if (fail !== undefined) throw fail;
      return vms;
    },
  });
  poller = createInventoryPoller({
    client,
    intervalMs: 5_000,
    onChange: change => changes.push(change),
    onError: error => errors.push(error),
    clock,
  });
});

function line(vmid: number, fields: Record<string, unknown> = {}): Line {
  return { type: 'qemu', vmid, node: 'pve1', status: 'running', name: `vm${vmid}`, uptime: 100, tags: 'a', ...fields };
}

describe('the inventory poller', () => {
  test('starts with everything as new', async () => {
    await clock.advance(0);
    expect(changes).toEqual([{ appeared: [100, 101], changed: [], disappeared: [] }]);
    expect(poller.latest?.vms.map(({ vmid }) => vmid)).toEqual([100, 101]);
  });

  test('asks once an interval, and tells nothing while nothing changes', async () => {
    await clock.advance(60_000);
    expect(polls).toBe(13);
    expect(poller.polls).toBe(13);
    expect(changes).toHaveLength(1);
  });

  test('tells what came, changed and went', async () => {
    await clock.advance(0);
    vms = [line(101, { status: 'stopped' }), line(102)];
    await clock.advance(5_000);
    expect(changes[1]).toEqual({ appeared: [102], changed: [101], disappeared: [100] });
  });

  test.each([
    ['moved', { node: 'pve2' }],
    ['is renamed', { name: 'other' }],
    ['is locked', { lock: 'backup' }],
    ['is tagged', { tags: 'a;b' }],
    ['joins a pool', { pool: 'k8s' }],
    ['became a template', { template: 1 }],
    ['got memory', { maxmem: 1 }],
    ['was off and on again between two polls', { uptime: 3 }],
  ])('tells of a VM that %s', async (_, fields) => {
    await clock.advance(0);
    vms = [line(100, fields), line(101)];
    await clock.advance(5_000);
    expect(changes[1]).toEqual({ appeared: [], changed: [100], disappeared: [] });
  });

  test('does not tell of metrics', async () => {
    await clock.advance(0);
    vms = [line(100, { uptime: 105, cpu: 0.5, mem: 7, netin: 8 }), line(101)];
    await clock.advance(5_000);
    expect(changes).toHaveLength(1);
  });

  test('keeps the last list with its time through an outage, and counts the failures', async () => {
    await clock.advance(0);
    const before = poller.latest;
    fail = new Error('connection refused');
    await clock.advance(15_000);
    expect(poller.latest).toBe(before);
    expect(poller.failures).toBe(4);
    expect(errors).toEqual([fail, fail, fail, fail]);
    expect(changes).toHaveLength(1);
  });

  test('asks again soon after a poll that failed, and ever more rarely up to its interval', async () => {
    fail = new Error('connection refused');
    await clock.advance(5_000);
    const atFirst = polls;
    await clock.advance(1_000 + 2_000 + 4_000);
    expect(polls - atFirst).toBe(3);
    await clock.advance(50_000);
    expect(polls - atFirst).toBe(13);
  });

  test('compares with the list from before an outage', async () => {
    await clock.advance(0);
    fail = new Error('connection refused');
    await clock.advance(5_000);
    fail = undefined;
    vms = [line(101)];
    await clock.advance(5_000);
    expect(changes[1]).toEqual({ appeared: [], changed: [], disappeared: [100] });
    expect(poller.failures).toBe(0);
  });

  test('dates a list before it was asked for', async () => {
    await clock.advance(7_000);
    expect(poller.latest?.takenAt).toBe(clock.now() - 2_000);
  });

  test('is silent once it is closed, even about the poll that was under way', async () => {
    await clock.advance(0);
    duringPoll = () => poller.close();
    vms = [];
    await clock.advance(60_000);
    expect(polls).toBe(2);
    expect(changes).toHaveLength(1);
    expect(poller.latest?.vms).toHaveLength(2);
  });
});
