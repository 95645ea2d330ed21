import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect } from './connection.ts';
import { type KubeAccess, readPlainKubeConfig } from './kubeconfig.ts';
import { type ApiServer, startApiServer } from './testing/api-server.ts';

let folder: string;
let server: ApiServer;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kubeconfig-'));
  server = await startApiServer();
});

afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

/** Writes a kubeconfig with one cluster and one user. JSON is YAML, too. */
async function write(user: object, cluster: object = {}): Promise<string> {
  const path = join(folder, 'config');
  const content = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: server.url, ...cluster } }],
    users: [{ name: 'u', user }],
  };
  await writeFile(path, JSON.stringify(content));
  return path;
}

const read = (path: string) => readPlainKubeConfig({ path, env: {} });

async function optionsOf(access: KubeAccess | undefined): Promise<RequestOptions> {
  const options: RequestOptions = {};
  await access?.applyToHTTPSOptions(options);
  return options;
}

describe('a plain kubeconfig', () => {
  it('opens a connection, and follows a token file that is rotated', async () => {
    const access = await read(await write({ tokenFile: 'token' }));
    await writeFile(join(folder, 'token'), 'first\n');
    server.token = 'first';
    if (!access) throw new Error('it is plain');
    const connection = connect(access);
    const list = { method: 'GET', path: '/api/v1/configmaps' } as const;
    await connection.request(list);
    await writeFile(join(folder, 'token'), 'second\n');
    server.token = 'second';
    await connection.request(list);
    await connection.close();
  });

  it('names certificates as files beside it or as data', async () => {
    await writeFile(join(folder, 'ca.crt'), 'CA');
    const data = (content: string) => Buffer.from(content).toString('base64');
    const user = { 'client-certificate-data': data('CERT'), 'client-key-data': data('KEY') };
    const path = await write(user, { 'certificate-authority': 'ca.crt', 'tls-server-name': 'api' });
    expect(await optionsOf(await read(path))).toEqual({ ca: 'CA', cert: 'CERT', key: 'KEY', servername: 'api' });
  });

  it.each([
    ['an exec plugin', { exec: { command: 'aws' } }, {}],
    ['a provider', { 'auth-provider': { name: 'oidc' } }, {}],
    ['impersonation', { token: 't', as: 'somebody' }, {}],
    ['no verification', { token: 't' }, { 'insecure-skip-tls-verify': true }],
    ['a proxy', { token: 't' }, { 'proxy-url': 'http://proxy' }],
  ])('leaves %s to the official client', async (_what, user, cluster) => {
    expect(await read(await write(user, cluster))).toBeUndefined();
  });

  it('without a file is that of the pod, unless something else is set up', async () => {
    const serviceAccount = join(folder, 'account');
    await mkdir(serviceAccount);
    await writeFile(join(serviceAccount, 'token'), 'of the pod');
    await writeFile(join(serviceAccount, 'ca.crt'), 'CA');
    const env = { HOME: folder, KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' };
    const access = await readPlainKubeConfig({ env, serviceAccount });
    expect(access?.getCurrentCluster()?.server).toBe('https://[fd00::1]:6443');
    expect(await optionsOf(access)).toEqual({ ca: 'CA', headers: { authorization: 'Bearer of the pod' } });
    expect(await readPlainKubeConfig({ env: { ...env, KUBECONFIG: '/x' }, serviceAccount })).toBeUndefined();
    expect(await readPlainKubeConfig({ env: { HOME: folder }, serviceAccount })).toBeUndefined();
  });
});
