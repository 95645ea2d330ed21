import { readFile } from 'node:fs/promises';

/** Linux counts CPU time in hundredths of a second, whatever the machine. */
const msPerTick = 10;

/** CPU time that a process and those that it has started took so far, in ms. */
export async function cpuMs(pid: number): Promise<number> {
  const [stat, children] = await Promise.all([
    readFile(`/proc/${pid}/stat`, 'utf8'),
    readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'),
  ]);
  // The name of the program stands in brackets, and may have blanks.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const own = (Number(fields[11]) + Number(fields[12])) * msPerTick;
  const others = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map(child => cpuMs(Number(child))),
  );
  return others.reduce((sum, each) => sum + each, own);
}
