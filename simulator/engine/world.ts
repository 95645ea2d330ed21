import type { Release } from '#simulator/schema/routes.ts';
import type { Headers } from '../http/message.ts';
import type { Upload } from '../http/multipart.ts';
import type { State } from '../state/types.ts';
import type { Durations } from '../tasks/durations.ts';
import type { TaskRunner } from '../tasks/tasks.ts';
import type { Clock } from './clock.ts';
import type { FileLocks } from './file-locks.ts';
import type { Mortal, Steps } from './process.ts';
import type { Random } from './random.ts';

/** What pvedaemon of a node has to do. */
export interface Daemon {
  busy: number;
  /** Calls for which no worker is free, in their order. */
  readonly waiting: Set<() => void>;
  /** Ends the calls that it has. */
  readonly losses: Set<() => void>;
  /** It is being restarted, and nobody listens. */
  isDown: boolean;
}

/** All that the handlers of calls and the bodies of tasks work on. */
export interface World {
  readonly release: Release;
  readonly clock: Clock;
  readonly random: Random;
  readonly state: State;
  readonly locks: FileLocks;
  readonly tasks: TaskRunner;
  readonly durations: Durations;
  /** Consoles that were granted and wait for their connection, or have one; by `node:port`. */
  readonly consoles: Map<string, GrantedConsole>;
  /** What pvedaemon of each node has to do. */
  readonly daemons: Map<string, Daemon>;
  /** Until when a port is kept for the one that it was given to, by `node:port`. */
  readonly reservedPorts: Map<string, number>;
}

/** A port that a console listens on. */
export interface GrantedConsole {
  kind: 'vnc' | 'terminal';
  vmid: number;
  /** The VNC password, or the line with which a terminal's client identifies itself; empty where none is right. */
  secret: string;
  /** Told once: a WebSocket has come. Answers what to call when it goes. */
  connected: () => () => void;
}

/** Who asks. */
export interface Identity {
  /** `user@realm` or `user@realm!token`. */
  authid: string;
  /** `user@realm`, a token's owner. */
  user: string;
  /** The token's name alone. */
  token?: string;
}

/** A parameter after validation. */
export type Value = string | number | boolean | string[];

/** Verified parameters, those of the path included. */
export type Params = Record<string, Value | undefined>;

/** One API call under way. */
export interface Call {
  readonly world: World;
  /** The node that it runs on. */
  readonly node: string;
  readonly who: Identity;
  readonly params: Params;
  readonly process: Mortal;
  readonly headers: Headers;
  /** The names of all parameters that were given, those whose value is null included. */
  readonly given: readonly string[];
  /** The file that came with an upload. */
  readonly upload?: Upload | undefined;
  /** Becomes `total` beside `data`. */
  total?: number;
}

/** Answers the `data` of a call, at once or after waits. */
export type Handler = (call: Call) => unknown | Steps<unknown>;

/** Handlers by method and path pattern, for instance `GET /nodes/{node}/qemu`. */
export type Handlers = Record<string, Handler>;

/** A parameter as text; undefined if it was not given. */
export function text(params: Params, name: string): string | undefined {
  const value = params[name];
  return value === undefined ? undefined : String(value);
}

/** A parameter that the schema requires, as text. */
export function required(params: Params, name: string): string {
  const value = text(params, name);
  if (value === undefined) throw new Error(`the schema lets '${name}' be absent`);
  return value;
}

/** A parameter as a number. */
export function number(params: Params, name: string): number | undefined {
  const value = params[name];
  return value === undefined ? undefined : Number(value);
}

/** A boolean parameter; absent is false. */
export function flag(params: Params, name: string): boolean {
  const value = params[name];
  return value === true || value === 1 || value === '1';
}

/** The current time in whole seconds. */
export function seconds(world: World): number {
  return Math.floor(world.clock.now() / 1000);
}
