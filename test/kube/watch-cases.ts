import { readFile, writeFile } from 'node:fs/promises';
import { type ReflectorCase, runCase } from '#kube/testing/reflector-cases.ts';
import type { ControlPlane } from '../control-plane/control-plane.ts';
import { realBench } from './real-bench.ts';

/** Where the outcomes stand for people. */
const watchCasesPage = new URL('../../docs/operations/watch-cases.md', import.meta.url);

/** What came of a case. */
export interface WatchOutcome {
  case_: ReflectorCase;
  /** Milliseconds after the trouble was over until the store was true again. */
  trueAgainMs: number;
}

/** Runs a case against a real API server. Rejects, saying what, where something else came of it than must. */
export async function runRealCase(controlPlane: ControlPlane, case_: ReflectorCase): Promise<WatchOutcome> {
  const { bench, close } = await realBench(controlPlane);
  try {
    return { case_, trueAgainMs: await runCase(bench, case_) };
  } finally {
    await close();
  }
}

const introduction = `# When a watch goes wrong

Everything that the operator knows of Kubernetes comes by list and watch. This is what befalls them, what must come of
it, and how long the operator's view was wrong after the trouble was over: seen with a real API server and etcd, behind
a proxy that misbehaves. There, silence counts as death after 5 s; in production after 150 s, since API servers send a
sign of life once a minute. After each case the view was equal to the truth, there was one watch and no other, and no
change was told twice or left out.

This page is generated: \`npm run docs:watch-cases\`.
`;

const headings = ['Case', 'What befalls', 'What must come of it', 'Seen', 'True again after'];

/** The page as it should be. */
export function pageOf(outcomes: readonly WatchOutcome[]): string {
  const rows = outcomes.map(({ case_: { id, title, must }, trueAgainMs }) => [
    id,
    title,
    must,
    'yes',
    `${(trueAgainMs / 1000).toFixed(2)} s`,
  ]);
  const lines = [headings, headings.map(() => '---'), ...rows].map(cells => `| ${cells.join(' | ')} |`);
  return `${introduction}\n${lines.join('\n')}\n`;
}

/** The page without its last column, which is another one with each run. */
export const withoutTimes = (page: string): string =>
  page.replaceAll(/^(\|.*\|)[^|]*\|$/gm, (_row, cells: string) => cells);

/** The page as it stands. */
export const readPage = (): Promise<string> => readFile(watchCasesPage, 'utf8');

/** Writes the page. */
export const writePage = (outcomes: readonly WatchOutcome[]): Promise<void> =>
  writeFile(watchCasesPage, pageOf(outcomes));
