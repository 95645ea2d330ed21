import { describe, expect, test } from 'vitest';
import { type ListedMachine, orphansFound, suspects } from './orphans.ts';

const range = { start: 1000, end: 1999 };
const machine = (vmid: number, change: Partial<ListedMachine> = {}): ListedMachine => ({
  vmid,
  node: 'n1',
  type: 'qemu',
  template: false,
  tags: ['berth'],
  ...change,
});

describe('machines that may be without a resource', () => {
  test('carry our tag, stand in our range, and nobody holds them', () => {
    const listed = [
      machine(1001),
      machine(1002),
      machine(999),
      machine(1003, { tags: [] }),
      machine(1004, { template: true }),
      machine(1005, { type: 'lxc' }),
    ];
    expect(suspects(listed, range, new Set([1002])).map(({ vmid }) => vmid)).toEqual([1001]);
  });
});

describe('what is said of them', () => {
  const orphan = (vmid: number) => ({ vmid, namespace: 'team-a', name: `vm-${vmid}` });

  test('is nothing where there are none', () => {
    expect(orphansFound([])).toBeUndefined();
  });

  test('is the same in whatever order they are listed, and bounded', () => {
    const many = Array.from({ length: 500 }, (_, index) => orphan(1000 + index));
    const message = orphansFound(many)?.message ?? '';
    expect(orphansFound(many.toReversed())?.message).toBe(message);
    expect(message).toContain('(500): 1000 (team-a/vm-1000), 1001');
    expect(message.length).toBeLessThan(1024);
  });
});
