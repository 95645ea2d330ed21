import { describe, expect, test } from 'vitest';
import { isOurs } from './same-origin.ts';

const ours = 'https://portal.example.org';
const get = { method: 'GET', path: '/api/v1/machines', fetchSite: undefined, origin: undefined };
const post = { ...get, method: 'POST' };

/** D14: origins that a careless comparison takes for ours. */
const strangers = [
  'null',
  'https://evil.example',
  'https://portal.example.org.evil.example',
  'https://evil.example/https://portal.example.org',
  'https://portal.example.org:444',
  'http://portal.example.org',
  'https://PORTAL.example.org',
  'https://portal.example.org/',
  'https://portal.example.org ',
  'https://sub.portal.example.org',
  'https://xportal.example.org',
  'http://localhost',
  'http://localhost.evil',
  '',
];

describe('F140: a request', () => {
  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'])(
    '%s must prove where it comes from',
    method => {
      expect(isOurs({ ...post, method }, ours)).toBe(false);
      expect(isOurs({ ...post, method, fetchSite: 'same-origin' }, ours)).toBe(true);
      expect(isOurs({ ...post, method, origin: ours }, ours)).toBe(true);
    },
  );

  test.each(['cross-site', 'same-site', 'none', '', 'same-origin, cross-site'])(
    'that writes is refused from %j',
    fetchSite => {
      expect(isOurs({ ...post, fetchSite }, ours)).toBe(false);
      expect(isOurs({ ...post, fetchSite, origin: ours }, ours)).toBe(false);
    },
  );

  test.each(strangers)('of the origin %j is refused, whatever else it says', origin => {
    for (const method of ['GET', 'POST']) {
      for (const fetchSite of [undefined, 'same-origin', 'none', 'cross-site']) {
        expect(isOurs({ ...post, method, fetchSite, origin }, ours)).toBe(false);
      }
    }
  });

  test('that reads may come from an address bar, but not from another site', () => {
    expect(isOurs(get, ours)).toBe(true);
    expect(isOurs({ ...get, fetchSite: 'none' }, ours)).toBe(true);
    expect(isOurs({ ...get, fetchSite: 'cross-site' }, ours)).toBe(false);
    expect(isOurs({ ...get, fetchSite: 'same-site' }, ours)).toBe(false);
  });

  test('for a page may be a link on another site', () => {
    expect(isOurs({ ...get, path: '/machines', fetchSite: 'cross-site' }, ours)).toBe(true);
  });
});
