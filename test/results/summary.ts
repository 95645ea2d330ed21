import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { countResults, failuresIn } from './count.ts';

// Prints the last lines of a test run, what failed and how many: `node test/results/summary.ts FOLDER`. Each step of the Makefile leaves
// NAME.json there if it ran tests, and NAME.failed if it failed.

const [, , folder = '.cache/results'] = process.argv;
const names = new Set(readdirSync(folder).map(file => basename(file).replace(/\.\w+$/, '')));
const steps = [...names].map(name => {
  const report = join(folder, `${name}.json`);
  return {
    failed: existsSync(join(folder, `${name}.failed`)),
    report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined,
  };
});
for (const { report } of steps) {
  if (report === undefined) continue;
  for (const { name, why } of failuresIn(report))
    console.log(`failed: ${name.replace(`${process.cwd()}/`, '')}: ${why}`);
}
const { passed, failed, skipped } = countResults(steps);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;
