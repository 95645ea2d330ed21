import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createKubeClient } from './client.ts';
import { type Connection, connect } from './connection.ts';
import { createEventRecorder, type EventRecorder, events, type KubeEvent } from './events.ts';
import type { KubeObject } from './resource.ts';
import { type ApiServer, collectionOf, startApiServer } from './testing/api-server.ts';
import { eventually } from './testing/eventually.ts';
import { type ManualClock, manualClock } from './testing/manual-clock.ts';

const object: KubeObject = {
  apiVersion: 'example.dev/v1',
  kind: 'Widget',
  metadata: { namespace: 'ns', name: 'a', uid: 'u1', resourceVersion: '7' },
};
const failed = { type: 'Warning', reason: 'CreateFailed', message: 'no space left' } as const;
const minuteMs = 60_000;

let server: ApiServer;
let connection: Connection;
let clock: ManualClock;
let recorder: EventRecorder;

beforeEach(async () => {
  server = await startApiServer();
  connection = connect(server.kubeConfig());
  clock = manualClock();
  const client = createKubeClient(connection);
  recorder = createEventRecorder({ client, controller: 'example.dev/test', instance: 'pod-1', clock });
});

afterEach(async () => {
  await recorder.close();
  await connection.close();
  await server.close();
});

const written = () => server.table.list(collectionOf(events)) as unknown as KubeEvent[];
const writes = (count: number) => eventually(`${count} writes`, () => server.requests.length === count);

describe('events', () => {
  it('say what happened to which object', async () => {
    recorder.record(object, { ...failed, action: 'Create' });
    await writes(1);
    await eventually('the event', () => written().length === 1);
    expect(written()[0]).toMatchObject({
      metadata: { namespace: 'ns', name: expect.stringMatching(/^a\.[0-9a-f]{16}$/) },
      eventTime: '2026-01-01T00:00:00.000000Z',
      type: 'Warning',
      reason: 'CreateFailed',
      action: 'Create',
      note: 'no space left',
      reportingController: 'example.dev/test',
      reportingInstance: 'pod-1',
      regarding: { apiVersion: 'example.dev/v1', kind: 'Widget', namespace: 'ns', name: 'a', uid: 'u1' },
    });
  });

  it('are written once in five minutes for a reason on an object, and counted', async () => {
    for (let minute = 0; minute < 5; minute += 1) {
      for (let times = 0; times < 100; times += 1) recorder.record(object, failed);
      await clock.advance(minuteMs - 1);
    }
    await writes(1);
    await clock.advance(5);
    await writes(2);
    await eventually('the count', () => written()[0]?.series);
    expect(written()).toMatchObject([{ series: { count: 500, lastObservedTime: '2026-01-01T00:05:00.000000Z' } }]);
  });

  it('with a new text are new ones, at the same rate: the last text wins', async () => {
    recorder.record(object, failed);
    await writes(1);
    recorder.record(object, { ...failed, message: 'no node' });
    recorder.record(object, { ...failed, message: 'no network' });
    await clock.advance(5 * minuteMs);
    await eventually('a second event', () => written().length === 2);
    expect(written().map(({ note }) => note)).toEqual(['no space left', 'no network']);
    recorder.record(object, { ...failed, message: 'no network' });
    await clock.advance(5 * minuteMs);
    await eventually('the count', () => written()[1]?.series);
    expect(written().map(({ series }) => series?.count)).toEqual([undefined, 2]);
  });

  it('with another reason or about another object do not wait', async () => {
    recorder.record(object, failed);
    recorder.record(object, { ...failed, reason: 'StartFailed' });
    recorder.record({ ...object, metadata: { ...object.metadata, uid: 'u2' } }, failed);
    await eventually('three events', () => written().length === 3);
  });

  it('are made anew when the server has forgotten the one that was counted up', async () => {
    recorder.record(object, failed);
    await eventually('the event', () => written().length === 1);
    server.table.delete(collectionOf(events), `ns/${written()[0]?.metadata.name}`);
    await clock.advance(5 * minuteMs);
    recorder.record(object, failed);
    await eventually('another event', () => written().length === 1);
  });

  it('hold at most 1 KiB, whole characters and nothing that a terminal would obey', async () => {
    recorder.record(object, { ...failed, message: `\u001b[2Jred\r\n${'é'.repeat(1000)}` });
    await eventually('the event', () => written().length === 1);
    const note = written()[0]?.note ?? '';
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024);
    expect(note).toMatch(/^ \[2Jred é+…$/);
  });

  it('about a cluster-scoped object live in the default namespace', async () => {
    recorder.record({ kind: 'Widget', metadata: { name: 'w', uid: 'u3' } }, failed);
    await eventually('the event', () => written()[0]?.metadata.namespace === 'default');
  });

  it('that cannot be written cost the caller nothing', async () => {
    await server.close();
    expect(() => recorder.record(object, failed)).not.toThrow();
    await recorder.close();
  });
});
