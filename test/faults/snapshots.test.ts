import { describe, expect, test } from 'vitest';
import { faultKinds } from './fault.ts';
import { liveWithSnapshots } from './snapshot-life.ts';

const calm = { faults: new Map(), seconds: 1 };

test('F62: a machine lives with snapshots, is taken back, and takes its snapshots with it', async () => {
  expect(await liveWithSnapshots(calm)).not.toHaveProperty('violation');
});

test('F62, F154: two operators without an election take each snapshot once', async () => {
  for (const lagMs of [0, 500, 5_000]) {
    const watch = { lagMs, twice: 0, missing: 0 };
    expect(await liveWithSnapshots({ ...calm, watch, operators: 2 })).not.toHaveProperty('violation');
  }
});

describe('F62, F154: where something goes wrong', () => {
  test.each(faultKinds)(
    '%s at any call: no snapshot is lost, none is taken twice, and nobody else’s is touched',
    async kind => {
      const { calls, span } = await liveWithSnapshots(calm);
      const found: string[] = [];
      for (let call = span.from; call < span.to; call++) {
        const { violation } = await liveWithSnapshots({ ...calm, faults: new Map([[call, kind]]) });
        if (violation) found.push(`${kind}@${call} ${calls[call]}: ${violation}`);
      }
      expect(found).toEqual([]);
    },
  );
});
