/** The simulator of the benchmark, a process of its own: it tells where it listens, and answers for its figures. */
import { readFile } from 'node:fs/promises';
import { RealClock } from '#simulator/engine/clock.ts';
import { serve } from '#simulator/http/server.ts';
import { createSimulator } from '#simulator/simulator.ts';
import { ProxmoxFigures } from './figures.ts';
import { question, simulatorOrder, standingVms } from './protocol.ts';
import { benchSeed } from './seed.ts';

const { vms, cloneMs, standing } = simulatorOrder.parse(JSON.parse(process.argv[2] ?? '{}'));
const durations = cloneMs === undefined ? {} : { copy: { ms: cloneMs } };
const machines = standing === undefined ? [] : standingVms.parse(JSON.parse(await readFile(standing, 'utf8')));
const simulator = createSimulator(benchSeed(vms, machines), { clock: new RealClock(), durations });
const counted = new ProxmoxFigures(simulator);
const { url, ca, close } = await serve({
  ...simulator,
  handle: request => {
    counted.note(request);
    return simulator.handle(request);
  },
});
process.send?.({ url, ca });
process.on('message', async message => {
  switch (question.parse(message)) {
    case 'figures':
      process.send?.(counted.read());
      return;
    case 'forget':
      counted.forget();
      process.send?.(counted.read());
      return;
    case 'end':
      await close();
      process.disconnect();
  }
});
