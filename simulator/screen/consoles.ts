import type { Duplex } from 'node:stream';
import type { Guest } from './guest.ts';
import type { QemuFleet } from './qemu-fleet.ts';
import { RfbSession } from './rfb.ts';
import { createScreen, type Screen, type ScreenClock } from './screen.ts';
import { TerminalSession } from './terminal.ts';
import { CHALLENGE_LENGTH } from './vnc-auth.ts';
import { type ByteReceiver, type ByteStream, relay } from './websocket.ts';

/** How often it is looked whether the machine still runs. */
const LOOK_MS = 1000;

/** Who may use which console; the API has checked identity, rights, ticket and port. */
export interface Grant {
  kind: 'vnc' | 'terminal';
  guest: Guest;
  /** Differs after each start of the machine. */
  run: string;
  /** The password of VNC, or the line that a terminal's viewer must begin with. */
  secret: string;
  /** Called once, when the console is gone. */
  closed(): void;
}

/** What consoles need from outside. */
export interface ConsolesOptions {
  clock: ScreenClock;
  /** Random bytes. */
  random(length: number): Buffer;
  /** Machines whose screens are real. */
  fleet?: QemuFleet;
}

/** The screens of all machines, and who watches them. */
export interface Consoles {
  /** Serves a console over a socket whose WebSocket handshake is done. @param early What was read beyond the request. */
  attach(socket: Duplex, early: Buffer, grant: Grant): void;
}

/** A session of either kind, as the relay sees it. */
interface Session {
  receive(bytes: Buffer): void;
  close(): void;
}

/** Viewers of one machine share its screen; when the machine ends, so do its consoles. */
export function createConsoles({ clock, random, fleet }: ConsolesOptions): Consoles {
  const screens = new Map<number, { run: string; screen: Screen }>();
  return { attach };

  function attach(socket: Duplex, early: Buffer, grant: Grant): void {
    relay(socket, early, stream => {
      const session = grant.kind === 'terminal' ? openTerminal(grant, stream) : openScreen(grant, stream);
      const stopLooking = lookAfter(grant.guest, session);
      return receiverOf(session, () => {
        stopLooking();
        grant.closed();
      });
    });
  }

  function openTerminal({ guest, secret }: Grant, stream: ByteStream): Session {
    return new TerminalSession({
      guest,
      login: secret,
      send: bytes => stream.send(bytes),
      end: () => stream.end(),
    });
  }

  function openScreen(grant: Grant, stream: ByteStream): Session {
    const machine = fleet?.find(grant.guest.vmid);
    if (machine) {
      return forward(
        machine.then(each => each.connectScreen(grant.secret)),
        stream,
      );
    }
    return new RfbSession({
      screen: screenOf(grant),
      password: grant.secret,
      challenge: random(CHALLENGE_LENGTH),
      send: bytes => stream.send(bytes),
      end: () => stream.end(),
    });
  }

  function screenOf({ guest, run }: Grant): Screen {
    const known = screens.get(guest.vmid);
    if (known?.run === run) return known.screen;
    const screen = createScreen({ clock, ...guest });
    screens.set(guest.vmid, { run, screen });
    return screen;
  }

  /** Ends the session when the machine stops. */
  function lookAfter(guest: Guest, session: Session): () => void {
    let cancel = look();
    return () => cancel();

    function look(): () => void {
      return clock.background(clock.now() + LOOK_MS, () => {
        if (guest.state() === 'stopped') session.close();
        else cancel = look();
      });
    }
  }
}

function receiverOf(session: Session, closed: () => void): ByteReceiver {
  return {
    receive: bytes => session.receive(bytes),
    closed: () => {
      session.close();
      closed();
    },
  };
}

/** Passes bytes on to a real screen, once it is connected. */
function forward(connecting: Promise<Duplex>, stream: ByteStream): Session {
  let early: Buffer[] = [];
  let screen: Duplex | undefined;
  let isOpen = true;
  const close = () => {
    if (!isOpen) return;
    isOpen = false;
    screen?.destroy();
    stream.end();
  };
  connecting.then(socket => {
    if (!isOpen) {
      socket.destroy();
      return;
    }
    screen = socket;
    socket.on('data', (bytes: Buffer) => stream.send(bytes));
    socket.on('error', close);
    socket.on('close', close);
    for (const bytes of early) socket.write(bytes);
    early = [];
  }, close);
  return { receive: bytes => void (screen ? screen.write(bytes) : early.push(bytes)), close };
}
