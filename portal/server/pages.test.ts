import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import express from 'express';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pages } from './pages.ts';

const script = 'console.log(1);';
let dir: string;
let server: Server;
let origin: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'berth-pages-'));
  await mkdir(join(dir, 'assets'));
  await writeFile(join(dir, 'secret.js'), 'out of the folder');
  await writeFile(join(dir, 'secret.js.br'), 'out of the folder');
  await writeFile(join(dir, 'assets/a-1.js'), script);
  await writeFile(join(dir, 'assets/a-1.js.br'), brotliCompressSync(script));
  await writeFile(join(dir, 'assets/b-1.css'), 'a{}');
  server = express().use(pages(dir)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(dir, { recursive: true });
});

const get = async (path: string, encoding?: string) => {
  const { statusCode, headers, body } = await request(`${origin}${path}`, {
    headers: encoding ? { 'accept-encoding': encoding } : {},
  });
  return { status: statusCode, headers, body: Buffer.from(await body.arrayBuffer()) };
};

describe('the files of the pages', () => {
  test('go compressed to who takes them so, as what they are, and to be kept', async () => {
    const { status, headers, body } = await get('/assets/a-1.js', 'gzip, br');
    expect(status).toBe(200);
    expect(headers).toMatchObject({ 'content-encoding': 'br', vary: 'Accept-Encoding' });
    expect(headers['content-type']).toMatch(/^text\/javascript/);
    expect(headers['cache-control']).toContain('immutable');
    expect(body).toEqual(brotliCompressSync(script));
  });

  test('go as they are to everybody else, and where there is no compressed form', async () => {
    const plain = await get('/assets/a-1.js');
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect(plain.body.toString()).toBe(script);
    const style = await get('/assets/b-1.css', 'br');
    expect(style.headers['content-encoding']).toBeUndefined();
    expect(style.headers['content-type']).toMatch(/^text\/css/);
  });

  test.each(['/assets/..%2fsecret.js', '/assets/nothing.js'])('do not include %s', async path => {
    expect((await get(path, 'br')).body.toString()).not.toContain('out of the folder');
  });
});
