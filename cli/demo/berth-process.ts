import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long a command may take from its start until it is ready: its first lists, on a machine that is slow and busy. */
const readyMs = 120_000;

/** A `berth` command that runs as a process of its own, as it does in a cluster. */
export interface BerthProcess {
  readonly pid: number;
  /** Where it tells its metrics. */
  readonly metricsUrl: string;
  /** Resolves when it has ended, however. */
  readonly ended: Promise<void>;
  /** Ends it as Kubernetes does, and waits. */
  stop: () => Promise<void>;
  /** Ends it as a crash does, and waits. */
  kill: () => Promise<void>;
}

/** Which command to run, where it finds its API server and leaves its log. */
export interface BerthProcessOptions {
  /** `operator`, `console-proxy`, …: each takes --kubeconfig, --probe-port and --probe-host, and answers /readyz. */
  command: string;
  kubeconfig: string;
  logFile: string;
  probePort: number;
  args?: readonly string[];
  /** File of the `berth` command. Default: the source beside this one. */
  berth?: string | undefined;
  signal: AbortSignal;
}

/** Starts a command and waits until it is ready. Rejects, naming the log, when it is not. */
export async function startBerthProcess(options: BerthProcessOptions): Promise<BerthProcess> {
  const { command, kubeconfig, logFile, probePort, args = [] } = options;
  const { berth = fileURLToPath(new URL('../berth.ts', import.meta.url)) } = options;
  const flags = ['--kubeconfig', kubeconfig, '--probe-port', String(probePort), '--probe-host', '127.0.0.1', ...args];
  const child = spawn(process.execPath, [berth, command, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = once(child, 'exit').then(() => undefined);
  // Nobody else would end it if this process goes without a word.
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void ended.then(() => process.removeListener('exit', killWithUs));
  await waitUntilReady(child, options);
  return {
    pid: child.pid ?? 0,
    metricsUrl: `http://127.0.0.1:${probePort}/metrics`,
    ended,
    stop: () => end(child, ended, 'SIGTERM'),
    kill: () => end(child, ended, 'SIGKILL'),
  };
}

async function end(child: ChildProcess, ended: Promise<void>, how: NodeJS.Signals): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) child.kill(how);
  await ended;
}

async function waitUntilReady(child: ChildProcess, options: BerthProcessOptions): Promise<void> {
  const { command, probePort, logFile, signal } = options;
  const deadline = Date.now() + readyMs;
  while (Date.now() < deadline && !signal.aborted) {
    if (child.exitCode !== null) throw new Error(`berth ${command} ended with code ${child.exitCode}; see ${logFile}`);
    const answer = await fetch(`http://127.0.0.1:${probePort}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  signal.throwIfAborted();
  throw new Error(`berth ${command} was not ready within ${readyMs / 1000} s; see ${logFile}`);
}
