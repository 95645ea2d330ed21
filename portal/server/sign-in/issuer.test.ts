import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Browser } from '../testing/browser.ts';
import { type Misbehaviour, startTestIssuer, type TestIssuer, type Token } from '../testing/issuer.ts';
import { startTestPortal, type TestPortal } from '../testing/portal.ts';
import { createIssuer } from './issuer.ts';

let issuer: TestIssuer;
let portal: TestPortal;
let browser: Browser;

beforeAll(async () => {
  issuer = await startTestIssuer();
  portal = await startTestPortal(issuer);
});

afterAll(async () => {
  await portal.close();
  await issuer.close();
});

beforeEach(() => {
  issuer.misbehave = {};
  browser = portal.browser();
});

const signIn = () => browser.send(`${portal.origin}/auth/login?returnTo=/machines`, { follow: true });
const isSignedIn = () => browser.cookie('__Host-berth-session') !== undefined;

/** Goes to the identity provider, and answers where it sends the browser back to, without going there. */
async function sentBack(): Promise<URL> {
  const { headers } = await browser.send(`${portal.origin}/auth/login`);
  const answer = await browser.send(String(headers.location));
  return new URL(String(answer.headers.location));
}

const claims =
  (change: (claims: Record<string, unknown>) => Record<string, unknown>) =>
  (token: Token): Token => ({ ...token, claims: { ...token.claims, ...change(token.claims) } });
const header =
  (change: object) =>
  (token: Token): Token => ({ ...token, header: { ...token.header, ...change } });
const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;
const status =
  (path: string, code: number, body = ''): Misbehaviour['answer'] =>
  (asked, response) => {
    if (asked !== path) return false;
    response.writeHead(code, { 'content-type': 'application/json' }).end(body);
    return true;
  };

test('F01: who signs in lands on the page that was asked for', async () => {
  const answer = await signIn();
  expect(new URL(answer.url).pathname).toBe('/machines');
  expect(isSignedIn()).toBe(true);
});

test('PKCE, state and nonce are of each attempt alone', async () => {
  const locations = [];
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const { headers } = await browser.send(`${portal.origin}/auth/login`);
    locations.push(new URL(String(headers.location)).searchParams);
  }
  const [first, second] = locations;
  expect(first?.get('code_challenge_method')).toBe('S256');
  for (const name of ['state', 'nonce', 'code_challenge']) {
    expect(first?.get(name)?.length, name).toBeGreaterThanOrEqual(40);
    expect(first?.get(name)).not.toBe(second?.get(name));
  }
});

test('two tabs can sign in at once', async () => {
  const first = await sentBack();
  const second = await sentBack();
  expect((await browser.send(second.href)).status).toBe(303);
  expect((await browser.send(first.href)).status).toBe(303);
});

