import { readExchanges } from './exchange.ts';
import { replay } from './replay.ts';

/** Replays files of recorded exchanges and prints each disagreement; the last line counts. */
const files = process.argv.slice(2);
if (files.length === 0) throw new Error('usage: node simulator/captures/main.ts FILE…');

const verdicts = await replay(readExchanges(files));
const failed = verdicts.filter(verdict => verdict.exception === undefined && verdict.differences.length > 0);
for (const { seq, name, differences, exception } of verdicts) {
  if (differences.length === 0) continue;
  console.log(`${seq} ${name}${exception === undefined ? '' : ` (exempt: ${exception})`}`);
  for (const difference of differences) console.log(`    ${difference}`);
}
const exempt = verdicts.filter(verdict => verdict.exception !== undefined).length;
console.log(`${verdicts.length - failed.length - exempt} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
