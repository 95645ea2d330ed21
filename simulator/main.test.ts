import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { afterEach, describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { type RunningSimulator, type RunSimulatorOptions, runSimulator } from './main.ts';
import { labSeed } from './testing/lab-seed.ts';

const AUTHORIZATION = 'PVEAPIToken=root@pam!test=secret-of-root@pam!test';

let running: RunningSimulator | undefined;
let agent: Agent | undefined;

afterEach(stop);

async function stop(): Promise<void> {
  await agent?.close();
  await running?.close();
  [agent, running] = [undefined, undefined];
}

async function file(value: unknown): Promise<string> {
  const path = join(await mkdtemp(join(tmpdir(), 'berth-simulator-')), 'file.yaml');
  await writeFile(path, stringify(value));
  return path;
}

/** The lab's cluster, served. */
async function start(options: RunSimulatorOptions = {}): Promise<RunningSimulator> {
  running = await runSimulator({ seedFile: await file(labSeed), controlPort: 0, ...options });
  agent = new Agent({ connect: { ca: running.ca } });
  return running;
}

async function call(method: 'GET' | 'POST' | 'PUT', path: string, body?: string, node = 'pve1') {
  const { url = '' } = running?.nodes[node] ?? {};
  const { statusCode, body: answer } = await request(`${url}/api2/json${path}`, {
    method,
    headers: { authorization: AUTHORIZATION, 'content-type': 'application/x-www-form-urlencoded' },
    ...(agent && { dispatcher: agent }),
    ...(body !== undefined && { body }),
  });
  const text = await answer.text();
  return { status: statusCode, data: text === '' ? undefined : (JSON.parse(text) as { data: unknown }).data };
}

async function control(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) {
  const { statusCode, body: answer } = await request(`${running?.control?.url}/simulator${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: statusCode, body: text === '' ? undefined : JSON.parse(text) };
}

describe('a served simulator', () => {
  it('is the cluster of a file, on one port for each node and with one authority', async () => {
    const { nodes } = await start({ everyNode: true, release: '8.4' });
    expect(Object.keys(nodes)).toEqual(['pve1', 'pve2']);
    for (const node of ['pve1', 'pve2']) {
      expect((await call('GET', '/version', undefined, node)).data).toMatchObject({ release: '8.4' });
    }
  });

  it('says what is wrong in a file, and where', async () => {
    await expect(start({ seedFile: await file({ nodes: [{ name: 'pve1', cpus: 'many' }] }) })).rejects.toThrow(
      /nodes\[0\]\.cpus/,
    );
    await expect(start({ faultsFile: await file([{ what: 'nope' }]) })).rejects.toThrow(/the faults are not valid/);
    await expect(start({ durationsFile: await file({ nope: { ms: 1 } }) })).rejects.toThrow(
      /the durations are not valid/,
    );
  });

  it('lets calls go wrong as the rules of a file say', async () => {
    await start({
      faultsFile: await file([{ what: 'answer', status: 500, reason: 'no', path: '/version', times: 1 }]),
    });
    expect((await call('GET', '/version')).status).toBe(500);
    expect((await call('GET', '/version')).status).toBe(200);
  });
});

describe('the control endpoint', () => {
  it('tells what there is, and what was asked', async () => {
    await start();
    await call('GET', '/version');
    expect((await control('GET', '')).body).toMatchObject({
      release: '9.2',
      nodes: ['pve1', 'pve2'],
      vms: 5,
      tasks: 0,
    });
    expect((await control('GET', '/counts')).body).toMatchObject({ 'GET /version': { calls: 1 } });
    expect((await control('GET', '/requests')).body).toMatchObject([{ method: 'GET', status: 200 }]);
    expect((await control('DELETE', '/requests')).status).toBe(204);
    expect((await control('GET', '/requests')).body).toEqual([]);
  });

  it('gives everything out, and takes it back', async () => {
    await start();
    const { body: before } = await control('GET', '/state');
    await call('PUT', '/nodes/pve1/qemu/100/config', 'name=changed');
    expect(running?.simulator.state.vms[100]?.config.current.name).toBe('changed');
    expect((await control('PUT', '/state', before)).status).toBe(204);
    expect(running?.simulator.state.vms[100]?.config.current.name).toBe('off');
    expect(await control('PUT', '/state', { release: '9.2' })).toMatchObject({ status: 400 });
  });

  it('adds, lists and removes rules, and lets things happen', async () => {
    await start();
    const { body } = await control('POST', '/faults', { what: 'reset', path: '/version' });
    await expect(call('GET', '/version')).rejects.toThrow();
    const [id] = body.ids;
    expect((await control('GET', '/faults')).body[id]).toMatchObject({ seen: 1, spoiled: 1 });
    expect((await control('DELETE', `/faults/${id}`)).status).toBe(204);
    expect((await call('GET', '/version')).status).toBe(200);
    expect((await control('POST', '/happenings', { what: 'vm-vanishes', vmid: 100 })).status).toBe(204);
    expect((await call('GET', '/nodes/pve1/qemu/100/config')).status).toBe(500);
  });

  it('says what it does not know', async () => {
    await start();
    expect(await control('GET', '/nope')).toMatchObject({ status: 404, body: { known: expect.any(Array) } });
    expect((await control('POST', '/faults', { what: 'nope' })).body.error).toContain('the faults are not valid');
    expect((await control('POST', '/happenings', { what: 'nope' })).body.error).toContain('this cannot happen');
    const { body } = await request(`${running?.control?.url}/simulator/faults`, { method: 'POST', body: '{' });
    expect(await body.json()).toMatchObject({ error: expect.stringContaining('no JSON') });
  });

  it('moves a clock that stands still, and no other', async () => {
    await start({ virtualClock: true, durationsFile: await file({ qmstart: { ms: 3_600_000 } }) });
    const { data: upid } = await call('POST', '/nodes/pve1/qemu/100/status/start', '');
    const status = async () =>
      ((await call('GET', `/nodes/pve1/tasks/${upid}/status`)).data as { status: string }).status;
    expect((await control('POST', '/clock', { ms: 3_599_000 })).status).toBe(200);
    expect(await status()).toBe('running');
    await control('POST', '/clock', { ms: 1000 });
    expect(await status()).toBe('stopped');
    expect((await control('POST', '/clock', { ms: -1 })).status).toBe(400);
    await stop();
    await start();
    expect((await control('POST', '/clock', { ms: 1 })).body.error).toContain('--virtual-clock');
  });
});
