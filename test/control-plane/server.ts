import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** A server to run in `folder`, where its log goes too. */
export interface ServerProgram {
  name: string;
  file: string;
  args: readonly string[];
  folder: string;
}

/** A server that was started. */
export interface Server {
  name: string;
  /** Resolves when the process ends, with a sentence that quotes the end of its log. */
  ended: Promise<string>;
  /** Ends it at once, whatever it is doing, and waits until it is gone. */
  stop: () => Promise<void>;
}

const QUOTED_LINES = 10;
const QUOTED_BYTES = 8192;
const STOP_MS = 5_000;

// Whoever starts a server holds the other end of its standard input. When that closes, for whatever reason, the guard
// kills the server; when the server ends, the guard ends with its exit code.
const GUARD = `
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ read -r _; kill -KILL $server; } <&3 2>/dev/null & watch=$!
wait $server; code=$?
kill $watch 2>/dev/null
exit $code`;

/**
 * Starts a server that does not outlive this process, not even when this process is killed: a server of our own build
 * watches that itself, any other (`guarded`) runs under a line of shell. It runs in a session of its own, so that ^C in
 * a terminal reaches only whoever started it.
 */
export function startServer({ name, file, args, folder }: ServerProgram, guarded: boolean): Server {
  const logFile = join(folder, `${name}.log`);
  const log = openSync(logFile, 'w', 0o600);
  const [command, commandArgs] = guarded ? ['sh', ['-c', GUARD, 'sh', file, ...args]] : [file, args];
  const child = spawn(command, commandArgs, { cwd: folder, stdio: ['pipe', log, log], detached: true });
  closeSync(log);
  return { name, ended: describeEnd(child, name, logFile), stop: () => stop(child) };
}

async function describeEnd(child: ChildProcess, name: string, logFile: string): Promise<string> {
  try {
    const [code, signal] = await once(child, 'exit');
    return `${name} ended with ${signal ?? `code ${code}`}; the end of ${logFile}:\n${await readEnd(logFile)}`;
  } catch (error) {
    return `${name} did not start: ${(error as Error).message}`;
  }
}

/** The last lines of a log, which may be of any size. */
async function readEnd(logFile: string): Promise<string> {
  const file = await open(logFile);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, QUOTED_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    return buffer.toString('utf8').trimEnd().split('\n').slice(-QUOTED_LINES).join('\n');
  } finally {
    await file.close();
  }
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = once(child, 'exit');
  child.stdin?.end();
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await exited;
  clearTimeout(timer);
}
