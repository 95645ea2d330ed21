import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { describeWithOracle, oracleFolder } from '../schema/oracle/folder.ts';
import { EXCEPTIONS } from './exceptions.ts';
import { readExchanges } from './exchange.ts';
import { replay, type Verdict } from './replay.ts';

function write(lines: unknown[]): string {
  const file = join(mkdtempSync(join(tmpdir(), 'berth-captures-')), 'lines.jsonl');
  writeFileSync(file, lines.map(line => JSON.stringify(line)).join('\n'));
  return file;
}

describe('files of exchanges', () => {
  const request = { method: 'GET', target: '/api2/json/version' };
  const response = { status_line: 'HTTP/1.1 401 No ticket', body: '' };

  it('are merged by number, so that answers may lie in one of their own', async () => {
    const asked = write([{ seq: 1, name: 'one', request, kept: true }]);
    const answered = write([{ seq: 1, response }]);
    for (const files of [
      [asked, answered],
      [answered, asked],
    ]) {
      expect(readExchanges(files)).toMatchObject([{ seq: 1, name: 'one', request, response }]);
      expect(await replay(readExchanges(files))).toEqual([{ seq: 1, name: 'one', differences: [] }]);
    }
  });

  it('must have a request for each number', () => {
    expect(() => readExchanges([write([{ seq: 1, response }])])).toThrow(/not an exchange: .*"seq":1/);
  });
});

describeWithOracle('the exchanges with a running 8.4', () => {
  const exchanges = readExchanges([join(oracleFolder, 'captures-8.4.jsonl')]);
  const verdicts = replay(exchanges);
  const failing = (list: Verdict[]) =>
    list.filter(({ differences, exception }) => differences.length > 0 && exception === undefined);

  it('are answered as they were then', async () => {
    expect(failing(await verdicts)).toEqual([]);
    expect(await verdicts).toHaveLength(exchanges.filter(({ response }) => response !== undefined).length);
  });

  it('differ where an exception says so, and nowhere else', async () => {
    const differing = (await verdicts).filter(({ differences }) => differences.length > 0).map(({ seq }) => seq);
    expect(differing).toEqual(Object.keys(EXCEPTIONS).map(Number));
  });

  it('would be told apart: a wrong answer is found', async () => {
    const spoiled = exchanges.map(exchange =>
      exchange.name === 'version.token' && exchange.response
        ? { ...exchange, response: { ...exchange.response, status_line: 'HTTP/1.1 404 Not Found' } }
        : exchange,
    );
    const found = failing(await replay(spoiled));
    expect(found).toMatchObject([{ name: 'version.token', differences: [expect.stringMatching(/^status line: /)] }]);
  });
});
