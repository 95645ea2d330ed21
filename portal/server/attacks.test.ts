import { request as plainRequest } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Browser } from './testing/browser.ts';
import { startTestIssuer, type TestIssuer } from './testing/issuer.ts';
import { startTestPortal, type TestPortal } from './testing/portal.ts';

let issuer: TestIssuer;
let portal: TestPortal;
let ada: Browser;

beforeAll(async () => {
  issuer = await startTestIssuer();
  portal = await startTestPortal(issuer);
  ada = portal.browser();
  await ada.send(`${portal.origin}/auth/login`, { follow: true });
});

afterAll(async () => {
  await portal.close();
  await issuer.close();
});

/** Sends a request as it is: other clients tidy a path up, and say themselves whom they ask. */
const raw = (
  path: string,
  headers: Record<string, string> = {},
): Promise<{ text: string; location: string | undefined }> =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(portal.origin);
    const options = { hostname, port, path, headers, ca: issuer.ca, checkServerIdentity: () => undefined };
    plainRequest(options, response => {
      let text = '';
      response.on('data', chunk => {
        text += chunk;
      });
      response.on('end', () => resolve({ text, location: response.headers.location }));
    })
      .on('error', reject)
      .end();
  });

/** Texts that become script where somebody writes them into a page as they are. */
const scripts = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'-alert(1)-'",
  '<svg/onload=alert(1)>',
  'javascript:alert(1)',
  '{{constructor.constructor("alert(1)")()}}',
  '</title><script>alert(1)</script>',
  '\u003cscript\u003ealert(1)\u003c/script\u003e',
  '%3Cscript%3Ealert(1)%3C/script%3E',
];

/** Texts that begin a new line in a log or a header. */
const lineBreaks = [
  '%0d%0aSet-Cookie:%20x=y',
  '%0aX-Evil:1',
  '%E5%98%8D%E5%98%8ASet-Cookie:x=y',
  '%00',
  '%0d%0a%0d%0a<html>',
  '%1b[31m',
];

describe('F141: no answer repeats what was sent as anything but JSON or nothing', () => {
  test.each([...scripts, ...lineBreaks])('%s', async text => {
    const encoded = text.startsWith('%') ? text : encodeURIComponent(text);
    for (const path of [
      `/${encoded}`,
      `/api/v1/${encoded}`,
      `/api/v1/namespaces/${encoded}/machines/x`,
      `/auth/${encoded}`,
      `/auth/callback?error=${encoded}&state=${encoded}`,
      `/auth/login?returnTo=${encoded}`,
      `/assets/${encoded}`,
      `/?q=${encoded}`,
    ]) {
      const answer = await ada.send(`${portal.origin}${path}`);
      const isHtml = String(answer.headers['content-type']).startsWith('text/html');
      if (isHtml) expect(answer.text, path).not.toContain(decodeURIComponent(encoded));
      expect(answer.headers['x-evil'], path).toBeUndefined();
      expect(answer.cookies.join(), path).not.toContain('x=y');
    }
  });

  test('and logs hold a line for each request, whatever is in it', async () => {
    const before = portal.log.length;
    const path = `/api/v1/namespaces/a%0a%7B"level":60,"msg":"forged"%7D/machines/x`;
    await ada.send(`${portal.origin}${path}`, { headers: { 'user-agent': 'x', 'x-forwarded-for': '6.6.6.6' } });
    const lines = portal.log
      .slice(before)
      .join('')
      .trim()
      .split('\n')
      .map(line => JSON.parse(line));
    expect(lines.filter(({ msg }) => msg === 'request')).toMatchObject([{ address: '127.0.0.1', user: 'oidc:ada' }]);
    expect(lines.some(({ level }) => level === 60)).toBe(false);
  });

  test('and no log holds a cookie, a token or a code', () => {
    const cookie = ada.cookie('__Host-berth-session') ?? 'none';
    for (const secret of [cookie.slice(0, 60), issuer.clientSecret, 'eyJhbGciOiJSUzI1NiI']) {
      expect(portal.log.join('')).not.toContain(secret);
    }
  });
});

