import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { describeWithOracle, oracleFolder } from './oracle/folder.ts';
import { findRoute } from './routes.ts';

describe('finding a route', () => {
  it('reads the parameters of the path', () => {
    const found = findRoute('9.2', 'GET', '/nodes/n1/qemu/100/config');
    expect(found?.route.name).toBe('vm_config');
    expect(found?.pathParams).toEqual({ node: 'n1', vmid: '100' });
  });

  it('does not mind repeated and trailing slashes', () => {
    expect(findRoute('9.2', 'GET', '//nodes//n1/')?.route.path).toBe('/nodes/{node}');
  });

  it('takes the rest of the path for a volume', () => {
    const found = findRoute('9.2', 'DELETE', '/nodes/n1/storage/local/content/local:iso/debian.iso');
    expect(found?.pathParams).toEqual({ node: 'n1', storage: 'local', volume: 'local:iso/debian.iso' });
  });

  it('has no route where a method, a part or a release lacks it', () => {
    expect(findRoute('9.2', 'POST', '/version')).toBeUndefined();
    expect(findRoute('9.2', 'GET', '/nodes/n1/nosuch')).toBeUndefined();
    expect(findRoute('9.2', 'GET', '/version/more')).toBeUndefined();
    expect(findRoute('9.2', 'GET', '/nodes/n 1')).toBeUndefined();
    expect(findRoute('8.4', 'GET', '/nodes/n1/scan/glusterfs')).toBeDefined();
    expect(findRoute('9.2', 'GET', '/nodes/n1/scan/glusterfs')).toBeUndefined();
  });
});

const exchange = z.object({
  name: z.string(),
  request: z.object({ method: z.string(), target: z.string() }),
  response: z.object({ status_line: z.string() }).optional(),
});

describeWithOracle('the captured exchanges', () => {
  it('are routed as they were: 501 exactly for what 8.4 does not have', () => {
    const lines = readFileSync(join(oracleFolder, 'captures-8.4.jsonl'), 'utf8').trim().split('\n');
    const answered = lines.map(line => exchange.parse(JSON.parse(line))).filter(({ response }) => response);
    const different = answered.filter(({ request: { method, target }, response }) => {
      const { pathname } = new URL(target, 'https://pve');
      // Refused before routing: other methods, bodies where none may be, failed authentication, other formats.
      const isRouted =
        pathname.startsWith('/api2/json/') &&
        / (?:200|400|403|500) |Method .* not implemented/.test(`${response?.status_line}`);
      const isKnown = findRoute('8.4', method, decodeURIComponent(pathname.slice('/api2/json'.length))) !== undefined;
      return isRouted && isKnown === response?.status_line.includes('not implemented');
    });
    expect(different.map(({ name }) => name)).toEqual([]);
    expect(answered.length).toBeGreaterThan(600);
  });
});
