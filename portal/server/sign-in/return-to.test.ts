import { expect, test } from 'vitest';
import { localPath } from './return-to.ts';

test.each([
  ['/', '/'],
  ['/machines/team-a/web-1?tab=metrics#cpu', '/machines/team-a/web-1?tab=metrics#cpu'],
  ['/machines?q=%2F%2Fevil.example', '/machines?q=%2F%2Fevil.example'],
  ['/a/../b', '/b'],
])('F16: %s is a page to come back to', (wanted, page) => {
  expect(localPath(wanted)).toBe(page);
});

test.each([
  '',
  'https://evil.example/',
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '\t//evil.example',
  ' //evil.example',
  '/ /evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  'evil.example',
  '@evil.example',
  '.evil.example',
  ':443@evil.example',
  '/%5cevil.example\\',
  '/..//evil.example',
  '/.//evil.example',
  '/\u2028/evil.example',
  '/\u0000',
  '/\uff0f\uff0fevil.example',
  '/auth/logout',
  '/AUTH/login',
  '/api/v1/kubeconfig',
  `/${'a'.repeat(3000)}`,
  undefined,
  ['/a'],
  { toString: () => '/a' },
])('F141, D10: %j leads to the first page only', wanted => {
  expect(localPath(wanted)).toBe('/');
});
