import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { consoleSessions, virtualMachines } from '#api/kinds.ts';
import { trustIssuers } from '../control-plane/authentication.ts';
import { run } from '../control-plane/command.ts';
import { freePort } from '../control-plane/port.ts';
import { kubectlPath } from '../control-plane/programs.ts';
import { eventually } from '../eventually.ts';
import { machine } from '../quota/stage.ts';
import { answerConsoles, dayMs, type PortalStage, portalStage, type RunningPortal } from './stage.ts';

/** The API server looks at its configuration at least once a minute, and then asks the identity provider for its keys. */
const issuerMs = 150_000;

let stage: PortalStage;
let portal: RunningPortal;

beforeAll(async () => {
  stage = await portalStage();
  portal = await stage.start();
});

afterAll(() => stage?.close());

describe('F05: a session', () => {
  test('outlives a restart of the portal, and streams come back', async () => {
    const begunAt = Date.now();
    const ada = await stage.signedIn('ada');
    const stream = await ada.stream('/api/v1/stream');
    await portal.stop();
    await stream.ended;
    portal = await stage.start();
    expect((await ada.api('/api/v1/session')).json.user.name).toBe('oidc:ada');
    const again = await ada.stream('/api/v1/stream');
    await eventually(() =>
      expect(again.events.slice(0, 3).map(({ event }) => event)).toEqual(['snapshot', 'session', 'health']),
    );
    // F17: a page knows when to say that the session ends.
    const { idleExpiresAt, expiresAt } = again.events[1]?.data ?? {};
    for (const time of [idleExpiresAt, expiresAt]) {
      expect(Date.parse(time)).toBeGreaterThanOrEqual(begunAt + dayMs - 1000);
      expect(Date.parse(time)).toBeLessThanOrEqual(Date.now() + dayMs);
    }
    again.close();
  });

  test('is good at a second replica, which shows what was made through the first', async () => {
    const port = await freePort();
    await stage.start({ port });
    const ada = await stage.signedIn('ada');
    const other = stage.browser(`https://127.0.0.1:${port}`);
    other.jar.set('127.0.0.1', new Map(ada.jar.get('127.0.0.1')));
    // Both are the same origin to a browser; here they have two ports.
    const headers = { origin: stage.origin };
    const stream = await other.stream('/api/v1/stream');
    const { spec } = machine(stage.teamA, 'shown');
    const made = await ada.api(`/api/v1/namespaces/${stage.teamA}/machines`, {
      method: 'POST',
      body: { metadata: { name: 'shown' }, spec },
    });
    expect(made.status, made.text).toBe(201);
    await eventually(() =>
      expect(stream.events).toContainEqual({
        event: 'machine',
        data: {
          type: 'ADDED',
          object: expect.objectContaining({ metadata: expect.objectContaining({ name: 'shown' }) }),
        },
      }),
    );
    const patched = await other.api(`/api/v1/namespaces/${stage.teamA}/machines/shown`, {
      method: 'PATCH',
      body: { spec: { description: 'by the second' } },
      headers,
    });
    expect(patched.json.object.spec.description).toBe('by the second');
    stream.close();
  });

  test('F04: ends here and at the identity provider, with its open pages, by a POST alone', async () => {
    const ada = await stage.signedIn('ada');
    const kept = new Map(ada.jar.get('127.0.0.1'));
    const stream = await ada.stream('/api/v1/stream');
    expect((await ada.api('/auth/logout')).status).toBe(404);
    const { json } = await ada.api('/auth/logout', { method: 'POST' });
    await stream.ended;
    expect(ada.cookie('__Host-berth-session')).toBeUndefined();
    expect(new URL(json.redirect).origin).toBe(stage.issuer.url);
    expect(json.redirect).not.toContain('id_token_hint');
    ada.jar.set('127.0.0.1', kept);
    expect((await ada.api('/api/v1/session')).status).toBe(401);
    // The identity provider asks once more, and then knows nobody.
    const asked = await ada.send(json.redirect);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
    const form = new URLSearchParams({ xsrf, logout: 'yes' }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const done = await ada.send(`${stage.issuer.url}/session/end/confirm`, { method: 'POST', body: form, headers });
    expect(done.headers.location).toBe(`${stage.origin}/`);
    expect((await ada.send(`${stage.origin}/auth/login`, { follow: true })).text).toContain('Sign in to the demo');
  });

  test('F83: takes the consoles with it that were opened in it, and no others', async () => {
    await stage.kube.create(virtualMachines, machine(stage.teamA, 'watched'));
    const [leaving, staying] = [await stage.signedIn('ada'), await stage.signedIn('ada')];
    const stopAnswering = answerConsoles(stage);
    const path = `/api/v1/namespaces/${stage.teamA}/machines/watched`;
    const body = { type: 'VNC', mode: 'Interactive', challenge: 'x'.repeat(43) };
    await eventually(async () => expect((await leaving.api(path)).status).toBe(200));
    const opened = [leaving, staying].map(browser => browser.api(`${path}/console`, { method: 'POST', body }));
    const [gone, left] = (await Promise.all(opened)).map(({ json }) => json.name);
    await stopAnswering();
    const names = async () => {
      const { items } = await stage.kube.list(consoleSessions, { namespace: stage.teamA });
      return items.map(({ metadata }) => metadata.name);
    };
    expect(await names()).toEqual(expect.arrayContaining([gone, left]));
    await leaving.api('/auth/logout', { method: 'POST' });
    expect(await names()).toContain(left);
    expect(await names()).not.toContain(gone);
  });

  test('F141: of a fixed cookie is not taken over: a sign-in begins a new one', async () => {
    const ada = await stage.signedIn('ada');
    const before = ada.cookie('__Host-berth-session') ?? '';
    await ada.signIn('ada');
    expect(ada.cookie('__Host-berth-session')).not.toBe(before);
    const thief = stage.browser();
    thief.jar.set('127.0.0.1', new Map([['__Host-berth-session', before]]));
    expect((await thief.api('/api/v1/session')).status).toBe(401);
  });
});

describe('F131: a page that is open', () => {
  test('hears of changes, of rights that are given, and of rights that are taken away', async () => {
    await stage.kube.create(virtualMachines, machine(stage.teamA, 'given'));
    const sam = await stage.signedIn('sam');
    const [first, second] = [await sam.stream('/api/v1/stream'), await sam.stream('/api/v1/stream')];
    const told = (stream: typeof first) =>
      stream.events.filter(({ event }) => event === 'machine').map(({ data }) => data);
    const find = () => sam.api(`/api/v1/namespaces/${stage.teamA}/machines/given`);
    await stage.share('given');
    await eventually(async () => expect((await find()).status).toBe(200));
    for (const stream of [first, second]) {
      await eventually(() =>
        expect(told(stream)).toMatchObject([{ type: 'ADDED', object: { metadata: { name: 'given' } } }]),
      );
    }
    await stage.kube.patch(
      virtualMachines,
      { namespace: stage.teamA, name: 'given' },
      { spec: { description: 'news' } },
    );
    await eventually(() =>
      expect(told(first).at(-1)).toMatchObject({ type: 'MODIFIED', object: { spec: { description: 'news' } } }),
    );
    await stage.unshare();
    await eventually(() => expect(told(first).at(-1).type).toBe('DELETED'), 120_000);
    // Nothing is told of what may not be seen any more, but its name.
    expect(Object.keys(told(first).at(-1).object)).toEqual(['metadata']);
    expect((await find()).status).toBe(404);
    for (const stream of [first, second]) stream.close();
  });

  test('hears nothing of others', async () => {
    const grace = await stage.signedIn('grace');
    const stream = await grace.stream('/api/v1/stream');
    await stage.kube.create(virtualMachines, machine(stage.teamA, 'foreign'));
    await stage.kube.create(virtualMachines, machine(stage.teamB, 'own'));
    await eventually(() => expect(stream.events.filter(({ event }) => event === 'machine')).toHaveLength(1));
    expect(JSON.stringify(stream.events)).not.toContain(stage.teamA);
    stream.close();
  });
});

describe('what is written', () => {
  test('CVE-2021-31999: is never written as whom a browser names', async () => {
    const grace = await stage.signedIn('grace');
    const headers = { 'impersonate-user': 'system:admin', 'impersonate-group': 'system:masters' };
    const body = { metadata: { name: 'forged' }, spec: machine(stage.teamA, 'forged').spec };
    const path = `/api/v1/namespaces/${stage.teamA}/machines`;
    expect((await grace.api(path, { method: 'POST', body, headers })).status).toBe(404);
    expect((await grace.api(`${path}/shown`, { headers })).status).toBe(404);
  });

  test('is written by the person, as the audit of the API server sees it', async () => {
    const ada = await stage.signedIn('ada');
    const { spec } = machine(stage.teamA, 'audited', { owner: 'oidc:grace' });
    const path = `/api/v1/namespaces/${stage.teamA}/machines`;
    const { status, json } = await ada.api(path, { method: 'POST', body: { metadata: { name: 'audited' }, spec } });
    expect({ status, message: json.error.message }).toEqual({
      status: 403,
      message: expect.stringContaining('spec.owner: "oidc:grace" is not your own name (oidc:ada)'),
    });
  });

  test('F25, F33: is refused field by field, in the words that kubectl gets', async () => {
    const ada = await stage.signedIn('ada');
    const { spec } = machine(stage.teamA, 'wrong');
    const resources = { cpu: 3, sockets: 2, memory: '64Mi' };
    const body = { metadata: { name: 'wrong' }, spec: { ...spec, resources } };
    const { status, json } = await ada.api(`/api/v1/namespaces/${stage.teamA}/machines?dryRun=All`, {
      method: 'POST',
      body,
    });
    expect({ status, code: json.error.code, fields: json.error.fields }).toEqual({
      status: 422,
      code: 'Invalid',
      fields: expect.arrayContaining([
        { path: 'spec.resources.cpu', message: expect.stringContaining('cpu must be a multiple of sockets') },
        { path: 'spec.resources.memory', message: expect.stringContaining('memory must be 128Mi or more') },
      ]),
    });
  });

  test('of a resource that changed meanwhile is a conflict', async () => {
    const ada = await stage.signedIn('ada');
    const path = `/api/v1/namespaces/${stage.teamA}/machines/foreign`;
    const { resourceVersion } = (await ada.api(path)).json.object.metadata;
    const change = (description: string) =>
      ada.api(path, { method: 'PATCH', body: { metadata: { resourceVersion }, spec: { description } } });
    expect((await change('first')).status).toBe(200);
    expect((await change('second')).json.error.code).toBe('Conflict');
  });
});

describe('the kubeconfig of the profile', () => {
  test('F11: gives the same person the same rights in kubectl', async () => {
    const kubectl = await kubectlPath({ env: process.env, log: console.error, signal: new AbortController().signal });
    const as = async (who: string) => {
      const browser = await stage.signedIn(who);
      const { status, text, headers } = await browser.api('/api/v1/kubeconfig');
      expect({ status, type: headers['content-type'] }).toEqual({
        status: 200,
        type: 'application/yaml; charset=utf-8',
      });
      const file = join(tmpdir(), `berth-kubeconfig-${who}-${process.pid}`);
      await writeFile(file, text, { mode: 0o600 });
      const call = (...args: string[]) =>
        run({
          file: kubectl,
          args: ['--kubeconfig', file, ...args],
          env: process.env,
          signal: AbortSignal.timeout(120_000),
        });
      return { browser, call };
    };
    const [ada, grace, vera] = [await as('ada'), await as('grace'), await as('vera')];
    // The API server takes its new configuration up by itself.
    await eventually(() => ada.call('auth', 'whoami', '-o', 'name'), issuerMs);
    expect(await ada.call('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}')).toBe('oidc:ada');
    const names = async (call: typeof ada.call) =>
      (await call('get', 'virtualmachines', '-o', 'name')).trim().split('\n').sort();
    for (const { browser, call } of [ada, vera, grace]) {
      const { items } = (await browser.api('/api/v1/machines')).json;
      const shown = items.map(
        ({ metadata }: { metadata: { name: string } }) => `virtualmachine.berth.dev/${metadata.name}`,
      );
      expect(await names(call)).toEqual(shown.sort());
    }
    for (const [who, verb, namespace] of [
      ['ada', 'create', stage.teamA],
      ['ada', 'delete', stage.teamA],
      ['ada', 'get', stage.teamB],
      ['vera', 'get', stage.teamA],
      ['vera', 'patch', stage.teamA],
      ['grace', 'list', stage.teamA],
    ] as const) {
      const { browser, call } = { ada, vera, grace }[who];
      const answer = await call('auth', 'can-i', verb, 'virtualmachines.berth.dev', '-n', namespace).catch(() => 'no');
      const { tenants } = (await browser.api('/api/v1/session')).json;
      const seen = tenants.find(({ name }: { name: string }) => name === namespace);
      const portalSays =
        verb === 'get' || verb === 'list' ? seen !== undefined : seen?.can[verb === 'patch' ? 'update' : verb];
      expect({ who, verb, namespace, kubectl: answer.trim() === 'yes' }).toEqual({
        who,
        verb,
        namespace,
        kubectl: portalSays ?? false,
      });
    }
  });

  test("--auth=forward acts with the person's own token, as the API server knows them, for the same rights", async () => {
    const { secondOrigin: origin } = stage;
    await stage.start({ port: Number(new URL(origin).port), publicOrigin: origin, acting: 'forward' });
    const [ada, grace] = [await stage.signedIn('ada', origin), await stage.signedIn('grace', origin)];
    expect((await ada.api('/api/v1/session')).json).toMatchObject({
      user: { name: 'oidc:ada', displayName: 'Ada Lovelace' },
      groups: ['oidc:team-a', 'system:authenticated'],
      role: 'Employee',
    });
    const { spec } = machine(stage.teamA, 'forwarded');
    const path = `/api/v1/namespaces/${stage.teamA}/machines`;
    const made = await ada.api(path, { method: 'POST', body: { metadata: { name: 'forwarded' }, spec } });
    expect(made.status, made.text).toBe(201);
    expect((await grace.api(`${path}/forwarded`)).status).toBe(404);
  });

  test('--auth=forward signs nobody in whom the API server does not know', async () => {
    const { authenticationFile } = stage.controlPlane;
    await trustIssuers(authenticationFile ?? '', []);
    await eventually(async () => {
      const answer = await stage.browser(stage.secondOrigin).signIn('ada');
      expect({ status: answer.status, text: answer.text }).toEqual({
        status: 403,
        text: expect.stringContaining('Kubernetes does not accept the token'),
      });
    }, issuerMs);
  });
});
