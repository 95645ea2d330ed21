import { expect, test } from 'vitest';
import type { KubeRequest } from '#kube/connection.ts';
import { actingAs } from './person.ts';

/** The headers with which somebody's request goes to the API server. */
async function headersOf(
  person: { user: string; groups: string[]; idToken?: string },
  acting: 'impersonate' | 'forward' = 'impersonate',
) {
  const sent: KubeRequest[] = [];
  const own = { request: async (request: KubeRequest) => void sent.push(request) };
  const forged = {
    'impersonate-user': 'system:admin',
    'impersonate-group': ['system:masters'],
    authorization: 'Bearer x',
  };
  await actingAs(own, acting, person).request({ method: 'GET', path: '/', headers: forged });
  return sent[0]?.headers;
}

test('a person is impersonated with their groups and that of the portal, whatever else is asked for', async () => {
  expect(await headersOf({ user: 'oidc:ada', groups: ['oidc:team-a'] })).toMatchObject({
    'impersonate-user': 'oidc:ada',
    'impersonate-group': ['oidc:team-a', 'berth:portal'],
  });
});

test('a name beyond ASCII goes as the bytes of UTF-8', async () => {
  const headers = await headersOf({ user: 'oidc:zoë', groups: [] });
  expect(Buffer.from(String(headers?.['impersonate-user']), 'latin1').toString('utf8')).toBe('oidc:zoë');
});

test.each(['system:masters', 'System:Masters', 'system:admin', ''])('nobody is ever impersonated as %j', async name => {
  await expect(headersOf({ user: name, groups: [] })).rejects.toThrow(RangeError);
  await expect(headersOf({ user: 'oidc:ada', groups: [name] })).rejects.toThrow(RangeError);
});

test("a person's own token goes instead of the portal's, and nothing without one", async () => {
  expect(await headersOf({ user: 'oidc:ada', groups: [], idToken: 'abc' }, 'forward')).toMatchObject({
    authorization: 'Bearer abc',
  });
  await expect(headersOf({ user: 'oidc:ada', groups: [] }, 'forward')).rejects.toThrow(RangeError);
});
