import { expect, test } from 'vitest';
import { live, type Pace, type Story } from './life.ts';

const paces: Pace[] = [0, 1, 8, 40, 120, 'never'];

async function expectNoViolation(story: Story, pace: Pace): Promise<void> {
  for (const lagMs of [0, 500, 5_000]) {
    for (let seed = 1; seed <= 4; seed++) {
      const watch = { lagMs, twice: 0, missing: 0 };
      const { violation } = await live({ story, faults: new Map(), pace, seed, watch, operators: 2 });
      expect(violation, `lag ${lagMs}, seed ${seed}`).toBeUndefined();
    }
  }
}

test.each(paces)('F154: two operators without an election lead one life with tasks of %s seconds', pace =>
  expectNoViolation('template', pace),
);

test.each(['kept', 'spent'] as const)('F118, F154: so they do for an adopted machine that is %s', story =>
  expectNoViolation(story, 1),
);

test.each(['snapshots', 'drives'] as const)('F62, F57, F154: and for one with %s', story =>
  expectNoViolation(story, 1),
);
