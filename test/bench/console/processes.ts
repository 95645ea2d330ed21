import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';

/** Linux counts CPU time in hundredths of a second, whatever the machine. */
const msPerTick = 10;

/** A process and those that it has started. */
function familyOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return [pid, ...children.flatMap(child => familyOf(Number(child)))];
}

/** CPU time that a process and those that it has started took so far, in ms. */
export function cpuMs(pid: number): number {
  const times = familyOf(pid).map(each => {
    const stat = readFileSync(`/proc/${each}/stat`, 'utf8');
    // The name of the program stands in brackets, and may have blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * msPerTick;
  });
  return times.reduce((sum, each) => sum + each, 0);
}

/** Of this machine, whatever this process is kept on by then. */
const cores = cpus().length;

/** All of them, as `keepOn` takes them. */
export const allCores = `0-${cores - 1}`;

/** Keeps a process, with all of its threads, on some cores, as `0` or `0-1`. Without a second core it stays as it is. */
export function keepOn(pid: number, place: string): void {
  if (cores < 2) return;
  try {
    execFileSync('taskset', ['-acp', place, String(pid)], { stdio: 'ignore' });
  } catch (error) {
    console.error(`without a core of its own: ${error instanceof Error ? error.message : error}`);
  }
}

/** The same for those that it has started, too. */
export function keepFamilyOn(pid: number, place: string): void {
  for (const each of familyOf(pid)) keepOn(each, place);
}