describe('nobody is signed in by an ID token', () => {
  test.each<[what: string, misbehaviour: Misbehaviour]>([
    ['that a stranger signed', { token: token => ({ ...token, key: issuer.strangersKey }) }],
    ['of a key that is not known', { token: header({ kid: 'two' }) }],
    [
      'that is signed with the secret of the client',
      { token: token => ({ ...token, header: { alg: 'HS256' }, key: new TextEncoder().encode(issuer.clientSecret) }) },
    ],
    [
      'that is not signed',
      {
        signed: text => {
          const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
          return `${none}.${text.split('.')[1]}.`;
        },
      },
    ],
    ['without its signature', { signed: text => text.replace(/\.[^.]*$/, '.') }],
    ['whose claims were changed', { signed: text => changedClaims(text) }],
    ['that is no token', { signed: () => 'nonsense' }],
    ['with five parts', { signed: text => `${text}.x.y` }],
    ['that is not there', { signed: () => undefined }],
    ['of another issuer', { token: claims(() => ({ iss: 'https://other.example' })) }],
    ['of the same issuer with a slash', { token: claims(({ iss }) => ({ iss: `${iss}/` })) }],
    ['without an issuer', { token: claims(() => ({ iss: undefined })) }],
    ['for another client', { token: claims(() => ({ aud: 'other' })) }],
    ['for other clients', { token: claims(() => ({ aud: ['other', 'third'] })) }],
    ['for nobody', { token: claims(() => ({ aud: undefined })) }],
    ['for several, without saying who asked', { token: claims(() => ({ aud: ['berth', 'other'] })) }],
    ['that another client asked for', { token: claims(() => ({ aud: ['berth', 'other'], azp: 'other' })) }],
    ['that has expired', { token: claims(() => ({ exp: seconds(-120) })) }],
    ['that never expires', { token: claims(() => ({ exp: undefined })) }],
    ['that expires at a text', { token: claims(() => ({ exp: 'tomorrow' })) }],
    ['that was never issued', { token: claims(() => ({ iat: undefined })) }],
    ['that is not valid yet', { token: claims(() => ({ nbf: seconds(600) })) }],
    ['without the nonce', { token: claims(() => ({ nonce: undefined })) }],
    ['with the nonce of another sign-in', { token: claims(() => ({ nonce: 'other' })) }],
    ['without a subject', { token: claims(() => ({ sub: undefined })) }],
    ['without a name', { token: claims(() => ({ preferred_username: undefined })) }],
    ['whose name breaks a line', { token: claims(() => ({ preferred_username: 'a\r\nb' })) }],
    [
      'whose groups are told elsewhere',
      { token: claims(() => ({ groups: undefined, _claim_names: { groups: 'x' } })) },
    ],
  ])('%s', async (_, misbehaviour) => {
    issuer.misbehave = misbehaviour;
    const answer = await signIn();
    expect({ status: answer.status, signedIn: isSignedIn() }).toEqual({ status: 403, signedIn: false });
    expect(answer.text).toContain('You are not signed in');
  });
});

/** Makes the person of a token another one, leaving the signature as it is. */
function changedClaims(text: string): string {
  const [head, body = '', signature] = text.split('.');
  const told = JSON.parse(Buffer.from(body, 'base64url').toString());
  const changed = Buffer.from(JSON.stringify({ ...told, preferred_username: 'linus' })).toString('base64url');
  return `${head}.${changed}.${signature}`;
}

describe('nobody is signed in where the token endpoint', () => {
  test.each<[what: string, misbehaviour: Misbehaviour]>([
    ['fails', { answer: status('/token', 500) }],
    ['refuses the code', { answer: status('/token', 400, '{"error":"invalid_grant"}') }],
    ['answers nonsense', { answer: status('/token', 200, 'nonsense') }],
    ['answers nothing', { answer: status('/token', 200, '{}') }],
    [
      'leads to another place',
      {
        answer: (path, response) =>
          path === '/token' && !!response.writeHead(307, { location: 'https://evil.example/token' }).end(),
      },
    ],
    ['gives a token of another type', { answered: body => ({ ...body, token_type: 'mac' }) }],
    ['gives no access token', { answered: ({ access_token: _, ...body }) => body }],
  ])('%s', async (_, misbehaviour) => {
    issuer.misbehave = misbehaviour;
    const answer = await signIn();
    expect({ refused: answer.status >= 400, signedIn: isSignedIn() }).toEqual({ refused: true, signedIn: false });
  });
});

