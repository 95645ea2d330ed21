import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient } from './client.ts';
import { type Connection, connect } from './connection.ts';
import { acquireLease, type HeldLease } from './lease.ts';
import { type Lease, leases } from './lease-record.ts';
import { type ApiServer, collectionOf, startApiServer } from './testing/api-server.ts';
import { eventually } from './testing/eventually.ts';
import { type FaultProxy, startFaultProxy } from './testing/fault-proxy.ts';
import { type ManualClock, manualClock } from './testing/manual-clock.ts';

const secondMs = 1000;

let server: ApiServer;
let proxy: FaultProxy;
let closing: (() => Promise<unknown>)[];

beforeEach(async () => {
  server = await startApiServer();
  proxy = await startFaultProxy({ url: server.url });
  closing = [];
});

afterEach(async () => {
  for (const close of closing) await close();
  await proxy.close();
  await server.close();
});

/** A process that wants the lease, with a clock of its own and its own way to the API server. */
interface Contender {
  clock: ManualClock;
  held: HeldLease | undefined;
  losses: string[];
  stop: AbortController;
  /** Requests without answer. */
  pending: number;
}

function contend(identity: string, options: { url?: string; clock?: ManualClock } = {}): Contender {
  const connection = connect(options.url === undefined ? server.kubeConfig() : proxy.kubeConfig());
  const contender: Contender = {
    clock: options.clock ?? manualClock(),
    held: undefined,
    losses: [],
    stop: new AbortController(),
    pending: 0,
  };
  const acquiring = acquireLease({
    client: createKubeClient(counted(connection, contender)),
    namespace: 'ns',
    name: 'test',
    identity,
    signal: contender.stop.signal,
    onLost: ({ message }) => contender.losses.push(message),
    clock: contender.clock,
  }).then(held => {
    contender.held = held;
  });
  closing.push(async () => {
    contender.stop.abort();
    await acquiring;
    await contender.held?.release();
    await connection.close();
  });
  return contender;
}

function counted(connection: Connection, contender: Contender): Connection {
  return {
    stream: request => connection.stream(request),
    close: () => connection.close(),
    async request(request) {
      contender.pending += 1;
      try {
        return await connection.request(request);
      } finally {
        contender.pending -= 1;
      }
    },
  };
}

/** Lets the time of all go on together, in steps, each waiting for the requests that it caused. */
async function pass(ms: number, ...contenders: Contender[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += 500) {
    for (const { clock } of contenders) await clock.advance(500);
    await eventually('all answers', () => contenders.every(({ pending }) => pending === 0));
  }
}

const storedLease = () => server.table.get(collectionOf(leases), 'ns/test') as Lease | undefined;

describe('a lease', () => {
  it('is held by one, and renewed every two seconds', async () => {
    const [first, second] = [contend('first'), contend('second')];
    await eventually('a holder', () => first.held ?? second.held);
    await pass(60 * secondMs, first, second);
    expect([first.held, second.held].filter(Boolean)).toHaveLength(1);
    expect([...first.losses, ...second.losses]).toEqual([]);
    expect(storedLease()?.spec).toMatchObject({
      holderIdentity: expect.stringMatching(/^(first|second)_[0-9a-f-]{36}$/),
      leaseDurationSeconds: 15,
      leaseTransitions: 0,
      renewTime: '2026-01-01T00:01:00.000000Z',
    });
  });

  it('is taken at once after a release, and nobody was cut off', async () => {
    const first = contend('first');
    await eventually('the first', () => first.held);
    const second = contend('second');
    await pass(secondMs, first, second);
    await first.held?.release();
    expect(first.held?.signal.aborted).toBe(true);
    await pass(3 * secondMs, second);
    expect(second.held?.takenOver).toBe(false);
    expect(first.losses).toEqual([]);
    expect(storedLease()?.spec?.leaseTransitions).toBe(1);
  });

  it('row 25: is lost ten seconds after the last renewal when the API server is gone', async () => {
    const first = contend('first', { url: proxy.url });
    await eventually('the first', () => first.held);
    await pass(5 * secondMs, first);
    await proxy.goAway();
    expect(first.held?.remainingMs()).toBeGreaterThan(8 * secondMs);
    await pass(8 * secondMs, first);
    expect([first.losses.length, first.held?.signal.aborted]).toEqual([0, false]);
    await pass(2 * secondMs, first);
    expect(first.losses).toEqual(['the lease was not renewed for 10000 ms']);
    expect([first.held?.signal.aborted, first.held?.remainingMs()]).toEqual([true, 0]);
    await proxy.comeBack();
  });

  it('row 27: of a process that was stopped for a minute is known to be unsure before any timer runs', async () => {
    const first = contend('first');
    await eventually('the first', () => first.held);
    const second = contend('second');
    await pass(15 * secondMs, second);
    expect(second.held).toBeUndefined();
    await pass(3 * secondMs, second);
    expect(second.held?.takenOver).toBe(true);
    first.clock.jump(60 * secondMs);
    expect(first.held?.remainingMs()).toBeLessThan(0);
    await pass(500, first);
    expect(first.held?.signal.aborted).toBe(true);
    expect(first.losses).toHaveLength(1);
  });

  it('row 27: that another has taken is lost at the next renewal, and not taken back', async () => {
    const first = contend('first');
    await eventually('the first', () => first.held);
    const lease = storedLease();
    const spec = { ...lease?.spec, holderIdentity: 'thief', leaseDurationSeconds: 0 };
    server.table.put(collectionOf(leases), { metadata: { namespace: 'ns', name: 'test' }, spec });
    await pass(3 * secondMs, first);
    expect(first.losses).toEqual(['another process holds the lease']);
    await pass(10 * secondMs, first);
    expect(storedLease()?.spec?.holderIdentity).toBe('thief');
  });

  it('row 28: does not change hands because wall clocks differ or one runs twice as fast', async () => {
    const first = contend('first');
    await eventually('the first', () => first.held);
    const ahead = contend('second', { clock: manualClock(Date.UTC(2026, 0, 1, 0, 10)) });
    const behind = contend('third', { clock: manualClock(Date.UTC(2025, 11, 31, 23, 50)) });
    for (let round = 0; round < 40; round += 1) {
      await pass(500, first, behind);
      await pass(secondMs, ahead);
    }
    expect([first.losses, ahead.held, behind.held]).toEqual([[], undefined, undefined]);
  });

  it('whose taking was answered by nobody is ours all the same', async () => {
    let lost = 0;
    proxy.fault = ({ method }) => (method === 'POST' && lost++ === 0 ? { kind: 'lose-answer' } : undefined);
    const first = contend('first', { url: proxy.url });
    await eventually('the lost answer', () => lost === 1 && first.pending === 0);
    await pass(3 * secondMs, first);
    expect(first.held?.takenOver).toBe(false);
  });

  it('row 36: on a connection of its own is renewed though the other is full', async () => {
    const first = contend('first', { url: proxy.url });
    await eventually('the first', () => first.held);
    const busy = connect(proxy.kubeConfig(), { requestTimeoutMs: 60 * secondMs });
    proxy.fault = ({ url }) => (url.includes('/leases/') ? undefined : { kind: 'hang' });
    const hanging = Array.from({ length: 64 }, () => busy.request({ method: 'GET', path: '/api/v1/pods' }));
    const ended = Promise.allSettled(hanging);
    await pass(20 * secondMs, first);
    expect(first.losses).toEqual([]);
    await busy.close();
    await ended;
  });
});