describe('F141, D10: nobody is led away', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/%09/evil.example',
    '/%2f/evil.example/..',
    '//evil.example@127.0.0.1',
  ])('by returnTo=%s', async returnTo => {
    const browser = portal.browser();
    const answer = await browser.send(`${portal.origin}/auth/login?returnTo=${encodeURIComponent(returnTo)}`, {
      follow: true,
    });
    expect(new URL(answer.url).origin).toBe(portal.origin);
  });

  test.each([
    '//evil.example',
    '//evil.example/%2e%2e',
    '/\\evil.example',
    '/assets//evil.example',
    '/assets/..%2f..%2f',
  ])('by the path %s', async path => {
    const { status, headers } = await ada.send(portal.origin + path);
    expect(status).not.toBe(500);
    expect(headers.location).toBeUndefined();
  });

  test('by a Host header', async () => {
    const { location } = await raw('/auth/login', { host: 'evil.example', 'x-forwarded-host': 'evil.example' });
    expect(new URL(String(location)).searchParams.get('redirect_uri')).toBe(`${portal.origin}/auth/callback`);
  });
});

describe('F140: another site can do nothing in the name of somebody who is signed in', () => {
  const writes = [
    ['POST', '/auth/logout'],
    ['PUT', '/api/v1/profile'],
    ['POST', '/api/v1/namespaces/team-a/machines'],
    ['PATCH', '/api/v1/namespaces/team-a/machines/x'],
    ['DELETE', '/api/v1/namespaces/team-a/machines/x'],
    ['POST', '/api/v1/namespaces/team-a/machines/x/operations'],
    ['POST', '/api/v1/namespaces/team-a/machines/x/snapshots'],
    ['DELETE', '/api/v1/namespaces/team-a/machines/x/snapshots/y'],
    ['POST', '/api/v1/namespaces/team-a/machines/x/console'],
  ] as const;
  const foreign: Record<string, string>[] = [
    {},
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://localhost.evil', 'sec-fetch-site': 'same-origin' },
  ];

  test.each(writes)('%s %s', async (method, path) => {
    for (const headers of foreign) {
      for (const type of ['application/json', 'text/plain', 'application/x-www-form-urlencoded']) {
        const answer = await ada.send(portal.origin + path, {
          method,
          body: {},
          headers: { ...headers, 'content-type': type },
        });
        expect(answer.json?.error.code, JSON.stringify(headers)).toBe('CrossSite');
      }
    }
  });

  test.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH'])(
    'D14: no origin gets a CORS answer, not to a preflight for %s either',
    async wanted => {
      for (const origin of [
        'http://localhost',
        'http://localhost.evil',
        'https://evil.example',
        'null',
        portal.origin,
      ]) {
        const headers = {
          origin,
          'access-control-request-method': wanted,
          'access-control-request-headers': 'content-type',
        };
        const answer = await ada.send(`${portal.origin}/api/v1/machines`, { method: 'OPTIONS', headers });
        expect(Object.keys(answer.headers).filter(name => name.startsWith('access-control'))).toEqual([]);
      }
    },
  );

  test('no method is overridden', async () => {
    const headers = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE' };
    const answer = await ada.api('/api/v1/namespaces/team-a/machines/x?_method=DELETE', { method: 'GET', headers });
    // The stand-in for Kubernetes reviews nothing, so that the portal cannot say what this person may see.
    expect(answer.status).toBe(503);
    expect(portal.kubernetes.requests.filter(line => line.startsWith('DELETE'))).toEqual([]);
  });
});

