import type { ServerResponse } from 'node:http';

/**
 * Bytes that may wait for a slow reader. Beyond that, changes are left out, and the reader gets a new snapshot once it has
 * read what was waiting.
 */
const mostWaitingBytes = 512 * 1024;

/** One stream of server-sent events. */
export interface Stream {
  /** Sends an event, unless the reader is too slow for it. */
  send(text: string): void;
  /** Sends what must not be left out. */
  sendAlways(text: string): void;
  /** Bytes that wait. */
  readonly waitingBytes: number;
  end(): void;
}

/** Opens a stream on an answer; `onBehind` is called when a reader that fell behind can take a new snapshot. */
export function openStream(response: ServerResponse, onBehind: () => void): Stream {
  response.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    // Proxies would gather events until a buffer is full.
    'x-accel-buffering': 'no',
  });
  response.flushHeaders();
  let isBehind = false;
  response.on('drain', () => {
    if (!isBehind) return;
    isBehind = false;
    onBehind();
  });
  const write = (text: string) => {
    if (!response.writableEnded && !response.destroyed) response.write(text);
  };
  return {
    send(text) {
      isBehind ||= response.writableLength > mostWaitingBytes;
      if (!isBehind) write(text);
    },
    sendAlways: write,
    get waitingBytes() {
      return response.writableLength;
    },
    end: () => response.end(),
  };
}
