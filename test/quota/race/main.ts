/**
 * `make race`: 64 writers want the last place of a namespace, a hundred times, while two operators are killed at random.
 * Flags are --rounds, --webhook up|down, --election on|off, --beside, how many namespaces race beside each other, and
 * --minutes, after which no round is begun. The last line is JSON, and the exit code 1 where a quota was exceeded, or nobody
 * who led was killed.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connectProxmox, setStage } from '#cli/demo/stage.ts';
import { race } from './race.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '100' },
    webhook: { type: 'string', default: 'up' },
    election: { type: 'string', default: 'off' },
    beside: { type: 'string', default: '2' },
    minutes: { type: 'string', default: '60' },
  },
});
const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort());
const dir = await mkdtemp(join(tmpdir(), 'berth-race-'));
const log = (line: string) => console.error(line);
const stage = await setStage({ dir, env: process.env, signal: interrupt.signal, log });
log(`the operators' log is ${stage.operatorLog}`);
try {
  await connectProxmox(stage, dir);
  await stage.kubectl('apply', '-f', 'examples/10-templates.yaml');
  const namespaces = Array.from({ length: Number(values.beside) }, (_, index) => `race-${index}`);
  for (const namespace of namespaces) await stage.kubectl('create', 'namespace', namespace);
  const report = await race(stage, {
    rounds: Number(values.rounds),
    webhook: values.webhook === 'down' ? 'down' : 'up',
    election: values.election === 'on' ? 'on' : 'off',
    namespaces,
    log,
    withinSeconds: Number(values.minutes) * 60,
  });
  console.log(JSON.stringify(report));
  const exceeded = Math.max(report.mostInProxmox, report.mostCharged) > report.hard || report.mostMade > 1;
  if (exceeded || report.leadersKilled === 0) process.exitCode = 1;
  else await rm(dir, { recursive: true, force: true });
} finally {
  await stage.close();
}
