import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { cel, mapBy } from './cel.ts';
import { toStructural } from './structural.ts';

const described = <T extends z.ZodType>(schema: T) => schema.describe('A field.');

describe('a zod schema becomes a structural schema', () => {
  test('with descriptions, limits, defaults and what is required', () => {
    const schema = z.object({
      name: described(z.string().min(1).max(63)),
      mode: described(z.enum(['Full', 'Linked']).default('Full')),
      size: described(z.int32().min(1).optional()),
    });
    expect(toStructural(schema, 'Thing')).toEqual({
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', minLength: 1, maxLength: 63, description: 'A field.' },
        mode: { type: 'string', enum: ['Full', 'Linked'], default: 'Full', description: 'A field.' },
        size: { type: 'integer', minimum: 1, format: 'int32', description: 'A field.' },
      },
    });
  });

  test('CEL rules and list types go through as they are', () => {
    const rule = { rule: 'self == oldSelf', message: 'stays' };
    const list = z
      .array(z.object({ name: described(z.string().max(5)) }))
      .max(3)
      .meta({ ...mapBy('name'), ...cel(rule) });
    expect(toStructural(list, 'Thing.list')).toMatchObject({
      maxItems: 3,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      'x-kubernetes-validations': [rule],
    });
  });
});

describe('what an API server would refuse, or not check, is refused here with its path', () => {
  test.each([
    ['a union', z.object({ a: described(z.union([z.string().max(3), z.int()])) }), /Thing\.a: anyOf is not structural/],
    ['a string without limit', z.object({ a: described(z.string()) }), /Thing\.a: a string needs a limit/],
    ['a list without limit', z.object({ a: described(z.array(z.int())) }), /Thing\.a: a list needs a limit/],
    ['a field without description', z.object({ a: z.int() }), /Thing\.a: a field needs a description/],
    ['a pattern that RE2 lacks', z.object({ a: described(z.string().max(9).regex(/(?=x)/)) }), /beyond RE2/],
  ])('%s', (_what, schema, message) => {
    expect(() => toStructural(schema, 'Thing')).toThrow(message);
  });
});
