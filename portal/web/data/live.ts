import type { QueryClient } from '@tanstack/react-query';
import type { Metadata, VmOperation } from '#api/kinds.ts';
import type { Health, MachineList, QuotaList, SnapshotList, StreamChange, StreamEvents } from '#portal/api.ts';
import { keys } from './keys.ts';
import { createValue } from './value.ts';

/** Whether the page hears of changes. */
export type Connection = 'connecting' | 'live' | 'lost';

/** Whether the page hears of changes, for who wants to show it. */
export const connection = createValue<Connection>('connecting');

/** What is in reach, as last told. */
export const health = createValue<Health | undefined>(undefined);

/** The operation that was told of last: it is followed by who asked for it. */
export const lastOperation = createValue<VmOperation | undefined>(undefined);

/** When the session ends, as last told. */
export const sessionEnd = createValue<StreamEvents['session'] | undefined>(undefined);

/** The operator records what happened after it has written the status that tells of it: soon, or when it comes to it. */
const eventLagsMs = [2_000, 15_000];

/** The pauses before a stream is opened again: short at first, since most breaks are. */
const retryMs = [500, 1_000, 2_000, 5_000, 10_000];

/** The server sends a comment every 15 s, which EventSource does not show; a stream that fails says so by itself. */
export function startLive(queries: QueryClient, onUnauthenticated: () => void): () => void {
  let source: EventSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;
  const open = () => {
    source = new EventSource('/api/v1/stream');
    const on = <E extends keyof StreamEvents>(name: E, take: (data: StreamEvents[E]) => void) =>
      source?.addEventListener(name, event => take(JSON.parse((event as MessageEvent<string>).data)));
    on('snapshot', ({ machines, quotas }) => {
      failures = 0;
      queries.setQueryData<MachineList>(keys.machines, { items: machines });
      queries.setQueryData<QuotaList>(keys.quotas, { items: quotas });
      // Nothing is told of what changed while the line was down.
      void queries.invalidateQueries({ queryKey: ['snapshots'] });
      connection.set('live');
    });
    on('machine', change => {
      queries.setQueryData<MachineList>(keys.machines, list => list && { items: changed(list.items, change) });
      const { namespace = '', name } = change.object.metadata;
      void queries.invalidateQueries({ queryKey: keys.machine(namespace, name) });
      for (const lagMs of eventLagsMs) {
        setTimeout(() => void queries.invalidateQueries({ queryKey: keys.events(namespace, name) }), lagMs);
      }
    });
    on('quota', change => {
      queries.setQueryData<QuotaList>(keys.quotas, list => list && { items: changed(list.items, change) });
    });
    on('machineSnapshot', change => {
      const { metadata, spec } = change.object;
      const key = keys.snapshots(metadata.namespace ?? '', spec.vmName);
      queries.setQueryData<SnapshotList>(key, list => list && { items: newestFirst(changed(list.items, change)) });
    });
    on('operation', ({ object }) => lastOperation.set(object));
    on('health', health.set);
    on('session', sessionEnd.set);
    source.onerror = () => {
      // The browser's own retry gives up on an answer that is no stream, and does not say why; so the page retries.
      source?.close();
      connection.set('lost');
      timer = setTimeout(again, retryMs[Math.min(failures, retryMs.length - 1)]);
      failures += 1;
    };
  };
  const again = async () => {
    const status = await fetch('/api/v1/session', { signal: AbortSignal.timeout(10_000) }).then(
      response => response.status,
      () => 0,
    );
    if (status === 401) onUnauthenticated();
    else open();
  };
  open();
  return () => {
    source?.close();
    clearTimeout(timer);
  };
}

const newestFirst = <T extends { metadata: Metadata }>(items: T[]): T[] =>
  items.toSorted((a, b) => ((a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? 1 : -1));

/** The list after a change of one of its objects. Pure; objects that did not change stay the same ones. */
export function changed<T extends { metadata: Metadata }>(items: T[], { type, object }: StreamChange<T>): T[] {
  const same = ({ metadata }: T) =>
    metadata.name === object.metadata.name && metadata.namespace === object.metadata.namespace;
  const at = items.findIndex(same);
  if (type === 'DELETED') return at < 0 ? items : items.toSpliced(at, 1);
  return at < 0 ? [...items, object] : items.with(at, object);
}
