import { beforeEach, describe, expect, test } from 'vitest';
import type { Call } from './call.ts';
import { createProxmoxClient } from './client.ts';
import { ProxmoxError } from './errors.ts';
import { createTaskPoller, maxWatched, type TaskPoller } from './task-poller.ts';
import { type ManualClock, manualClock } from './testing/clock.ts';
import type { Transport } from './transport.ts';
import { formatUpid, parseUpid, type Upid } from './upid.ts';

/** Nodes with tasks, as the API shows them. */
class Nodes implements Transport {
  /** The exit text of each task that is known, undefined while it runs. */
  readonly exits = new Map<Upid, string | undefined>();
  readonly unreachable = new Set<string>();
  readonly calls: string[] = [];
  #pid = 1;

  start(node = 'pve1'): Upid {
    const type = 'qmclone';
    const upid = formatUpid({
      node,
      pid: this.#pid++,
      pstart: 1,
      startedAtSeconds: 1,
      type,
      id: '9000',
      user: 'a@pve!b',
    });
    this.exits.set(upid, undefined);
    return upid;
  }

  async request({ method, path, params }: Call): Promise<unknown> {
    const [, , node = '', , upid] = path.split('/').map(decodeURIComponent) as [string, string, string, string, Upid];
    this.calls.push(`${node} ${upid === undefined ? 'list' : 'status'}`);
    if (this.unreachable.has(node)) throw failure(595, 'No route to host', 'transient');
    if (upid === undefined) {
      expect(params).toMatchObject({ source: 'active' });
      return [...this.exits.keys()]
        .filter(upid => this.exits.get(upid) === undefined && parseUpid(upid).node === node)
        .map(upid => ({ upid, type: 'qmclone', id: '9000', starttime: 1, status: 'RUNNING', saved: '0' }));
    }
    if (!this.exits.has(upid)) throw failure(400, 'Parameter verification failed.', 'missing');
    const exitstatus = this.exits.get(upid);
    return exitstatus === undefined ? { status: 'running' } : { status: 'stopped', exitstatus };

    function failure(status: number, reason: string, kind: 'transient' | 'missing') {
      return new ProxmoxError({ kind, method, path, status, reason });
    }
  }
}

let nodes: Nodes;
let clock: ManualClock;
let ended: [string, string][];
let errors: unknown[];
let poller: TaskPoller<string>;

beforeEach(() => {
  nodes = new Nodes();
  clock = manualClock();
  ended = [];
  errors = [];
  poller = createTaskPoller<string>({
    client: createProxmoxClient(nodes),
    onEnd: (key, status) => ended.push([key, status.state === 'ended' ? status.exit : status.state]),
    onError: error => errors.push(error),
    clock,
    minIntervalMs: 1_000,
  });
});

