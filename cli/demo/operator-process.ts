import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How long an operator may take from its start until it is ready: its first lists, on a busy machine. */
const readyMs = 30_000;

/** An operator that runs as a process of its own, as it does in a cluster. */
export interface OperatorProcess {
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

/** Where an operator process finds its API server and leaves its log. */
export interface OperatorProcessOptions {
  kubeconfig: string;
  logFile: string;
  probePort: number;
  args?: readonly string[];
  signal: AbortSignal;
}

/** Starts an operator and waits until it is ready. Rejects, naming the log, when it is not. */
export async function startOperatorProcess(options: OperatorProcessOptions): Promise<OperatorProcess> {
  const { kubeconfig, logFile, probePort, args = [], signal } = options;
  const berth = fileURLToPath(new URL('../berth.ts', import.meta.url));
  const flags = ['--kubeconfig', kubeconfig, '--probe-port', String(probePort), '--probe-host', '127.0.0.1', ...args];
  const child = spawn(process.execPath, [berth, 'operator', ...flags], { stdio: ['ignore', 'pipe', 'pipe'] });
  const log = createWriteStream(logFile, { flags: 'a' });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  const ended = once(child, 'exit').then(() => undefined);
  // Nobody else would end it if this process goes without a word.
  const killWithUs = () => child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void ended.then(() => process.removeListener('exit', killWithUs));
  await waitUntilReady(child, probePort, logFile, signal);
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

async function waitUntilReady(child: ChildProcess, port: number, logFile: string, signal: AbortSignal): Promise<void> {
  const deadline = Date.now() + readyMs;
  while (Date.now() < deadline && !signal.aborted) {
    if (child.exitCode !== null) throw new Error(`the operator ended with code ${child.exitCode}; see ${logFile}`);
    const answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    await sleep(50);
  }
  child.kill('SIGKILL');
  signal.throwIfAborted();
  throw new Error(`the operator was not ready within ${readyMs / 1000} s; see ${logFile}`);
}
