import { afterAll, beforeAll, expect, test } from 'vitest';
import { freshNamespace } from '../control-plane/shared.ts';
import { type Lab, quotaLab, removeNamespace } from './lab.ts';
import { race, writers } from './race/race.ts';

let lab: Lab;

beforeAll(async () => {
  lab = await quotaLab();
});

afterAll(() => lab.close());

// Enough to see a mistake within a minute or two; `make race` runs a hundred. The claim itself rests on compare-and-swap
// and on the walks of the ledger.
test.each([
  { webhook: 'up', election: 'off', rounds: 2 },
  { webhook: 'down', election: 'off', rounds: 2 },
  { webhook: 'down', election: 'on', rounds: 2 },
] as const)(
  `F101, F154: ${writers} writers at limit - 1, operators killed at random, webhook $webhook, election $election: no quota is ever exceeded`,
  async setting => {
    const namespaces = [await freshNamespace(lab.controlPlane, 'race'), await freshNamespace(lab.controlPlane, 'race')];
    const report = await race(lab, { ...setting, namespaces, log: console.error });
    console.log(JSON.stringify(report));
    const { hard, leadersKilled } = report;
    expect(report).toMatchObject({ mostInProxmox: hard, mostCharged: hard, mostMade: 1 });
    expect(leadersKilled).toBeGreaterThan(0);
    const operator = await lab.startOperator();
    await Promise.all(namespaces.map(namespace => removeNamespace(lab, namespace)));
    await operator.stop();
  },
  1_800_000,
);