describe('nobody is signed in by a callback', () => {
  test.each<[what: string, change: (parameters: URLSearchParams) => void, status: number]>([
    ['without a state', parameters => parameters.delete('state'), 400],
    ['with another state', parameters => parameters.set('state', 'other'), 400],
    ['with two states', parameters => parameters.append('state', 'other'), 400],
    ['without a code', parameters => parameters.delete('code'), 403],
    ['with two codes', parameters => parameters.append('code', 'other'), 403],
    ['with another code', parameters => parameters.set('code', 'other'), 403],
    ['of another issuer', parameters => parameters.set('iss', 'https://other.example'), 403],
    ['that does not say of which issuer', parameters => parameters.delete('iss'), 403],
    ['that says it was denied', parameters => parameters.set('error', 'access_denied'), 403],
    ['that says something failed', parameters => parameters.set('error', 'server_error'), 403],
    ['that brings a token along', parameters => parameters.set('id_token', 'x.y.z'), 403],
    ['that brings its answer sealed', parameters => parameters.set('response', 'x.y.z'), 403],
  ])('%s', async (_, change, wanted) => {
    const back = await sentBack();
    change(back.searchParams);
    const answer = await browser.send(back.href);
    expect({ status: answer.status, signedIn: isSignedIn() }).toEqual({ status: wanted, signedIn: false });
  });

  test('that was begun in another browser', async () => {
    const back = await sentBack();
    const victim = portal.browser();
    expect((await victim.send(back.href)).status).toBe(400);
    expect(victim.cookie('__Host-berth-session')).toBeUndefined();
  });

  test('a second time', async () => {
    const back = await sentBack();
    const jar = new Map(browser.jar.get('127.0.0.1'));
    expect((await browser.send(back.href)).status).toBe(303);
    // Also for somebody who kept the cookies of before.
    const thief = portal.browser();
    thief.jar.set('127.0.0.1', jar);
    expect((await thief.send(back.href)).status).toBe(403);
    expect(thief.cookie('__Host-berth-session')).toBeUndefined();
  });

  test('with the code of one attempt and the state of another', async () => {
    const [first, second] = [await sentBack(), await sentBack()];
    first.searchParams.set('code', second.searchParams.get('code') ?? '');
    expect((await browser.send(first.href)).status).toBe(403);
    expect(isSignedIn()).toBe(false);
  });

  test('with a cookie that was changed', async () => {
    const back = await sentBack();
    const jar = browser.jar.get('127.0.0.1');
    for (const [name, value] of jar ?? []) jar?.set(name, `${value.slice(0, -4)}AAAA`);
    expect((await browser.send(back.href)).status).toBe(400);
  });
});

describe('F02: a sign-in that failed', () => {
  test('is told in plain words and logged with address and agent, without code or token', async () => {
    const back = await sentBack();
    const [code, state] = [back.searchParams.get('code') ?? '', back.searchParams.get('state') ?? ''];
    back.searchParams.set('error', '<script>alert(1)</script>');
    const answer = await browser.send(back.href, {
      headers: { 'user-agent': 'a browser\u00ad', 'accept-language': 'fr' },
    });
    expect(answer.text).toContain("Le fournisseur d'identité a refusé la connexion.");
    expect(answer.text).not.toContain('<script');
    const line = portal.log.findLast(text => text.includes('a sign-in failed')) ?? '';
    expect(JSON.parse(line)).toMatchObject({ address: '127.0.0.1', reason: 'IssuerRefused' });
    for (const secret of [code, state]) expect(portal.log.join('')).not.toContain(secret);
  });

  test('for the lack of an answer of the provider is told apart', async () => {
    issuer.misbehave = { answer: (path, response) => path === '/token' && !!response.destroy() };
    expect((await signIn()).status).toBe(502);
  });
});

describe('a provider is not used', () => {
  test.each<[what: string, misbehaviour: Misbehaviour]>([
    ['that calls itself by another name', { metadata: metadata => ({ ...metadata, issuer: 'https://other.example' }) }],
    ['whose metadata cannot be had', { answer: status('/.well-known/openid-configuration', 500) }],
    ['whose metadata is nonsense', { answer: status('/.well-known/openid-configuration', 200, 'nonsense') }],
    ['whose metadata is empty', { metadata: () => ({}) }],
  ])('%s', async (_, misbehaviour) => {
    issuer.misbehave = misbehaviour;
    const { url, ca, clientId } = issuer;
    const settings = {
      issuer: url,
      ca,
      clientId,
      scopes: 'openid',
      redirectUri: 'https://a.example/',
      signedOutUri: '',
    };
    const fresh = createIssuer(settings, Date.now);
    await expect(fresh.begin()).rejects.toThrow(expect.objectContaining({ reason: 'IssuerUnavailable' }));
    issuer.misbehave = {};
    await expect(fresh.begin()).resolves.toBeDefined();
  });

  test('D13: whose certificate is not trusted', async () => {
    const { url, clientId } = issuer;
    const settings = { issuer: url, clientId, scopes: 'openid', redirectUri: 'https://a.example/', signedOutUri: '' };
    await expect(createIssuer(settings, Date.now).begin()).rejects.toThrow(
      expect.objectContaining({ reason: 'IssuerUnavailable' }),
    );
  });
});