describe('F155: a request', () => {
  const write = (body: string, headers: Record<string, string> = {}) =>
    ada.api('/api/v1/profile', { method: 'PUT', body, headers });

  test('of more than 64 KiB is refused', async () => {
    expect((await write(JSON.stringify({ language: 'x'.repeat(65 * 1024) }))).json.error.code).toBe('TooLarge');
  });

  test('that is compressed is refused: it could be a bomb', async () => {
    expect((await write('{}', { 'content-encoding': 'gzip' })).status).toBe(415);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml', ''])(
    'of type %j is refused',
    async type => expect((await write('{"language":"fr"}', { 'content-type': type })).status).toBe(415),
  );

  test.each([
    '{',
    'null',
    '[]',
    '"x"',
    '{"language":"de"}',
    '{"language":"fr","more":1}',
    '{"__proto__":{"language":"fr"}}',
    '{"constructor":{"prototype":{"language":"fr"}}}',
    `${'['.repeat(20_000)}`,
  ])('that is not as it should be is refused: %.40s', async body => {
    const { status } = await write(body);
    expect([400, 422]).toContain(status);
    expect(({} as { language?: string }).language).toBeUndefined();
  });

  test('of a person who has chosen French sets a cookie, and nothing else', async () => {
    const { status, cookies } = await write('{"language":"fr"}');
    expect({ status, cookies: cookies.length }).toEqual({ status: 204, cookies: 1 });
    expect((await ada.api('/api/v1/version', { headers: { 'accept-language': 'en' } })).status).toBe(200);
  });

  test.each([
    '/../package.json',
    '/..%2f..%2fpackage.json',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%2f..%2f..%2fetc%2fpasswd',
    '/.env',
    '/index.html',
    '/assets/%00',
    '/%c0%af',
  ])('for the file %s gets none', async path => {
    const { text: answer } = await raw(path);
    expect(answer).not.toMatch(/root:|"name": "berth"/);
  });
});

describe('F03, D11: too many requests', () => {
  test('are counted by the address of the socket, whatever X-Forwarded-For says', async () => {
    const strict = await startTestPortal(issuer, {
      rateLimits: { perAddress: 1000, signInsPerAddress: 3, writesPerPerson: 2 },
    });
    const browser = strict.browser();
    const statuses = [];
    for (let n = 0; n < 5; n += 1) {
      const headers = { 'x-forwarded-for': `10.0.0.${n}`, 'x-real-ip': `10.0.0.${n}`, forwarded: `for=10.0.0.${n}` };
      statuses.push((await browser.send(`${strict.origin}/auth/login`, { headers })).status);
    }
    expect(statuses).toEqual([303, 303, 303, 429, 429]);
    await strict.close();
  });

  test('are counted by what the one proxy that is ours has added, and no further to the left', async () => {
    const proxied = await startTestPortal(issuer, {
      trustedHops: 1,
      rateLimits: { perAddress: 1000, signInsPerAddress: 2, writesPerPerson: 2 },
    });
    const from = async (forwarded: string) =>
      (await proxied.browser().send(`${proxied.origin}/auth/login`, { headers: { 'x-forwarded-for': forwarded } }))
        .status;
    expect([
      await from('1.1.1.1'),
      await from('6.6.6.6, 1.1.1.1'),
      await from('7.7.7.7, 1.1.1.1'),
      await from('2.2.2.2'),
    ]).toEqual([303, 303, 429, 303]);
    await proxied.close();
  });

  test('F45: that change something are counted by person', async () => {
    const strict = await startTestPortal(issuer, {
      rateLimits: { perAddress: 1000, signInsPerAddress: 9, writesPerPerson: 2 },
    });
    const browser = strict.browser();
    await browser.send(`${strict.origin}/auth/login`, { follow: true });
    const write = () => browser.api('/api/v1/profile', { method: 'PUT', body: { language: 'en' } });
    expect([(await write()).status, (await write()).status, (await write()).status]).toEqual([204, 204, 429]);
    expect((await write()).json.error).toMatchObject({
      code: 'TooManyRequests',
      retryAfterSeconds: expect.any(Number),
    });
    await strict.close();
  });
});
