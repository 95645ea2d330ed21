import { describe, expect, test } from 'vitest';
import { identityOf } from './identity.ts';

const names = { username: 'preferred_username', usernamePrefix: 'oidc:', groups: 'groups', groupsPrefix: 'oidc:' };
const claims = {
  sub: '1',
  preferred_username: 'ada',
  name: 'Ada Lovelace',
  groups: ['team-a'],
  email: 'ada@example.org',
};
const bare = { ...names, usernamePrefix: '', groupsPrefix: '' };

describe('the person of an ID token', () => {
  test('F06: has names and groups with the prefix that Kubernetes has', () => {
    expect(identityOf(claims, names)).toEqual({
      user: 'oidc:ada',
      groups: ['oidc:team-a'],
      displayName: 'Ada Lovelace',
      email: 'ada@example.org',
    });
  });

  test('has the groups of a claim with one text, and of app roles', () => {
    expect(identityOf({ ...claims, groups: 'only' }, names).groups).toEqual(['oidc:only']);
    const roles = identityOf({ ...claims, roles: ['Berth.Admin'] }, { ...names, groups: 'roles' });
    expect(roles.groups).toEqual(['oidc:Berth.Admin']);
  });

  test('has each group once, in order, and no group where there is no claim', () => {
    expect(identityOf({ ...claims, groups: ['b', 'a', 'b'] }, names).groups).toEqual(['oidc:a', 'oidc:b']);
    expect(identityOf({ ...claims, groups: undefined }, names).groups).toEqual([]);
  });

  test.each(['system:masters', 'SYSTEM:masters', 'system:', 'berth:portal', ' system:masters', 'a\nb', 'a\u0000', ''])(
    'never has the group %j, not even without a prefix',
    group => {
      expect(identityOf({ ...claims, groups: [group, 'team-a'] }, bare).groups).toEqual(['team-a']);
    },
  );

  test.each([[1], [{}], [null], [['team-a']]])('drops what is no text from groups: %j', group => {
    expect(identityOf({ ...claims, groups: [group] }, names).groups).toEqual([]);
  });

  test.each([
    ['no name', { preferred_username: undefined }, 'NoName'],
    ['an empty name', { preferred_username: '' }, 'NoName'],
    ['a name that is a number', { preferred_username: 7 }, 'NoName'],
    ['a name that is a list', { preferred_username: ['ada'] }, 'NoName'],
    ['a name with a line break', { preferred_username: 'ada\r\nImpersonate-Group: system:masters' }, 'NoName'],
    ['a name with NUL', { preferred_username: 'ada\u0000' }, 'NoName'],
    ['a name with a space at its end', { preferred_username: 'ada ' }, 'NoName'],
    ['a name that is too long', { preferred_username: 'a'.repeat(250) }, 'NoName'],
    ['a broken surrogate', { preferred_username: 'a\ud800' }, 'NoName'],
    ['too many groups', { groups: Array.from({ length: 201 }, (_, i) => `g${i}`) }, 'TooManyGroups'],
    ['groups that are told elsewhere', { groups: undefined, _claim_names: { groups: 'src1' } }, 'TooManyGroups'],
    ['groups that are only said to be there', { groups: undefined, hasgroups: true }, 'TooManyGroups'],
  ])('is refused with %s', (_, change, reason) => {
    expect(() => identityOf({ ...claims, ...change }, names)).toThrow(expect.objectContaining({ reason }));
  });

  test.each(['system:admin', 'System:kube-controller-manager', 'berth:portal'])('is never %s', name => {
    expect(() => identityOf({ ...claims, preferred_username: name }, bare)).toThrow(
      expect.objectContaining({ reason: 'NoName' }),
    );
  });

  test.each([undefined, false, 'true', 1])('is refused by an e-mail address whose verification is %j', verified => {
    const byMail = { ...names, username: 'email' };
    expect(() => identityOf({ ...claims, email_verified: verified }, byMail)).toThrow(
      expect.objectContaining({ reason: 'EmailNotVerified' }),
    );
    expect(identityOf({ ...claims, email_verified: true }, byMail).user).toBe('oidc:ada@example.org');
  });
});
