import { randomUUID } from 'node:crypto';
import type { WebSocket } from 'ws';
import { endReason } from '#api/console-session.ts';
import type { ConsoleSession, VirtualMachine } from '#api/kinds.ts';
import type { KubeClient } from '#kube/client.ts';
import type { EventRecorder } from '#kube/events.ts';
import type { Logger } from '#kube/telemetry.ts';
import { maySee } from './authorise.ts';
import { ByteReader, ProtocolError } from './byte-reader.ts';
import type { CloseReason, LiveConsole, LiveConsoles } from './live.ts';
import type { ConsoleMetrics } from './metrics.ts';
import { Refusal } from './refusal.ts';
import { relay } from './relay.ts';
import { RfbFilter } from './rfb/client-filter.ts';
import { letIn, logIn } from './rfb/handshake.ts';
import { terminalFilter, terminalPing } from './serial/client-filter.ts';
import { logInToTerminal } from './serial/log-in.ts';
import { changeStatus, readLimits, readMachine } from './sessions.ts';
import { openUpstream, type Upstream } from './upstream.ts';
import { watchOver } from './watch-over.ts';

/** What consoles are shown with. */
export interface ConsoleParts {
  kube: KubeClient;
  live: LiveConsoles;
  metrics: ConsoleMetrics;
  events: EventRecorder;
  log: Logger;
  /** Milliseconds since the epoch. */
  now: () => number;
}

/** Proxmox has 15 s to let us in, and the page must answer, too. */
const handshakeMs = 20_000;

/** How long a session waits for its page to come back: a reload, another network, a machine that starts again. */
const graceMs = 60_000;

/** How often the API server is told that a console is open. */
const seenMs = 300_000;

/** The close code for all that a page is told of; its reason is the word. */
const closeCode = 4000;

/** Shows a console over a WebSocket whose cookie was checked, until one side leaves. Never rejects. */
export async function showConsole(parts: ConsoleParts, session: ConsoleSession, client: WebSocket): Promise<void> {
  const startedAt = performance.now();
  client.pause();
  client.on('error', () => client.terminate());
  let opened: Opened;
  try {
    opened = await open(parts, session, client);
  } catch (error) {
    refuse(parts, session, client, error);
    return;
  }
  parts.metrics.upgraded(session.spec.type, (performance.now() - startedAt) / 1000);
  await run(parts, opened, client);
}

interface Opened {
  session: ConsoleSession;
  vm: VirtualMachine;
  upstream: Upstream;
  connection: string;
  idleMs: number | undefined;
}

/** Asks for the rights again, takes the session over, and logs in on both sides. @throws Refusal, KubeError, ProtocolError */
async function open({ kube, live, now }: ConsoleParts, session: ConsoleSession, client: WebSocket): Promise<Opened> {
  const [isAllowed, vm, limits] = await Promise.all([
    maySee(kube, session),
    readMachine(kube, session),
    readLimits(kube),
  ]);
  if (!isAllowed) throw new Refusal('Revoked');
  if (!vm) throw new Refusal('MachineDeleted');
  if (!['Running', 'Paused'].includes(vm.status?.powerState ?? '')) throw new Refusal('MachineStopped');
  const { spec, metadata } = session;
  const wanted = { uid: metadata.uid ?? '', requester: spec.requester, node: vm.status?.node ?? '' };
  const giveUpPlace = live.admit(wanted, limits.maxPerUser);
  try {
    const connection = randomUUID();
    const taken = await changeStatus(kube, session, ({ status }) =>
      status?.endedAt === undefined ? { ...status, connection, lastSeenAt: new Date(now()).toISOString() } : undefined,
    );
    if (!taken) throw new Refusal('Ended');
    const upstream = await openUpstream(kube, taken, vm);
    try {
      await logInOnBothSides(taken, upstream, client);
    } catch (error) {
      upstream.socket.terminate();
      throw error;
    }
    const idleMs = spec.mode === 'Interactive' ? limits.idleTimeoutSeconds * 1000 : undefined;
    return { session: taken, vm, upstream, connection, idleMs };
  } finally {
    giveUpPlace();
  }
}

async function logInOnBothSides({ spec }: ConsoleSession, upstream: Upstream, client: WebSocket): Promise<void> {
  const { socket, secret, version } = upstream;
  const signal = AbortSignal.timeout(handshakeMs);
  const reader = new ByteReader(socket, signal);
  try {
    if (spec.type === 'Serial') {
      await logInToTerminal(socket, reader, secret);
    } else {
      await logIn(socket, reader, secret);
      const viewer = new ByteReader(client, signal);
      socket.send(await letIn(client, viewer));
      // A viewer waits for the server's first message before it says more.
      if (viewer.release().length > 0) throw new ProtocolError('the viewer spoke too early');
    }
  } catch (error) {
    const tooOld = spec.type === 'Serial' && Number.parseInt(version ?? '', 10) < 9;
    throw tooOld ? new Refusal('SerialUnsupported', { cause: error }) : error;
  }
  const early = reader.release();
  if (early.length > 0) client.send(early, { binary: true });
}

