import { z } from 'zod';
import { isKubeObject } from './client.ts';
import type { Connection } from './connection.ts';
import { errorFromStatus, type KubeError } from './errors.ts';
import { splitLines } from './lines.ts';
import { collectionPath, type KubeObject, type ResourceType } from './resource.ts';

/** One change of one object, or a bookmark: nothing happened up to that resourceVersion. */
export type WatchEvent<T> =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: T }
  | { type: 'BOOKMARK'; resourceVersion: string };

/** What to watch, from where, and for how long. */
export interface WatchOptions {
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
  /** Events after this one are sent. */
  resourceVersion: string;
  /** The server ends the watch after this many seconds. */
  timeoutSeconds: number;
  /** Milliseconds that the server has to end it in before it is cut. */
  graceMs: number;
  /** Milliseconds without a byte after which the connection counts as dead. */
  silenceMs: number;
  signal: AbortSignal;
}

/**
 * The stream said something after which nobody can say what was missed: only a new list helps. `refused` is the
 * server's error where it sent one; without, the stream itself was damaged.
 */
export class LostTrackError extends Error {
  override readonly name = 'LostTrackError';
  readonly refused: KubeError | undefined;

  constructor(message: string, refused?: KubeError) {
    super(message, { cause: refused });
    this.refused = refused;
  }
}

const bookmarkSchema = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/**
 * Watches a collection until the server ends it cleanly. Throws a {@link LostTrackError} where a list is needed, and a
 * `KubeError` where the same watch may be tried again.
 */
export async function* watch<T extends KubeObject>(
  connection: Connection,
  type: ResourceType,
  options: WatchOptions,
): AsyncGenerator<WatchEvent<T>, void, void> {
  const chunks = connection.stream({
    path: collectionPath(type, options.namespace),
    query: {
      watch: true,
      allowWatchBookmarks: true,
      resourceVersion: options.resourceVersion,
      timeoutSeconds: options.timeoutSeconds,
      labelSelector: options.labelSelector,
      fieldSelector: options.fieldSelector,
    },
    signal: options.signal,
    silenceMs: options.silenceMs,
    lifetimeMs: options.timeoutSeconds * 1000 + options.graceMs,
  });
  for await (const line of splitLines(chunks)) yield parseEvent<T>(line);
}

function parseEvent<T extends KubeObject>(line: string): WatchEvent<T> {
  const { type, object } = parseLine(line);
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (!isKubeObject(object) || !object.metadata.resourceVersion) {
        throw new LostTrackError('an event of the watch holds no object');
      }
      return { type, object: object as T };
    case 'BOOKMARK': {
      const bookmark = bookmarkSchema.safeParse(object);
      if (!bookmark.success) throw new LostTrackError('a bookmark of the watch has no resourceVersion');
      return { type, resourceVersion: bookmark.data.metadata.resourceVersion };
    }
    case 'ERROR': {
      const refused = errorFromStatus(500, object);
      throw new LostTrackError(`the watch sent an error: ${refused.message}`, refused);
    }
    default:
      throw new LostTrackError(`the watch sent an event of unknown type ${JSON.stringify(type)}`);
  }
}

function parseLine(line: string): { type?: unknown; object?: unknown } {
  try {
    const event: unknown = JSON.parse(line);
    if (typeof event === 'object' && event !== null) return event;
  } catch {
    // Told below, without the line: it may hold a Secret.
  }
  throw new LostTrackError('a line of the watch is no event');
}
