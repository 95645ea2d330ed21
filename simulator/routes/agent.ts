import { BrokenPipe, died } from '../engine/errors.ts';
import { type Steps, sleep } from '../engine/process.ts';
import type { Call, Handlers, World } from '../engine/world.ts';
import { number, required, text } from '../engine/world.ts';
import type { VmState } from '../state/types.ts';
import { agentAnswer } from '../vm/agent-commands.ts';
import { execute, executionStatus } from '../vm/agent-exec.ts';
import { vmOn } from '../vm/config.ts';
import { agentEnabled, hasAgent } from '../vm/guest.ts';

const AGENT = '/nodes/{node}/qemu/{vmid}/agent';

/** A ping to an agent that is not there waits this long. */
const PING_MS = 3000;

/** An agent answers after this long. */
const ANSWER_MS = 100;

/** A worker that dies while it answers is noticed this much later. */
const BROKEN_PIPE_MS = 5000;

const READS = [
  'get-fsinfo',
  'get-host-name',
  'get-memory-block-info',
  'get-memory-blocks',
  'get-osinfo',
  'get-time',
  'get-timezone',
  'get-users',
  'get-vcpus',
  'info',
  'network-get-interfaces',
];

const WRITES = [
  'fsfreeze-freeze',
  'fsfreeze-status',
  'fsfreeze-thaw',
  'fstrim',
  'ping',
  'shutdown',
  'suspend-disk',
  'suspend-hybrid',
  'suspend-ram',
];

const OTHERS = ['exec', 'exec-status', 'file-read', 'file-write', 'set-user-password'];

/** The guest agent. */
export const agent: Handlers = {
  [`GET ${AGENT}`]: () => [...READS, ...WRITES, ...OTHERS].sort().map(name => ({ name })),
  [`POST ${AGENT}`]: call => simple(call, required(call.params, 'command')),
  ...Object.fromEntries(READS.map(name => [`GET ${AGENT}/${name}`, (call: Call) => simple(call, name)])),
  ...Object.fromEntries(WRITES.map(name => [`POST ${AGENT}/${name}`, (call: Call) => simple(call, name)])),
  [`POST ${AGENT}/exec`]: exec,
  [`GET ${AGENT}/exec-status`]: execStatus,
  [`POST ${AGENT}/file-write`]: fileWrite,
  [`GET ${AGENT}/file-read`]: fileRead,
  [`POST ${AGENT}/set-user-password`]: function* (call: Call) {
    yield* ask(call);
    return { result: {} };
  },
};

/** The VM, once its agent has answered; throws what is wrong with it [PVE::QemuServer::Agent::agent_available]. */
function* ask({ world, node, params }: Call): Steps<VmState> {
  const vmid = Number(params.vmid);
  const vm = vmOn(world, node, vmid);
  if (!agentEnabled(vm)) throw died('No QEMU guest agent configured');
  if (vm.run === undefined) throw died(`VM ${vmid} is not running`);
  if (!hasAgent(world, vm)) {
    yield sleep(world.clock, PING_MS);
    throw died('QEMU guest agent is not running');
  }
  yield sleep(world.clock, ANSWER_MS);
  return vm;
}

function* simple(call: Call, command: string): Steps<{ result: unknown }> {
  const vm = yield* ask(call);
  return { result: agentAnswer(call.world, vm, command) };
}

function* exec(call: Call): Steps<{ pid: number }> {
  const vm = yield* ask(call);
  const { command } = call.params;
  const words = Array.isArray(command) ? command : [String(command)];
  const pid = execute(call.world, vm, words, text(call.params, 'input-data') ?? '');
  if (pid === undefined) yield* diesAnswering(call.world);
  return { pid: pid ?? 0 };
}

/** The agent's text for a missing program has typographic quotes, on which Proxmox's own worker dies. */
function* diesAnswering(world: World): Steps<void> {
  yield sleep(world.clock, BROKEN_PIPE_MS - ANSWER_MS);
  throw new BrokenPipe();
}

function* execStatus(call: Call): Steps<Record<string, unknown>> {
  const vm = yield* ask(call);
  return executionStatus(call.world, vm, number(call.params, 'pid') ?? 0);
}

function* fileWrite(call: Call): Steps<null> {
  const vm = yield* ask(call);
  vm.guest.files[required(call.params, 'file')] = required(call.params, 'content');
  return null;
}

function* fileRead(call: Call): Steps<Record<string, unknown>> {
  const vm = yield* ask(call);
  const file = required(call.params, 'file');
  const content = vm.guest.files[file];
  if (content === undefined) {
    throw died(`Agent error: failed to open file '${file}' (mode: 'r'): No such file or directory`);
  }
  return { content, 'bytes-read': Buffer.byteLength(content) };
}
