import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { countResults } from './count.ts';

// Prints the last line of a test run: `node test/results/summary.ts FOLDER`. Each step of the Makefile leaves
// NAME.json there if it ran tests, and NAME.failed if it failed.

const [, , folder = '.cache/results'] = process.argv;
const names = new Set(readdirSync(folder).map(file => basename(file).replace(/\.\w+$/, '')));
const { passed, failed, skipped } = countResults(
  [...names].map(name => {
    const report = join(folder, `${name}.json`);
    return {
      failed: existsSync(join(folder, `${name}.failed`)),
      report: existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : undefined,
    };
  }),
);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
if (failed > 0) process.exitCode = 1;
