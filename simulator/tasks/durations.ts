import { z } from 'zod';

/** How long a piece of work takes: a part that is always there and a part that grows with the bytes moved. */
export interface Duration {
  ms: number;
  msPerGiB?: number;
}

const KINDS = [
  ...([
    'allocate',
    'copy',
    'link',
    'free',
    'finish',
    'join',
    'qmcreate',
    'qmstart',
    'qmstop',
    'qmreset',
    'qmpause',
  ] as const),
  ...(['snapshot', 'vmstate', 'rollback', 'template', 'resize', 'migrate', 'imgdel', 'imgcopy', 'download'] as const),
  ...(['backup', 'unplug'] as const),
];

/** Work that takes time: a task's type or a step inside tasks. */
export type WorkKind = (typeof KINDS)[number];

/** How long each kind of work takes. */
export type Durations = Record<WorkKind, Duration>;

const GIB = 2 ** 30;

/** As seen on a small 8.4 node with a directory storage [flow-8.4.md I: clone 1.2 s linked, start 2.2 s]. */
export const DEFAULT_DURATIONS: Durations = {
  allocate: { ms: 60 },
  copy: { ms: 150, msPerGiB: 600 },
  link: { ms: 150 },
  free: { ms: 30 },
  finish: { ms: 100 },
  join: { ms: 10 },
  qmcreate: { ms: 40 },
  qmstart: { ms: 1200 },
  qmstop: { ms: 400 },
  qmreset: { ms: 60 },
  qmpause: { ms: 60 },
  snapshot: { ms: 120 },
  vmstate: { ms: 500, msPerGiB: 1900 },
  rollback: { ms: 120 },
  template: { ms: 80 },
  resize: { ms: 60 },
  migrate: { ms: 2000, msPerGiB: 3000 },
  imgdel: { ms: 4 },
  imgcopy: { ms: 100, msPerGiB: 800 },
  download: { ms: 300, msPerGiB: 10_000 },
  backup: { ms: 1000, msPerGiB: 1000 },
  unplug: { ms: 1000 },
};

/** Milliseconds that the work takes for `bytes` moved. */
export function durationMs(durations: Durations, kind: WorkKind, bytes = 0): number {
  const { ms, msPerGiB = 0 } = durations[kind];
  return Math.round(ms + (msPerGiB * bytes) / GIB);
}

const schema = z.partialRecord(
  z.enum(KINDS),
  z.strictObject({ ms: z.number().min(0), msPerGiB: z.number().min(0).optional() }),
);

/** Reads durations that differ from the default. @throws Error that lists each problem with the place it is at. */
export function parseDurations(value: unknown): Partial<Durations> {
  const result = schema.safeParse(value);
  if (result.success) return result.data as Partial<Durations>;
  throw new Error(`the durations are not valid:\n${z.prettifyError(result.error)}`);
}
