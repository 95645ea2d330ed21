import { died } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';
import type { GuestProcess, VmState } from '../state/types.ts';
import { findVolume } from '../storage/volumes.ts';
import { drivesOf, formatSize, isCdrom } from './drives.ts';

/** What a program did, once it has ended. */
interface Run {
  ms?: number;
  exitcode?: number;
  out?: string;
  err?: string;
}

type Program = (world: World, vm: VmState, words: string[], input: string) => Run;

/** The few programs that a simulated guest has. */
const PROGRAMS: Record<string, Program> = {
  cat: (_world, _vm, _words, input) => ({ out: input }),
  echo: (_world, _vm, words) => ({ out: `${words.join(' ')}\n` }),
  hostname: (_world, vm) => ({ out: `${vm.config.current.name ?? ''}\n` }),
  id: () => ({ out: 'uid=0(root) gid=0(root) groups=0(root)\n' }),
  lsblk: (world, vm) => ({ out: listBlockDevices(world, vm) }),
  sh: (world, vm, words) => runShell(world, vm, words[0] === '-c' ? (words[1] ?? '') : ''),
  sleep: (_world, _vm, words) => ({ ms: Number(words[0] ?? 0) * 1000 }),
  true: () => ({}),
  false: () => ({ exitcode: 1 }),
};

/** Starts a program; undefined if the guest has none of that name. */
export function execute(world: World, vm: VmState, words: string[], input: string): number | undefined {
  const [path = '', ...rest] = words;
  const program = PROGRAMS[path.replace(/^(?:\/usr)?\/s?bin\//, '')];
  if (program === undefined) return undefined;
  const { ms = 0, exitcode = 0, out = '', err = '' } = program(world, vm, rest, input);
  vm.guest.lastPid += 1 + world.random.below(5);
  vm.guest.processes[vm.guest.lastPid] = { endsAt: world.clock.now() + ms, exitcode, out, err };
  return vm.guest.lastPid;
}

/** `a; b; exit N`, with output to `>&2`. */
function runShell(world: World, vm: VmState, script: string): Run {
  const run: Required<Run> = { ms: 0, exitcode: 0, out: '', err: '' };
  for (const command of script.split(/;|&&/).map(part => part.trim())) {
    const [, head = '', redirect] = /^(.*?)\s*(>&2)?$/.exec(command) ?? [];
    const [name = '', ...rest] = head.split(/\s+/);
    if (name === 'exit') return { ...run, exitcode: Number(rest[0] ?? 0) };
    const { ms = 0, exitcode = 0, out = '' } = PROGRAMS[name]?.(world, vm, rest, '') ?? { exitcode: 127 };
    run.ms += ms;
    run.exitcode = exitcode;
    run[redirect === undefined ? 'out' : 'err'] += out;
  }
  return run;
}

/** As `lsblk -J -o NAME,SIZE,SERIAL`. The disk that a cloud image came on has one partition of its first size. */
function listBlockDevices(world: World, vm: VmState): string {
  const drives = drivesOf(world.release, vm.config.current);
  const sizeOf = (file: string) => findVolume(world, vm.node, file)?.volume.size ?? 0;
  const disks = drives
    .filter(drive => !isCdrom(drive))
    .map(
      (drive, index): Record<string, string> => ({
        name: `sd${String.fromCharCode('a'.charCodeAt(0) + index)}`,
        size: formatSize(sizeOf(drive.file)),
        serial: drive.options.serial ?? `drive-${drive.key}`,
      }),
    );
  const cdroms = drives
    .filter(drive => isCdrom(drive))
    .map(
      (drive, index): Record<string, string> => ({
        name: `sr${index}`,
        size: formatSize(sizeOf(drive.file)),
        serial: drive.key === 'ide2' ? 'QM00003' : `QM0000${index + 1}`,
      }),
    );
  return printDevices([...disks, ...cdroms]);
}

/** In the form of util-linux, which is not that of JSON.stringify. */
function printDevices(devices: Record<string, string>[]): string {
  const items = devices.map(device => {
    const lines = Object.entries(device).map(
      ([key, value]) => `         ${JSON.stringify(key)}: ${JSON.stringify(value)}`,
    );
    return `{\n${lines.join(',\n')}\n      }`;
  });
  return `{\n   "blockdevices": [\n      ${items.join(',')}\n   ]\n}\n`;
}

/** How far a program has got; its end can be asked for once. */
export function executionStatus(world: World, vm: VmState, pid: number): Record<string, unknown> {
  const process = vm.guest.processes[pid];
  if (process === undefined) throw died("Agent error: Invalid parameter 'pid'");
  if (process.endsAt > world.clock.now()) return { exited: 0 };
  delete vm.guest.processes[pid];
  return { exited: 1, exitcode: process.exitcode, ...streams(process) };
}

function streams({ out, err }: GuestProcess): Record<string, unknown> {
  return {
    ...(out === '' ? {} : { 'out-data': out, 'out-truncated': 0 }),
    ...(err === '' ? {} : { 'err-data': err, 'err-truncated': 0 }),
  };
}
