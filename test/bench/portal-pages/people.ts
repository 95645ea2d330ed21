import { request } from 'node:https';
import { namespaces, rbacGroup, roleBindings } from '#kube/builtin.ts';
import type { KubeClient } from '#kube/client.ts';
import type { KubeObject } from '#kube/resource.ts';
import type { SealingKey } from '#portal/server/session/keys.ts';
import { createSealer } from '#portal/server/session/seal.ts';
import { createSessions } from '#portal/server/session/sessions.ts';

/** Makes tenants, each with a group of its own that may use it. */
export async function makeTenants(kube: KubeClient, names: readonly string[]): Promise<void> {
  for (const name of names) {
    await kube.create(namespaces, { metadata: { name, labels: { 'berth.dev/tenant': name } } });
    const binding = {
      metadata: { namespace: name, name: 'members' },
      roleRef: { apiGroup: rbacGroup, kind: 'ClusterRole', name: 'berth-user' },
      subjects: [{ apiGroup: rbacGroup, kind: 'Group', name: `oidc:${name}` }],
    };
    await kube.create(roleBindings, binding as KubeObject);
  }
}

/** Cookies of people who are signed in: sealed with the portal's own key, as it would have done after their sign-in. */
export function signedInCookies(key: SealingKey): (user: string, groups: string[]) => Promise<string> {
  const hourMs = 3_600_000;
  const sealer = createSealer(() => [key], Date.now);
  const sessions = createSessions(sealer, { idleMs: hourMs, absoluteMs: hourMs }, Date.now);
  return async (user, groups) => {
    const lines = (await sessions.lines(sessions.begin({ user, groups, displayName: user }))) ?? [];
    return lines
      .filter(line => !line.includes('Max-Age=0'))
      .map(line => line.split(';')[0])
      .join('; ');
  };
}

/** An open page, as far as its stream goes. */
export interface OpenPage {
  /** Resolves when the snapshot has come. */
  ready: Promise<void>;
  close: () => void;
}

/** Opens somebody's stream; `onText` gets each piece of it after the snapshot. */
export function openStream(url: string, ca: string, cookie: string, onText: (text: string) => void): OpenPage {
  const ready = Promise.withResolvers<void>();
  const headers = { cookie, accept: 'text/event-stream', 'sec-fetch-site': 'same-origin' };
  const stream = request(`${url}/api/v1/stream`, { ca, headers, agent: false }, response => {
    if (response.statusCode !== 200) ready.reject(new Error(`a stream was answered ${response.statusCode}`));
    let isReady = false;
    response.setEncoding('utf8');
    response.on('data', (text: string) => {
      if (isReady) onText(text);
      else if (text.includes('event: health')) {
        isReady = true;
        ready.resolve();
      }
    });
    response.on('error', () => {});
  });
  stream.on('error', ready.reject);
  stream.end();
  return { ready: ready.promise, close: () => stream.destroy() };
}
