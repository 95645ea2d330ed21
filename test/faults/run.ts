import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { mistakes } from './mistakes.ts';

// Runs a share of the fault plans in this process: node test/faults/run.ts --plans 20000 --share 0/2 [--mistake NAME].
// The last line is JSON: {plans, crashes, violations: [{plan, violation}]}. With a mistake it stops at the first one.
// With --plan NAME it runs that one plan, and tells every call that was made.

const { values } = parseArgs({
  options: {
    plans: { type: 'string', default: '20000' },
    share: { type: 'string', default: '0/1' },
    mistake: { type: 'string' },
    plan: { type: 'string' },
  },
});
// A life has many errors that are answers, such as 404, and what they cost most is the stack that nobody reads.
Error.stackTraceLimit = 0;
const mistake = values.mistake === undefined ? undefined : mistakes.find(({ name }) => name === values.mistake);
if (values.mistake !== undefined && !mistake) throw new Error(`no mistake is called ${values.mistake}`);
if (mistake) putBack(mistake.edits);

const { enumerate } = await import('./enumeration.ts');
const { live } = await import('./life.ts');
const [share = 0, shares = 1] = values.share.split('/').map(Number);
const result = { plans: 0, crashes: 0, violations: [] as { plan: string; violation: string }[] };
let index = 0;
for await (const plan of enumerate(Number(values.plans), mistake && (mistake.story ?? 'template'))) {
  index += 1;
  const isWanted = values.plan === undefined ? index % shares === share : plan.name === values.plan;
  if (!isWanted) continue;
  const { calls, crashes, violation } = await live(plan);
  if (values.plan)
    for (const [number, call] of calls.entries()) console.error(`${number} ${plan.faults.get(number) ?? ''} ${call}`);
  result.plans += 1;
  result.crashes += crashes;
  if (violation) result.violations.push({ plan: plan.name, violation });
  if (violation && mistake) break;
  if (result.plans % 1000 === 0) console.error(`${result.plans} plans`);
}
console.log(JSON.stringify(result));
process.exit(0);

/** Changes sources as they are loaded; throws when a text to be replaced is not there any more. */
function putBack(edits: { file: string; find: string; replace: string }[]): void {
  const root = new URL('../../', import.meta.url);
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const mine = edits.filter(({ file }) => url === new URL(file, root).href);
      if (mine.length === 0) return loaded;
      let source = String(loaded.source);
      for (const { find, replace } of mine) {
        if (!source.includes(find)) throw new Error(`${fileURLToPath(url)} does not contain: ${find}`);
        source = source.replace(find, replace);
      }
      return { ...loaded, source };
    },
  });
}
