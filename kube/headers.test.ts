import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type Connection, connect } from './connection.ts';
import { withHeaders } from './headers.ts';
import { kubeConfigFor } from './testing/api-server.ts';

let server: Server;
let connection: Connection;
let received: IncomingHttpHeaders;
let rawHeaders: string[];
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  answer = response => response.end('{}');
  server = createServer((request, response) => {
    received = request.headers;
    rawHeaders = request.rawHeaders;
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  connection = connect(kubeConfigFor(`http://127.0.0.1:${port}`, { token: 'own' }));
});

afterEach(async () => {
  await connection.close();
  server.close();
});

const get = { method: 'GET', path: '/' } as const;

it('headers of a caller stand beside the credentials, a list of them as several lines', async () => {
  await withHeaders(connection, { 'impersonate-user': 'ada', 'impersonate-group': ['a', 'b, c'] }).request(get);
  expect(received.authorization).toBe('Bearer own');
  expect(received['impersonate-user']).toBe('ada');
  const groups = rawHeaders.filter((_, index) => rawHeaders[index - 1]?.toLowerCase() === 'impersonate-group');
  expect(groups).toEqual(['a', 'b, c']);
});

it('headers of a caller go instead of those of a request and of the credentials', async () => {
  const requests = withHeaders(connection, { authorization: 'Bearer theirs' });
  await requests.request({ ...get, headers: { authorization: 'Bearer forged' } });
  expect(received.authorization).toBe('Bearer theirs');
});

it('a header that would begin another line is never sent', async () => {
  received = {};
  await expect(withHeaders(connection, { 'impersonate-user': 'a\r\nx: y' }).request(get)).rejects.toThrow();
  expect(received).toEqual({});
});

it('warnings of an answer are told in their own words', async () => {
  answer = response => {
    response.appendHeader('warning', ['299 - "unknown field \\"spec.x\\""', '299 - "second"', '199 - "of a proxy"']);
    response.end('{}');
  };
  const told: string[] = [];
  await connection.request({ ...get, onWarnings: warnings => told.push(...warnings) });
  expect(told).toEqual(['unknown field "spec.x"', 'second']);
});

it('a refusal names the fields that are wrong', async () => {
  const causes = [
    { field: 'spec.disks[0].size', message: 'must grow', reason: 'FieldValueInvalid' },
    { message: 'whole' },
  ];
  const status = { kind: 'Status', code: 422, reason: 'Invalid', message: 'no', details: { causes } };
  answer = response => response.writeHead(422).end(JSON.stringify(status));
  await expect(connection.request(get)).rejects.toMatchObject({
    status: 422,
    causes: [
      { field: 'spec.disks[0].size', message: 'must grow' },
      { field: '', message: 'whole' },
    ],
  });
});
