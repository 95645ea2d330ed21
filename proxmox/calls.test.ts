import { describe, expect, test } from 'vitest';
import { calls, pathOf } from './calls.ts';
import { describeOracle, readSchema, type SchemaEndpoint } from './testing/oracle.ts';

/** Every parameter of a call by its full name: `net[n]` as `net0`, `net1`, … */
function parametersOf({ parameters }: SchemaEndpoint): Set<string> {
  const names = Object.entries(parameters).flatMap(([name, { index }]) =>
    index === undefined ? [name] : Array.from({ length: index.max + 1 }, (_, i) => name.replace('[n]', String(i))),
  );
  return new Set(names);
}

describeOracle('what this client sends', () => {
  describe.each(['8.4', '9.2'] as const)('to Proxmox VE %s', version => {
    test.each(Object.entries(calls))('%s is a call that a token may make, with parameters that it has', (_, call) => {
      const { method, route, params } = call;
      const endpoint = readSchema(version).find(known => known.method === method && known.path === route);
      expect(endpoint).toMatchObject({ allowtoken: true });
      const known = endpoint === undefined ? new Set() : parametersOf(endpoint);
      const slots = Array.from(route.matchAll(/\{(\w+)\}/g), ([, slot]) => slot);
      expect([...params, ...slots].filter(name => !known.has(name))).toEqual([]);
    });
  });
});

describe('pathOf', () => {
  test('escapes what would be another path', () => {
    expect(pathOf('volumes', { node: 'pve1', storage: 'a/b?c#d%' })).toBe(
      '/nodes/pve1/storage/a%2Fb%3Fc%23d%25/content',
    );
  });

  test.each(['', '.', '..'])('refuses %j as a segment', node => {
    expect(() => pathOf('vmConfig', { node, vmid: 100 })).toThrow(expect.objectContaining({ kind: 'invalid' }));
  });
});
