import { describe, expect, it } from 'vitest';
import { findCondition, removeCondition, setCondition } from './conditions.ts';

const start = new Date('2026-01-01T00:00:00.789Z');
const later = new Date('2026-01-01T00:05:00Z');
const ready = {
  type: 'Ready',
  status: 'False',
  reason: 'Creating',
  message: 'is being made',
  observedGeneration: 1,
} as const;

describe('the conditions of an object', () => {
  it('get a new one with the time in whole seconds', () => {
    const [condition] = setCondition([], ready, start);
    expect(condition).toEqual({ ...ready, lastTransitionTime: '2026-01-01T00:00:00Z' });
  });

  it('keep lastTransitionTime while only words change', () => {
    const list = setCondition(setCondition([], ready, start), { ...ready, reason: 'Starting' }, later);
    expect(findCondition(list, 'Ready')).toMatchObject({
      reason: 'Starting',
      lastTransitionTime: '2026-01-01T00:00:00Z',
    });
  });

  it('move lastTransitionTime when the status changes, and stay in their place', () => {
    const list = setCondition(setCondition([], ready, start), { ...ready, type: 'Scheduled' }, start);
    const after = setCondition(list, { ...ready, status: 'True' }, later);
    expect(after.map(({ type, lastTransitionTime }) => [type, lastTransitionTime])).toEqual([
      ['Ready', '2026-01-01T00:05:00Z'],
      ['Scheduled', '2026-01-01T00:00:00Z'],
    ]);
  });

  it('are the same list where nothing differs', () => {
    const list = setCondition([], ready, start);
    expect(setCondition(list, ready, later)).toBe(list);
    expect(removeCondition(list, 'Stalled')).toBe(list);
  });

  it('lose one that is removed', () => {
    expect(removeCondition(setCondition([], ready, start), 'Ready')).toEqual([]);
  });
});
