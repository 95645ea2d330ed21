import type { RawData, WebSocket } from 'ws';
import type { ConsoleSocket } from '#proxmox/websocket/console-socket.ts';
import { bytesOf, ProtocolError } from './byte-reader.ts';
import type { ClientFilter } from './client-filter.ts';
import { Gatherer } from './gather.ts';

/** A side that has so many bytes to take is not given more; the other one is not read until it has taken most of them. */
const mostWaiting = 1 << 20;
const fewWaiting = 1 << 18;

/** A side that is not heard of for two of these is gone. */
const pingMs = 20_000;

/** Which side ended a relay, and the code that it closed with; `violation` is for the log. */
export interface RelayEnd {
  side: 'client' | 'upstream';
  code: number;
  violation?: string;
}

/** A relay that runs. */
export interface Relay {
  /** Resolves when a side has closed, or is gone; the other one is still open. */
  ended: Promise<RelayEnd>;
  /** What went to the machine, and what came from it. */
  bytes: { in: number; out: number };
  /** When somebody last typed, in milliseconds of `performance.now()`. */
  typedAt: () => number;
  /** Stops relaying; both sides stay as they are. */
  stop: () => void;
}

/** What a relay joins. Both sockets are open and paused. */
export interface RelaySides {
  client: WebSocket;
  upstream: ConsoleSocket;
  filter: ClientFilter;
  /** What to say to the upstream besides pings so that it keeps the connection. */
  keepAlive?: string;
}

/** What both kinds of sockets can. */
interface Side extends Pick<WebSocket, 'OPEN' | 'isPaused' | 'bufferedAmount' | 'pause' | 'resume'> {
  readyState: number;
  ping: () => void;
  send: (bytes: Buffer, options: { binary: true }, onSent: (error?: Error | null) => void) => void;
  on: (event: 'pong', listener: () => void) => unknown;
  off: (event: 'pong', listener: () => void) => unknown;
}

/** Passes bytes on in both directions, no faster than the slower side takes them. */
export function relay({ client, upstream, filter, keepAlive }: RelaySides): Relay {
  const { promise: ended, resolve: end } = Promise.withResolvers<RelayEnd>();
  const bytes = { in: 0, out: 0 };
  let typedAt = performance.now();

  const toUpstream = sender(upstream, client);
  const picture = new Gatherer(sender(client, upstream));
  const onUpstream = (part: Buffer) => {
    bytes.out += part.length;
    picture.add(part);
  };
  const onClient = (data: RawData) => {
    const message = bytesOf(data);
    try {
      const { pass, typed } = filter.take(message);
      if (typed) typedAt = performance.now();
      if (pass.length === 0) return;
      bytes.in += pass.length;
      toUpstream(pass);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      end({ side: 'client', code: 1002, violation: error.message });
    }
  };
  const onClientClose = (code: number) => end({ side: 'client', code });
  const onUpstreamClose = (code: number, violation?: string) => {
    picture.flush();
    end({ side: 'upstream', code, ...(violation !== undefined && { violation }) });
  };
  const stopWatching = [
    watchLife(client, () => end({ side: 'client', code: 1006 })),
    watchLife(upstream, () => end({ side: 'upstream', code: 1006 })),
  ];
  const alive = setInterval(() => {
    if (keepAlive !== undefined && upstream.readyState === upstream.OPEN) upstream.send(Buffer.from(keepAlive));
  }, pingMs);
  client.on('message', onClient).on('close', onClientClose);
  upstream.on('message', onUpstream).on('close', onUpstreamClose);
  for (const [socket, onClose] of [
    [client, onClientClose],
    [upstream, onUpstreamClose],
  ] as const) {
    if (socket.readyState === socket.OPEN) socket.resume();
    else onClose(1006);
  }
  return {
    ended,
    bytes,
    typedAt: () => typedAt,
    stop: () => {
      clearInterval(alive);
      for (const stop of stopWatching) stop();
      picture.flush();
      client.off('message', onClient).off('close', onClientClose);
      upstream.off('message', onUpstream).off('close', onUpstreamClose);
    },
  };
}

/** Sends to one side, and reads no more from the other while that one has too much to take. */
function sender(to: Side, from: Side): (bytes: Buffer, onSent?: (error?: Error | null) => void) => void {
  return (bytes, onSent) => {
    if (to.readyState !== to.OPEN) return;
    to.send(bytes, { binary: true }, error => {
      onSent?.(error);
      if (from.isPaused && from.readyState === from.OPEN && to.bufferedAmount < fewWaiting) from.resume();
    });
    if (to.bufferedAmount > mostWaiting) from.pause();
  };
}

/** Calls back when a side has not answered two pings. One that is not read from cannot be heard, and is waited for. */
function watchLife(socket: Side, onDead: () => void): () => void {
  let unanswered = 0;
  const onPong = () => {
    unanswered = 0;
  };
  socket.on('pong', onPong);
  const timer = setInterval(() => {
    if (socket.isPaused) return;
    if (unanswered >= 2) onDead();
    unanswered += 1;
    if (socket.readyState === socket.OPEN) socket.ping();
  }, pingMs);
  return () => {
    clearInterval(timer);
    socket.off('pong', onPong);
  };
}
