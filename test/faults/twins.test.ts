import { expect, test } from 'vitest';
import { live, type Pace } from './life.ts';

const paces: Pace[] = [0, 1, 8, 40, 120, 'never'];

test.each(paces)('F154: two operators without an election lead one life with tasks of %s seconds', async pace => {
  for (const lagMs of [0, 500, 5_000]) {
    for (let seed = 1; seed <= 4; seed++) {
      const watch = { lagMs, twice: 0, missing: 0 };
      const { violation } = await live({ faults: new Map(), pace, seed, watch, operators: 2 });
      expect(violation, `lag ${lagMs}, seed ${seed}`).toBeUndefined();
    }
  }
});
