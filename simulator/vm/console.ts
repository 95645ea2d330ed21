import { issueVncTicket, verifyVncTicket } from '../auth/tickets.ts';
import { died, PveError } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import { type Call, flag, required, type World } from '../engine/world.ts';
import type { Answer } from '../http/message.ts';
import type { VmState } from '../state/types.ts';
import type { Worker } from '../tasks/tasks.ts';
import { vmOn } from './config.ts';

/** Consoles listen on one of these ports. */
const FIRST_PORT = 5900;
const LAST_PORT = 5999;

/** A port that was given to one caller is not given to another for this long, even if nobody listens on it. */
const RESERVED_MS = 5000;

/** A console that nobody connects to ends after this long. */
const CONNECT_MS = 10_000;

/** How long the port of a serial console is waited for, when the VM is off. */
const PORT_MS = 5600;

/** The characters of a console's password: 0x21 to 0x60. */
const PASSWORD_CHARS = 64;

/** POST vncproxy: a port, a ticket and a password for the screen of a VM. */
export function* openScreen(call: Call): Steps<Record<string, unknown>> {
  const { world, params, node, who } = call;
  const vm = vmOn(world, required(params, 'node'), Number(params.vmid));
  const serial = isSerialScreen(vm);
  const port = freePort(world, node);
  const ticket = issueVncTicket(world, who.authid, `/vms/${vm.vmid}`, port);
  const needsPassword = flag(params, 'generate-password') || !serial || flag(params, 'websocket');
  const password = needsPassword ? drawPassword(world) : undefined;
  const full = password === undefined ? ticket : `${password}:${ticket}`;
  if (serial && vm.run === undefined) {
    yield sleep(world.clock, PORT_MS);
    throw died(`Timeout while waiting for port '${port}' to get ready!`);
  }
  const upid = listen(call, vm.vmid, port, { kind: 'vnc', secret: (password ?? full).slice(0, 8) });
  const answer = { user: who.authid, ticket: full, port: String(port), upid, cert: CA };
  return password === undefined ? answer : { ...answer, password };
}

/** POST termproxy: a serial port as text. */
export function openTerminal(call: Call): Record<string, unknown> {
  const { world, params, node, who } = call;
  const vm = vmOn(world, required(params, 'node'), Number(params.vmid));
  const port = freePort(world, node);
  const ticket = issueVncTicket(world, who.authid, `/vms/${vm.vmid}`, port);
  const secret = isVerifiable(call) ? `${who.authid}:${ticket}\n` : '';
  const upid = listen(call, vm.vmid, port, { kind: 'terminal', secret });
  return { user: who.authid, ticket, port: String(port), upid };
}

/** On 8.4 termproxy has tickets verified by POST /access/ticket, which knows no tokens; 9 has /access/vncticket. */
function isVerifiable({ world, who }: Call): boolean {
  return world.release !== '8.4' || who.token === undefined;
}

function isSerialScreen(vm: VmState): boolean {
  return /^(?:type=)?serial\d/.test(vm.config.current.vga ?? '');
}

/** A port that nobody listens on and nobody was given just now [PVE/Tools.pm: next_unused_port]. */
function freePort(world: World, node: string): number {
  for (let port = FIRST_PORT; port <= LAST_PORT; port++) {
    const key = `${node}:${port}`;
    if (world.consoles.has(key) || (world.reservedPorts.get(key) ?? 0) > world.clock.now()) continue;
    world.reservedPorts.set(key, world.clock.now() + RESERVED_MS);
    return port;
  }
  throw died(`unable to find free port (${FIRST_PORT}-${LAST_PORT + 1})`);
}

function drawPassword(world: World): string {
  return String.fromCharCode(...Array.from({ length: 8 }, () => 0x21 + world.random.below(PASSWORD_CHARS)));
}

