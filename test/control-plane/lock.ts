import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const RETRY_MS = 250;

/** How to wait for a lock: told once when somebody else holds it, and given up when the signal says so. */
export interface Waiting {
  onWait: (holderPid: number) => void;
  signal: AbortSignal;
}

/**
 * Runs `work` while this process holds the lock file `path`. A holder that was killed is noticed by its process id and
 * its lock is taken over. Two waiters that take over at the same instant may both run, and a process id may be used
 * again: so `work` must be harmless when it runs twice, and the lock only spares the effort.
 */
export async function withLock<T>(path: string, { onWait, signal }: Waiting, work: () => Promise<T>): Promise<T> {
  let told = false;
  while (!(await acquire(path))) {
    const holder = await readHolder(path);
    if (holder !== undefined && !isAlive(holder)) {
      await takeAway(path);
    } else {
      if (holder !== undefined && !told) onWait(holder);
      told ||= holder !== undefined;
      await delay(RETRY_MS, undefined, { signal });
    }
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

/** Links a complete file into place, so that nobody ever reads a lock without its holder. */
async function acquire(path: string): Promise<boolean> {
  const claim = `${path}.${process.pid}.${Math.random().toString(36).slice(2)}`;
  await writeFile(claim, String(process.pid));
  try {
    await link(claim, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(claim);
  }
}

async function readHolder(path: string): Promise<number | undefined> {
  try {
    return Number(await readFile(path, 'utf8'));
  } catch {
    return undefined; // Released meanwhile.
  }
}

/** True while a process with that id exists, be it of another user. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // Somebody else's process, but alive.
  }
}

async function takeAway(path: string): Promise<void> {
  const grave = `${path}.${process.pid}.dead`;
  await rename(path, grave).catch(() => {}); // Another waiter was faster.
  await rm(grave, { force: true });
}
