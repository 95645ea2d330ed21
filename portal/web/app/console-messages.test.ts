import { expect, test } from 'vitest';
import { actionOf } from './console-messages.tsx';
import { signInPath } from './sign-in-path.ts';

test('F84: only the power actions that there are come from a console', () => {
  expect(actionOf({ berth: 'power', action: 'Shutdown' })).toBe('Shutdown');
  for (const data of [
    null,
    'power',
    {},
    { berth: 'power' },
    { berth: 'power', action: 'Delete' },
    { action: 'Start' },
  ]) {
    expect(actionOf(data)).toBeUndefined();
  }
});

test('F16: one comes back to the page that was asked for', () => {
  expect(signInPath({ pathname: '/machines/team-a/web-1', search: '' })).toBe(
    '/auth/login?returnTo=%2Fmachines%2Fteam-a%2Fweb-1',
  );
  expect(signInPath({ pathname: '/', search: '?q=web&signin=out' })).toBe('/auth/login?returnTo=%2F%3Fq%3Dweb');
});