describe('the task poller', () => {
  test('tells each end once', async () => {
    const [first, second] = [nodes.start(), nodes.start()];
    poller.watch(first, 'team/a');
    poller.watch(second, 'team/b');
    await clock.advance(1_000);
    expect(ended).toEqual([]);
    nodes.exits.set(first, 'OK');
    await clock.advance(10_000);
    expect(ended).toEqual([['team/a', 'OK']]);
    nodes.exits.set(second, 'VM is locked (backup)');
    await clock.advance(60_000);
    expect(ended.slice(1)).toEqual([['team/b', 'VM is locked (backup)']]);
  });

  test('asks nothing while no task is open', async () => {
    const upid = nodes.start();
    nodes.exits.set(upid, 'OK');
    poller.watch(upid, 'team/a');
    await clock.advance(1_000);
    expect(nodes.calls).toHaveLength(1);
    await clock.advance(3_600_000);
    expect(nodes.calls).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('asks once a node and round, however many tasks run on it', async () => {
    for (let i = 0; i < 100; i++) poller.watch(nodes.start('pve1'), `team/${i}`);
    poller.watch(nodes.start('pve2'), 'team/other');
    await clock.advance(1_000);
    expect(nodes.calls).toEqual(['pve1 list', 'pve2 status']);
    expect(poller.polls).toBe(2);
  });

  test('asks ever more rarely while nothing ends, and at least every five seconds', async () => {
    const upid = nodes.start();
    poller.watch(upid, 'team/a');
    await clock.advance(1_000 + 1_500 + 2_250 + 3_375);
    poller.watch(upid, 'team/a');
    await clock.advance(5_000 + 5_000);
    expect(nodes.calls).toHaveLength(6);
  });

  test('asks again soon when another task begins', async () => {
    poller.watch(nodes.start(), 'team/a');
    await clock.advance(60_000);
    const second = nodes.start();
    nodes.exits.set(second, 'OK');
    poller.watch(second, 'team/b');
    await clock.advance(1_000);
    expect(ended).toEqual([['team/b', 'OK']]);
  });

  test('is not put off by tasks that begin one after another', async () => {
    const first = nodes.start();
    nodes.exits.set(first, 'OK');
    poller.watch(first, 'team/a');
    for (let i = 0; i < 10; i++) {
      await clock.advance(500);
      poller.watch(nodes.start(), `team/${i}`);
    }
    expect(ended).toEqual([['team/a', 'OK']]);
  });

  test('does not take a task for ended because a list lacks it', async () => {
    const [listed, unlisted] = [nodes.start(), nodes.start()];
    poller.watch(listed, 'team/a');
    poller.watch(unlisted, 'team/b');
    const { request } = nodes;
    nodes.request = async call => {
      const data = await request.call(nodes, call);
      return Array.isArray(data) ? data.filter(({ upid }: { upid: Upid }) => upid !== unlisted) : data;
    };
    await clock.advance(10_000);
    expect(ended).toEqual([]);
    expect(poller.watched).toBe(2);
  });

  test('tells of a task that its node does not know', async () => {
    const upid = nodes.start();
    nodes.exits.delete(upid);
    poller.watch(upid, 'team/a');
    await clock.advance(1_000);
    expect(ended).toEqual([['team/a', 'vanished']]);
  });

  test('ends nothing while a node cannot be reached, and goes on when it is back', async () => {
    const [first, second] = [nodes.start('pve2'), nodes.start('pve2')];
    nodes.exits.set(first, 'OK');
    nodes.unreachable.add('pve2');
    poller.watch(first, 'team/a');
    poller.watch(second, 'team/b');
    await clock.advance(60_000);
    expect(ended).toEqual([]);
    expect(errors.length).toBeGreaterThan(0);
    nodes.unreachable.clear();
    await clock.advance(5_000);
    expect(ended).toEqual([['team/a', 'OK']]);
  });

  test('tells the key that a task was last watched for, and none that was given up', async () => {
    const [first, second] = [nodes.start(), nodes.start()];
    poller.watch(first, 'team/old');
    poller.watch(first, 'team/new');
    poller.watch(second, 'team/b');
    poller.unwatch(second);
    nodes.exits.set(first, 'OK').set(second, 'OK');
    await clock.advance(10_000);
    expect(ended).toEqual([['team/new', 'OK']]);
  });

  test('watches no more than its limit', () => {
    for (let i = 0; i < maxWatched; i++) poller.watch(nodes.start(), 'x');
    expect(() => poller.watch(nodes.start(), 'x')).toThrow(RangeError);
  });

  test('tells nothing once it is closed, not even what it was just asking for', async () => {
    const upid = nodes.start();
    nodes.exits.set(upid, 'OK');
    poller.watch(upid, 'team/a');
    const { request } = nodes;
    nodes.request = call => {
      poller.close();
      return request.call(nodes, call);
    };
    await clock.advance(60_000);
    expect(nodes.calls).toHaveLength(1);
    expect(ended).toEqual([]);
    expect(clock.pending).toBe(0);
  });
});
