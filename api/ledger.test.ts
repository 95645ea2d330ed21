import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Allocation, findAllocation, formatAllocation, parseAllocation } from './ledger.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

const entry: Allocation = {
  name: 'web-1',
  uid: '0a1b2c3d-0000-4000-8000-000000000001',
  state: 'Bound',
  generation: 3,
  template: 'debian-12',
  owner: 'oidc:ada',
  running: true,
  cpu: 2,
  memoryMiB: 2048,
  storageMiB: 20_480,
  networks: 1,
};

test('an entry is a line that people can read', () => {
  expect(formatAllocation(entry)).toBe(
    'web-1 0a1b2c3d-0000-4000-8000-000000000001 Bound@3 Running cpu=2 memory=2048Mi storage=20480Mi networks=1 ' +
      'template=debian-12 owner=oidc:ada',
  );
});

test('every entry is read back as it was, whatever its owner is called', () => {
  const amount = fc.nat();
  const entries = fc.record(
    {
      name: fc.stringMatching(/^[a-z0-9/-]{1,127}$/),
      uid: fc.stringMatching(/^[0-9a-f-]{0,36}$/),
      state: fc.constantFrom('Reserved' as const, 'Bound' as const),
      generation: amount,
      template: fc.stringMatching(/^[a-z0-9.-]{1,63}$/),
      owner: fc.string({ unit: 'grapheme', maxLength: 253 }),
      running: fc.boolean(),
      cpu: amount,
      memoryMiB: amount,
      storageMiB: amount,
      networks: amount,
      storages: fc.dictionary(fc.stringMatching(/^[A-Za-z][A-Za-z0-9._-]{0,20}$/), amount, {
        minKeys: 1,
        noNullPrototype: true,
      }),
    },
    {
      requiredKeys: [
        'name',
        'uid',
        'state',
        'generation',
        'template',
        'running',
        'cpu',
        'memoryMiB',
        'storageMiB',
        'networks',
      ],
    },
  );
  fc.assert(
    fc.property(entries, some => {
      expect(parseAllocation(formatAllocation(some))).toEqual(some);
    }),
  );
});

test('F100: a snapshot is a line of its own, and read back as it was', () => {
  const text = 'snapshot/before 0a1b2c3d-0000-4000-8000-000000000001 Bound@0 of=web-1';
  const read = parseAllocation(text);
  expect(read).toMatchObject({ name: 'snapshot/before', state: 'Bound', snapshotOf: 'web-1', cpu: 0 });
  expect(formatAllocation(read)).toBe(text);
  expect(parseAllocation(formatAllocation({ ...entry, name: 'snapshot/web-1' }))).not.toHaveProperty('snapshotOf');
});

test('what is no entry is not read as one', () => {
  expect(() => parseAllocation('web-1 Bound')).toThrow('status.allocations: "web-1 Bound" is no entry of a ledger');
});

test('an entry is found by its whole name', () => {
  const lines = [{ ...entry, name: 'web-10' }, entry].map(formatAllocation);
  expect(findAllocation(lines, 'web-1')).toEqual(entry);
  expect(findAllocation(lines, 'web')).toBeUndefined();
});
