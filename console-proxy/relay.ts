import type { WebSocket } from 'ws';
import { bytesOf, ProtocolError } from './byte-reader.ts';
import type { ClientFilter } from './client-filter.ts';

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
  upstream: WebSocket;
  filter: ClientFilter;
  /** What to say to the upstream besides pings so that it keeps the connection. */
  keepAlive?: string;
}

/** Passes messages on in both directions, no faster than the slower side takes them. */
export function relay({ client, upstream, filter, keepAlive }: RelaySides): Relay {
  const { promise: ended, resolve: end } = Promise.withResolvers<RelayEnd>();
  const bytes = { in: 0, out: 0 };
  let typedAt = performance.now();

  const toClient = sender(client, upstream);
  const toUpstream = sender(upstream, client);
  const onUpstream = (data: Parameters<typeof bytesOf>[0]) => {
    const message = bytesOf(data);
    bytes.out += message.length;
    toClient(message);
  };
  const onClient = (data: Parameters<typeof bytesOf>[0]) => {
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
  const onUpstreamClose = (code: number) => end({ side: 'upstream', code });
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
      client.off('message', onClient).off('close', onClientClose);
      upstream.off('message', onUpstream).off('close', onUpstreamClose);
    },
  };
}

/** Sends to one side, and reads no more from the other while that one has too much to take. */
function sender(to: WebSocket, from: WebSocket): (message: Buffer) => void {
  const onSent = () => {
    if (from.isPaused && from.readyState === from.OPEN && to.bufferedAmount < fewWaiting) from.resume();
  };
  return message => {
    if (to.readyState !== to.OPEN) return;
    to.send(message, { binary: true }, onSent);
    if (to.bufferedAmount > mostWaiting) from.pause();
  };
}

/** Calls back when a side has not answered two pings. One that is not read from cannot be heard, and is waited for. */
function watchLife(socket: WebSocket, onDead: () => void): () => void {
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