/** Relays until something ends it, and writes down how. */
async function run(parts: ConsoleParts, opened: Opened, client: WebSocket): Promise<void> {
  const { kube, live, metrics, events, log, now } = parts;
  const { session, vm, upstream, connection, idleMs } = opened;
  const { spec, metadata, status } = session;
  const openedAt = performance.now();
  const viewOnly = spec.mode === 'ViewOnly';
  const isSerial = spec.type === 'Serial';
  const filter = isSerial ? terminalFilter(viewOnly) : new RfbFilter(viewOnly);
  const passing = relay({
    client,
    upstream: upstream.socket,
    filter,
    ...(isSerial && { keepAlive: terminalPing }),
  });
  const { promise: closed, resolve: close } = Promise.withResolvers<CloseReason>();
  const console: LiveConsole = {
    uid: metadata.uid ?? '',
    requester: spec.requester,
    node: vm.status?.node ?? '',
    connection,
    resourceVersion: metadata.resourceVersion ?? '',
    close,
  };
  const reported = { in: 0, out: 0 };
  /** Writes what went through since the last time, and more. */
  const report = (more: object) =>
    changeStatus(kube, session, current => {
      const isOurs = current.status?.connection === connection || Object.keys(more).length === 0;
      if (current.status?.endedAt !== undefined || !isOurs) return undefined;
      const { bytesIn = 0, bytesOut = 0 } = current.status ?? {};
      return {
        ...current.status,
        ...more,
        bytesIn: bytesIn + passing.bytes.in - reported.in,
        bytesOut: bytesOut + passing.bytes.out - reported.out,
      };
    }).then(written => {
      if (written) Object.assign(reported, passing.bytes);
    });
  const note = (error: unknown) => log.warn({ err: error, session: nameOf(session) }, 'a status was not written');
  const seen = setInterval(() => void report({ lastSeenAt: new Date(now()).toISOString() }).catch(note), seenMs);
  const stopWatching = watchOver({
    kube,
    session,
    remainingMs: Math.max(0, Date.parse(status?.endsAt ?? '') - now()),
    idleMs,
    typedAt: passing.typedAt,
    close,
  });
  live.add(console);
  metrics.opened(spec.type);
  const who = {
    session: nameOf(session),
    vm: spec.vmName,
    requester: spec.requester,
    type: spec.type,
    mode: spec.mode,
  };
  log.info({ ...who, node: vm.status?.node }, 'console opened');
  events.record(vm, { type: 'Normal', reason: 'ConsoleOpened', message: `${spec.requester} opened the console.` });

  const end = await Promise.race([closed, passing.ended]);
  live.delete(console);
  clearInterval(seen);
  stopWatching();
  passing.stop();
  const reason =
    typeof end === 'string' ? end : end.side === 'client' ? reasonOf(end.code) : await whyUpstreamLeft(parts, session);
  closeSocket(upstream.socket, 1000, '');
  const violation = typeof end === 'string' ? undefined : end.violation;
  closeSocket(client, closeCode, violation && reason === 'Closed' ? 'Malformed' : reason);
  const durationSeconds = Math.round((performance.now() - openedAt) / 1000);
  metrics.closed(spec.type, reason, passing.bytes);
  log.info(
    { ...who, reason, durationSeconds, bytes: passing.bytes, ...(violation && { violation }) },
    'console closed',
  );
  const message = `The console of ${spec.requester} closed after ${durationSeconds} s: ${reason}.`;
  events.record(vm, { type: 'Normal', reason: 'ConsoleClosed', message });
  await writeEnd(reason, typeof end !== 'string' && end.side === 'upstream', report).catch(note);
}

/** A page that was closed on purpose says 1000 or nothing; any other end may be a network's, or a reload. */
const reasonOf = (code: number): CloseReason => (code === 1000 || code === 1005 || code === 1002 ? 'Closed' : 'Away');

async function whyUpstreamLeft({ kube }: ConsoleParts, session: ConsoleSession): Promise<CloseReason> {
  const vm = await readMachine(kube, session).catch(() => undefined);
  const isOn = vm?.status?.powerState === 'Running' && vm.spec.powerState === 'Running';
  return isOn ? 'ProxmoxFailed' : vm ? 'MachineStopped' : 'MachineDeleted';
}

/** Ends the session, at once or when nobody has come back in time; a session that goes on elsewhere is left alone. */
async function writeEnd(
  reason: CloseReason,
  mayComeBack: boolean,
  report: (more: object) => Promise<void>,
): Promise<void> {
  if (reason === 'Away' || mayComeBack) {
    await report({});
    const word = reason === 'Away' ? 'Closed' : reason;
    setTimeout(
      () => void report({ endedAt: new Date().toISOString(), endReason: word }).catch(() => {}),
      graceMs,
    ).unref();
    return;
  }
  const parsed = endReason.safeParse(reason);
  await report(parsed.success ? { endedAt: new Date().toISOString(), endReason: parsed.data } : {});
}

/** Tells a page why it gets no console. What is ours to know goes to the log. */
function refuse({ metrics, log }: ConsoleParts, session: ConsoleSession, client: WebSocket, error: unknown): void {
  const reason =
    error instanceof Refusal ? error.reason : error instanceof ProtocolError ? 'ProxmoxFailed' : 'Unavailable';
  metrics.refused(reason);
  log.warn({ session: nameOf(session), reason, err: causeOf(error) }, 'console refused');
  closeSocket(client, closeCode, reason);
}

const causeOf = (error: unknown) => (error instanceof Refusal ? error.cause : error);

/** Closes, and does not wait for ever for the other side to do so. */
function closeSocket(socket: WebSocket | Upstream['socket'], code: number, reason: string): void {
  // A socket that is paused would not hear the answer.
  socket.resume();
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), 2_000).unref();
}

const nameOf = ({ metadata }: ConsoleSession): string => `${metadata.namespace}/${metadata.name}`;
