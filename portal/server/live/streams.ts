import type { Logger } from '#kube/telemetry.ts';
import type { Session, Sessions } from '../session/sessions.ts';
import type { Hub, Subscriber } from './hub.ts';
import { eventText } from './texts.ts';

/** A comment every so often keeps proxies from closing what is quiet, and tells the page that the line stands. */
const heartbeatMs = 15_000;

/** Rights are looked at this often; the viewer knows which answers are old. */
const refreshMs = 5_000;

/** Pages that one person may have open. */
const mostOfOne = 20;

/** Streams that one process serves. */
const mostInAll = 5_000;

interface Open extends Subscriber {
  session: Session;
  /** When the page was last told that the session ends. */
  toldEnd: string;
  leave: () => void;
}

/** The open streams and the sessions that they belong to. */
export interface Streams {
  /** Whether there is room for one more of this person. */
  hasRoom(user: string): boolean;
  /** Adds a stream, which begins with all that there is; answers what is to be called when it closes. */
  open(subscriber: Subscriber, session: Session): () => void;
  /** Ends the streams of a session. */
  endSession(id: string): void;
  /** Runs heartbeats and looks at rights until the signal aborts, and ends all streams then. */
  run(signal: AbortSignal): void;
  readonly size: number;
}

/** Makes them over the hub. */
export function createStreams(hub: Hub, sessions: Sessions, now: () => number, log: Logger): Streams {
  const all = new Set<Open>();

  const endsAt = ({ session }: Open) => {
    const { idleUntil, expiresAt } = sessions.endsAt(session);
    return { idleExpiresAt: new Date(idleUntil).toISOString(), expiresAt: new Date(expiresAt).toISOString() };
  };

  function tellEnd(open: Open): void {
    const json = JSON.stringify(endsAt(open));
    if (json === open.toldEnd) return;
    open.toldEnd = json;
    open.stream.sendAlways(eventText('session', json));
  }

  function close(open: Open): void {
    if (!all.delete(open)) return;
    open.leave();
    open.stream.end();
  }

  function beat(): void {
    for (const open of all) {
      tellEnd(open);
      const { idleUntil, expiresAt } = sessions.endsAt(open.session);
      if (now() >= Math.min(idleUntil, expiresAt) || sessions.hasEnded(open.session.id)) close(open);
      else open.stream.send(': alive\n\n');
    }
  }

  function refresh(): void {
    for (const viewer of hub.viewers()) {
      viewer.refresh().catch(error => log.debug({ err: error }, 'rights could not be looked at'));
    }
  }

  return {
    get size() {
      return all.size;
    },
    hasRoom: user => all.size < mostInAll && [...all].filter(({ session }) => session.user === user).length < mostOfOne,
    open({ viewer, stream }, session) {
      const open: Open = { viewer, stream, session, toldEnd: '', leave: hub.join({ viewer, stream }) };
      all.add(open);
      tellEnd(open);
      return () => close(open);
    },
    endSession(id) {
      for (const open of [...all]) if (open.session.id === id) close(open);
    },
    run(signal) {
      const timers = [setInterval(beat, heartbeatMs), setInterval(refresh, refreshMs)];
      signal.addEventListener('abort', () => {
        for (const timer of timers) clearInterval(timer);
        for (const open of [...all]) close(open);
      });
    },
  };
}
