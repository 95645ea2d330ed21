import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ConsoleSession, consoleSessions, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { runController } from '#kube/controller.ts';
import { createEventRecorder } from '#kube/events.ts';
import { noMetrics, silentLogger } from '#kube/telemetry.ts';
import { assemble } from '#operator/assembly.ts';
import { keptMs } from '#operator/core/console/session.ts';
import { createReflectors } from '#operator/resources.ts';
import { createTransport } from '#proxmox/transport.ts';
import { eventually } from '../eventually.ts';
import { machine, machinesPath, type Stage, tenant, tenantStage } from '../quota/stage.ts';
import { sessionFor, sessionsPath } from './session.ts';

let stage: Stage;
let namespace: string;
/** Consoles are counted over all namespaces: each test has a person of its own. */
let alice: string;
let people = 0;
const groups = ['system:authenticated'];

beforeAll(async () => {
  stage = await tenantStage();
});

afterAll(() => stage.dismantle());

beforeEach(async () => {
  alice = `alice-${++people}`;
  namespace = await tenant(stage, { 'berth-user': alice, 'berth-viewer': 'victor' });
  // The API server learns of a binding by a watch.
  await eventually(async () =>
    expect(await stage.as({ user: alice })('POST', machinesPath(namespace), machine(namespace, 'web'))).toMatchObject({
      status: 201,
    }),
  );
});

const ask = (user: string, change: Partial<ConsoleSession['spec']> = {}, vmName = 'web') =>
  stage.as({ user })(
    'POST',
    sessionsPath(namespace),
    sessionFor(namespace, { vmName, requester: user, requesterGroups: groups, ...change }),
  );

describe('F81: a ConsoleSession', () => {
  test('is for oneself, with all of one’s groups', async () => {
    expect((await ask(alice)).status).toBe(201);
    expect(await ask(alice, { requester: 'bob' })).toMatchObject({
      status: 403,
      message: expect.stringContaining('spec.requester: "bob" is not your own name (alice-'),
    });
    for (const requesterGroups of [[], ['system:masters', ...groups]]) {
      const { status, message } = await ask(alice, { requesterGroups });
      expect([status, message]).toEqual([403, expect.stringContaining('must be all of your groups and no other')]);
    }
  });

  test('needs the right to the console of that very machine', async () => {
    expect((await ask('victor')).status).toBe(403);
    await stage.kubectl('-n', namespace, 'create', 'role', 'one', '--verb=create', '--resource=consolesessions');
    await stage.kubectl(
      ...['-n', namespace, 'create', 'role', 'console', '--verb=get'],
      ...['--resource=virtualmachines.berth.dev/console', '--resource-name=web'],
    );
    for (const role of ['one', 'console']) {
      await stage.kubectl('-n', namespace, 'create', 'rolebinding', role, `--role=${role}`, '--user=victor');
    }
    await eventually(async () => expect((await ask('victor')).status).toBe(201));
    expect(await ask('victor', {}, 'other')).toMatchObject({
      status: 403,
      message: expect.stringContaining('cannot get virtualmachines/console "other"'),
    });
  });

  test('does not change, and is opened once', async () => {
    const { body } = await ask(alice);
    const session = body as unknown as ConsoleSession;
    const path = `${sessionsPath(namespace)}/${session.metadata.name}`;
    const root = stage.as({ user: 'root', group: 'system:masters' });
    const merge = (patch: object, where = path) => root('PATCH', where, patch, 'application/merge-patch+json');
    expect((await merge({ spec: { vmName: 'other' } })).message).toContain('cannot be changed');
    const redeemed = { redeemedAt: '2026-01-01T00:00:00Z', redeemedBy: 'a' };
    expect((await merge({ status: redeemed }, `${path}/status`)).status).toBe(200);
    for (const change of [{ redeemedAt: '2026-01-02T00:00:00Z' }, { redeemedAt: null }, { redeemedBy: 'b' }]) {
      expect((await merge({ status: change }, `${path}/status`)).message).toContain('a session is opened once');
    }
  });
});

describe('the operator', () => {
  /** Runs the controller of sessions alone, on a clock that may be set, and stops it. */
  async function withOperator(run: (setClock: (aheadMs: number) => void) => Promise<void>): Promise<void> {
    const stop = new AbortController();
    const { kube } = stage;
    let aheadMs = 0;
    const { resources, queues, wake, reconcilers } = assemble({
      kube,
      events: createEventRecorder({ client: kube, controller: 'berth.dev/test', instance: 'test' }),
      clusterId: 'test',
      log: silentLogger,
      openTransport: createTransport,
      consoleUrl: 'https://console.test',
      clock: { now: () => Date.now() + aheadMs, after: () => () => {} },
    });
    const reflectors = createReflectors(resources, wake, { client: kube, log: silentLogger, metrics: noMetrics });
    const running = reflectors.map(reflector => reflector.run(stop.signal));
    await Promise.all(reflectors.map(reflector => reflector.whenSynced()));
    const { sessions: queue } = queues;
    const controller = runController({
      name: 'sessions',
      queue,
      concurrency: 1,
      reconcile: reconcilers.sessions,
      signal: stop.signal,
    });
    try {
      await run(ms => {
        aheadMs = ms;
        for (const { metadata } of resources.sessions.list()) queue.add(`${metadata.namespace}/${metadata.name}`);
      });
    } finally {
      stop.abort();
      await Promise.all([...running, controller]);
    }
  }

  const read = (name: string) => stage.kube.get<ConsoleSession>(consoleSessions, { namespace, name });
  const asked = async (): Promise<string> => ((await ask(alice)).body as unknown as ConsoleSession).metadata.name;
  const reason = async (name: string) =>
    (await read(name)).status?.conditions?.find(({ type }) => type === 'Ready')?.reason;
  const setRunning = async () => {
    const vm = await stage.kube.get<VirtualMachine>(virtualMachines, { namespace, name: 'web' });
    const status = { vmid: 1000, node: 'n1', powerState: 'Running', createdAt: '2026-01-01T00:00:00Z' } as const;
    await stage.kube.replaceStatus<VirtualMachine>(virtualMachines, { ...vm, status });
  };

  test('F87: says what is missing, and lets in once the machine runs', () =>
    withOperator(async () => {
      const name = await asked();
      await eventually(async () => expect(await reason(name)).toBe('MachineNotMade'));
      await setRunning();
      await eventually(async () => expect(await reason(name)).toBe('Openable'));
      expect((await read(name)).status?.url).toBe(`https://console.test/s/${namespace}/${name}`);
    }));

  test('lets nobody have more consoles than the VmPolicy allows, however quickly they ask', async () => {
    await setRunning();
    await withOperator(async () => {
      const names = await Promise.all(Array.from({ length: 9 }, asked));
      await eventually(async () => {
        const reasons = await Promise.all(names.map(reason));
        expect(reasons.filter(each => each === 'Openable')).toHaveLength(5);
        expect(reasons.filter(each => each === 'TooManyConsoles')).toHaveLength(4);
      });
    });
  });

  test('removes a session ten minutes after its end, after a restart, too', async () => {
    await setRunning();
    const name = await asked();
    await withOperator(async setClock => {
      await eventually(async () => expect(await reason(name)).toBe('Openable'));
      setClock(60_000);
      await eventually(async () => expect((await read(name)).status?.endReason).toBe('Expired'));
    });
    await withOperator(async setClock => {
      setClock(60_000 + keptMs + 1000);
      await eventually(() => expect(read(name)).rejects.toMatchObject({ status: 404 }));
    });
  });
});