/** Forks the task that listens on the port; it ends when the connection does, or when none comes. */
function listen(call: Call, vmid: number, port: number, how: { kind: 'vnc' | 'terminal'; secret: string }): string {
  const { world, node, who } = call;
  const key = `${node}:${port}`;
  const line = new Line();
  world.consoles.set(key, { ...how, vmid, connected: () => line.connect() });
  return world.tasks.fork({ node, type: 'vncproxy', id: String(vmid), authid: who.authid }, worker =>
    serve(world, worker, line, key),
  );
}

function* serve(world: World, worker: Worker, line: Line, key: string): Steps<void> {
  worker.process.onExit(() => world.consoles.delete(key));
  yield resume => {
    const cancel = world.clock.at(world.clock.now() + CONNECT_MS, resume);
    line.onConnect = () => {
      cancel();
      world.clock.at(world.clock.now(), resume);
    };
    return cancel;
  };
  if (!line.isConnected) throw died('connection timed out');
  if (!line.isClosed) {
    yield resume => {
      line.onClose = () => world.clock.at(world.clock.now(), resume);
      return () => {};
    };
  }
}

/** The one connection of a console. */
class Line {
  isConnected = false;
  isClosed = false;
  onConnect = () => {};
  onClose = () => {};

  connect(): () => void {
    this.isConnected = true;
    this.onConnect();
    return () => {
      if (this.isClosed) return;
      this.isClosed = true;
      this.onClose();
    };
  }
}

/** GET vncwebsocket: with the ticket of the same identity, the connection becomes a WebSocket. */
export function upgradeConsole(call: Call): Answer | { port: number } {
  const { world, params, node, who, headers } = call;
  const vmid = Number(params.vmid);
  const port = Number(params.port);
  if (!verifyVncTicket(world, required(params, 'vncticket'), who.authid, `/vms/${vmid}`, port)) {
    throw new PveError('permission denied - invalid PVEVNC ticket', 401);
  }
  vmOn(world, required(params, 'node'), vmid);
  if (headers.upgrade?.toLowerCase() !== 'websocket') return { port };
  const granted = world.consoles.get(`${node}:${port}`);
  const protocol = headers['sec-websocket-protocol'];
  const answer: Answer = {
    status: 101,
    reason: 'Switching Protocols',
    headers: { Upgrade: 'websocket', Connection: 'upgrade', ...(protocol && { 'Sec-WebSocket-Protocol': protocol }) },
    body: '',
    close: false,
  };
  if (granted === undefined) return { ...answer, broken: 'reset' };
  const { kind, secret, connected } = granted;
  return { ...answer, upgrade: { kind, vmid, port, secret, authid: who.authid, closed: connected() } };
}

/** POST monitor: the few commands of QEMU's monitor that only tell something. */
export function monitor({ world, params, node }: Call): string {
  const vm = vmOn(world, node, Number(params.vmid));
  const command = required(params, 'command').trim();
  if (vm.run === undefined) return `ERROR: VM ${vm.vmid} not running\n`;
  if (command === 'info status') {
    const { status } = vm.run;
    return `VM status: ${status === 'running' ? 'running' : `paused${status === 'paused' ? '' : ` (${status})`}`}\r\n`;
  }
  return `unknown command: '${command.split(' ')[0]}'\r\n`;
}

/** PUT sendkey. */
export function sendKey({ world, params, node }: Call): null {
  const vm = vmOn(world, node, Number(params.vmid));
  if (vm.run === undefined) throw died(`VM ${vm.vmid} not running`);
  return null;
}

/** POST spiceproxy: no simulated VM has SPICE. */
export function openSpice({ world, params, node }: Call): never {
  const { vmid } = vmOn(world, node, Number(params.vmid));
  throw died(`VM ${vmid} qmp command 'query-spice' failed - The command query-spice has not been found`);
}

/** Stands for the cluster's authority; the connection that carries it is what a client verifies. */
const CA = '-----BEGIN CERTIFICATE-----\nc2ltdWxhdGVk\n-----END CERTIFICATE-----\n';
