import { randomBytes } from 'node:crypto';
import type { KubeClient } from './client.ts';
import { type Clock, systemClock } from './clock.ts';
import { isForbidden, isNotFound } from './errors.ts';
import type { KubeObject, ResourceType } from './resource.ts';
import { type Logger, silentLogger } from './telemetry.ts';

/** What happened, in the terms of `kubectl describe`. */
export interface EventNote {
  type: 'Normal' | 'Warning';
  /** One word in CamelCase: why. */
  reason: string;
  /** One word: what the controller was about to do; `Reconcile` where absent. */
  action?: string;
  /** For people, at most 1 KiB: the rest is cut. */
  message: string;
}

/** Writes Events about objects, beside and never inside the reconcile. */
export interface EventRecorder {
  /** Notes an event. Returns at once, never throws; the same reason on the same object is written every 5 minutes. */
  record(regarding: KubeObject, note: EventNote): void;
  /** Waits until what is being written is written, and drops what was held back. */
  close(): Promise<void>;
}

/** Settings of {@link createEventRecorder}. */
export interface EventRecorderOptions {
  client: KubeClient;
  /** A qualified name, such as `example.dev/controller`. */
  controller: string;
  /** The process: the pod's name. */
  instance: string;
  /** Milliseconds between two writes for one reason on one object; 5 minutes where absent. */
  intervalMs?: number;
  log?: Logger;
  clock?: Clock;
}

/** An event of events.k8s.io/v1, as far as it is written. */
export interface KubeEvent extends KubeObject {
  eventTime: string;
  type: 'Normal' | 'Warning';
  reason: string;
  action: string;
  note: string;
  reportingController: string;
  reportingInstance: string;
  regarding: object;
  series?: { count: number; lastObservedTime: string };
}

/** Where events live. */
export const events: ResourceType = {
  group: 'events.k8s.io',
  version: 'v1',
  plural: 'events',
  kind: 'Event',
  namespaced: true,
};

/** The API server refuses a longer note. */
const longestNote = 1024;

/** Reasons on objects that are remembered; the oldest are forgotten, which costs no more than an extra event. */
const maxRemembered = 10_000;

/** Writes at a time: events are the least of what the API server has to do for us. */
const maxWriting = 8;

/** How long an event waits where that many are being written. */
const busyMs = 1000;

/** One reason on one object. */
interface Series {
  regarding: KubeObject;
  /** What was recorded last. */
  note: EventNote;
  /** How often it was recorded since `written` was made. */
  count: number;
  /** The event as it was made, to be counted up while it says the same. */
  written?: { name: string; message: string };
  /** When the last write began, and whether one is due at the end of the interval. */
  writtenAt: number;
  cancelFlush?: () => void;
}

/** Makes a recorder. It needs the verbs `create` and `patch` on events of events.k8s.io. */
export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new SeriesRecorder(options);
}

class SeriesRecorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #intervalMs: number;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #series = new Map<string, Series>();
  readonly #writing = new Set<Promise<void>>();

  constructor(options: EventRecorderOptions) {
    this.#options = options;
    this.#intervalMs = options.intervalMs ?? 300_000;
    this.#log = options.log ?? silentLogger;
    this.#clock = options.clock ?? systemClock;
  }

  record(regarding: KubeObject, note: EventNote): void {
    const key = `${regarding.metadata.uid} ${note.reason}`;
    const series = this.#series.get(key) ?? { regarding, note, count: 0, writtenAt: Number.NEGATIVE_INFINITY };
    series.note = { ...note, message: printable(note.message) };
    series.count += 1;
    // Set anew, so that the map is in the order of use.
    this.#series.delete(key);
    this.#series.set(key, series);
    this.#forgetOldest();
    if (!series.cancelFlush) this.#writeInTime(series);
  }

  async close(): Promise<void> {
    for (const series of this.#series.values()) series.cancelFlush?.();
    this.#series.clear();
    await Promise.all(this.#writing);
  }

  #writeInTime(series: Series): void {
    const waitMs = series.writtenAt + this.#intervalMs - this.#clock.now();
    if (waitMs <= 0 && this.#writing.size < maxWriting) {
      this.#startWrite(series);
      return;
    }
    series.cancelFlush = this.#clock.schedule(Math.max(waitMs, busyMs), () => {
      delete series.cancelFlush;
      this.#writeInTime(series);
    });
  }

  #startWrite(series: Series): void {
    series.writtenAt = this.#clock.now();
    const writing = this.#write(series)
      .catch(error => this.#complain(error, series.note.reason))
      .finally(() => this.#writing.delete(writing));
    this.#writing.add(writing);
  }

  /** Events of objects in a namespace that is being deleted are refused, and nobody would read them. */
  #complain(error: unknown, reason: string): void {
    const expected = isForbidden(error) && String(error).includes('because it is being terminated');
    this.#log[expected ? 'debug' : 'warn']({ err: error, reason }, 'an event was not written');
  }

  /** Counts the event up where it says the same; the text of an event cannot be changed, so else makes a new one. */
  async #write(series: Series): Promise<void> {
    const { written, note } = series;
    if (written?.message === note.message) {
      try {
        await this.#countUp(series, written.name);
        return;
      } catch (error) {
        // Events live for an hour by default.
        if (!isNotFound(error)) throw error;
      }
    }
    const event = this.#eventOf(series);
    series.count = 1;
    await this.#options.client.create(events, event);
    series.written = { name: event.metadata.name, message: note.message };
  }

  async #countUp({ regarding, count }: Series, name: string): Promise<void> {
    const series = { count, lastObservedTime: microTime(this.#clock.date()) };
    await this.#options.client.patch(events, { namespace: namespaceOf(regarding), name }, { series });
  }

  #eventOf({ regarding, note }: Series): KubeEvent {
    const { name, namespace, uid, resourceVersion } = regarding.metadata;
    return {
      metadata: { namespace: namespaceOf(regarding), name: `${name.slice(0, 230)}.${randomBytes(8).toString('hex')}` },
      eventTime: microTime(this.#clock.date()),
      type: note.type,
      reason: note.reason,
      action: note.action ?? 'Reconcile',
      note: note.message,
      reportingController: this.#options.controller,
      reportingInstance: this.#options.instance,
      regarding: { apiVersion: regarding.apiVersion, kind: regarding.kind, name, namespace, uid, resourceVersion },
    };
  }

  #forgetOldest(): void {
    if (this.#series.size <= maxRemembered) return;
    const [key, series] = this.#series.entries().next().value ?? [];
    if (key === undefined) return;
    series?.cancelFlush?.();
    this.#series.delete(key);
  }
}

/** Events about cluster-scoped objects live in `default`: https://kubernetes.io/docs/reference/kubernetes-api/ */
function namespaceOf({ metadata }: KubeObject): string {
  return metadata.namespace ?? 'default';
}

/** Without control characters, which a terminal would obey, and no longer than a note may be. */
function printable(message: string): string {
  const clean = message.replace(/\p{Cc}+/gu, ' ');
  if (Buffer.byteLength(clean) <= longestNote) return clean;
  const ellipsis = '…';
  const cut = Buffer.from(clean).subarray(0, longestNote - Buffer.byteLength(ellipsis));
  // The cut may have gone through a character.
  return cut.toString('utf8').replace(/\uFFFD+$/, '') + ellipsis;
}

/** metav1.MicroTime has six digits after the point. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
