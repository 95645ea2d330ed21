import { expect, test } from 'vitest';
import { shapeOf } from './chart-shape.ts';

const at = (minute: number, value: number | undefined) => ({ time: new Date(minute * 60_000).toISOString(), value });

test('F59: a chart fills its grid from the first point to the last', () => {
  const { line, area, top } = shapeOf([at(0, 0), at(1, 0.5), at(2, 1)], 1);
  expect(line).toBe('M0 64L150 32L300 0');
  expect(area).toBe('M0 64L150 32L300 0L300 64L0 64Z');
  expect(top).toBe(1);
});

test('F59: gaps in the figures are gaps in the line', () => {
  const { line, area } = shapeOf([at(0, 1), at(1, 1), at(2, undefined), at(3, 1), at(4, 1)], 1);
  expect(line).toBe('M0 0L75 0M225 0L300 0');
  expect(area.match(/Z/g)).toHaveLength(2);
});

test('F59: nothing but zeros is a line at the bottom', () => {
  expect(shapeOf([at(0, 0), at(1, 0)]).line).toBe('M0 64L300 64');
});
