import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { parseCookies } from './cookies.ts';
import { parseKeys, type SealingKey } from './keys.ts';
import { createSealer } from './seal.ts';
import { createSessions, type Sessions } from './sessions.ts';

const ada = { user: 'oidc:ada', groups: ['oidc:team-a'], displayName: 'Ada' };
const minute = 60_000;
const newKey = () => randomBytes(32).toString('base64');

let now: number;
let keys: [SealingKey, ...SealingKey[]];
let sessions: Sessions;

const make = () =>
  createSessions(
    createSealer(
      () => keys,
      () => now,
    ),
    { idleMs: 30 * minute, absoluteMs: 600 * minute },
    () => now,
  );

beforeEach(() => {
  now = Date.UTC(2026, 10, 25);
  keys = parseKeys(newKey());
  sessions = make();
});

/** What a browser sends after these `Set-Cookie` lines. */
const sent = (lines: string[] | undefined) =>
  parseCookies(
    (lines ?? [])
      .filter(line => !line.includes('Max-Age=0'))
      .map(line => line.split(';')[0])
      .join('; '),
  );

const begun = async () => {
  const session = sessions.begin(ada);
  return { session, cookies: sent(await sessions.lines(session)) };
};

describe('F05: a session', () => {
  test('is found again by its cookie, also by another replica with the same keys', async () => {
    const { session, cookies } = await begun();
    expect(await sessions.find(cookies)).toEqual(session);
    expect(await make().find(cookies)).toEqual(session);
  });

  test('is a cookie of this host alone, out of reach of scripts and other sites', async () => {
    for (const line of (await sessions.lines(sessions.begin(ada))) ?? []) {
      expect(line).toMatch(/^__Host-berth-session(-1)?=/);
      expect(line).toMatch(/; Path=\/; Max-Age=\d+; SameSite=Strict; Secure; HttpOnly$/);
      expect(line).not.toContain('ada');
    }
  });

  test('ends when nothing was asked for so long', async () => {
    const { cookies } = await begun();
    now += 30 * minute - 1;
    expect(await sessions.find(cookies)).toBeDefined();
    now += 2;
    expect(await sessions.find(cookies)).toBeUndefined();
  });

  test('is moved on by a request, but not for ever', async () => {
    let { session, cookies } = await begun();
    for (let spent = 0; spent < 580; spent += 20) {
      now += 20 * minute;
      const touched = sessions.touched(session);
      if (!touched) throw new Error('was not moved on');
      session = touched;
      cookies = sent(await sessions.lines(session));
      expect(await sessions.find(cookies), `after ${spent + 20} minutes`).toBeDefined();
    }
    now += 20 * minute;
    expect(await sessions.find(cookies)).toBeUndefined();
  });

  test('gets no new cookie for each request', async () => {
    const { session } = await begun();
    now += 1000;
    expect(sessions.touched(session)).toBeUndefined();
    expect(sessions.endsAt(session).idleUntil).toBe(now + 30 * minute);
  });

  test('F04: is over after the sign-out, whoever kept the cookie', async () => {
    const { session, cookies } = await begun();
    sessions.end(session);
    expect(await sessions.find(cookies)).toBeUndefined();
  });

  test('outlives a rotation of keys until the old one is taken away', async () => {
    const { cookies } = await begun();
    const [old] = keys;
    keys = [...parseKeys(newKey()), old];
    expect(await sessions.find(cookies)).toBeDefined();
    keys = parseKeys(newKey());
    expect(await sessions.find(cookies)).toBeUndefined();
  });

  test('ends with the token that it forwards', async () => {
    const session = sessions.begin(ada, { text: 'token', expiresAt: now + minute });
    const cookies = sent(await sessions.lines(session));
    now += minute + 1;
    expect(await sessions.find(cookies)).toBeUndefined();
  });

  test('takes more than one cookie where it is long, and none where it is too long', async () => {
    const session = sessions.begin(ada, { text: 'x'.repeat(4000), expiresAt: now + minute });
    const lines = await sessions.lines(session);
    expect(lines?.every(line => line.length < 4096)).toBe(true);
    expect(await sessions.find(sent(lines))).toEqual(session);
    const huge = sessions.begin(ada, { text: 'x'.repeat(8000), expiresAt: now + minute });
    expect(await sessions.lines(huge)).toBeUndefined();
  });
});

describe('a cookie', () => {
  test('of a sign-in opens no session, and the other way round', async () => {
    const sealer = createSealer(
      () => keys,
      () => now,
    );
    const { session } = await begun();
    const stolen = await sealer.seal('sign-in', session, now + minute);
    expect(await sessions.find(parseCookies(`__Host-berth-session=${stolen}`))).toBeUndefined();
    const sealed = await sealer.seal('session', session, now + minute);
    expect(await sealer.open('sign-in', sealed)).toBeUndefined();
  });

  test('that was changed in any place opens nothing', async () => {
    const { cookies } = await begun();
    const sealed = cookies.get('__Host-berth-session') ?? '';
    for (let at = 0; at < sealed.length; at += 7) {
      const other = sealed[at] === 'A' ? 'B' : 'A';
      const changed = sealed.slice(0, at) + other + sealed.slice(at + 1);
      expect(await sessions.find(parseCookies(`__Host-berth-session=${changed}`)), `at ${at}`).toBeUndefined();
    }
  });

  test.each([
    '',
    'x',
    'a.b.c',
    'a.b.c.d.e',
    `${'a'.repeat(9000)}`,
    // {"alg":"none"} and {"alg":"dir","enc":"A256GCM","kid":"x"} with nothing behind.
    'eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiYWRtaW4ifQ.',
    'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoieCJ9....',
  ])('that is %j opens nothing', async text => {
    expect(await sessions.find(parseCookies(`__Host-berth-session=${text}`))).toBeUndefined();
  });
});

describe('the file of keys', () => {
  test('has the newest key first', () => {
    const lines = [newKey(), newKey()];
    expect(parseKeys(`${lines.join('\n')}\n`).map(({ id }) => id)).toEqual(lines.map(line => parseKeys(line)[0].id));
  });

  test.each([
    '',
    '\n',
    'short',
    `${newKey()}\nnonsense`,
    randomBytes(31).toString('base64'),
    Array.from({ length: 5 }, newKey).join('\n'),
  ])('is refused where it is no list of keys: %j', text => expect(() => parseKeys(text)).toThrow(/session keys/));
});
