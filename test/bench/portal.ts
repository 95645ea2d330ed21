import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { virtualMachines } from '#api/kinds.ts';
import { setKubernetesStage } from '#cli/demo/stage.ts';
import { virtualMachine } from '#operator/core/testing/fixtures.ts';
import { parseKeys } from '#portal/server/session/keys.ts';
import { selfSignedCertificate } from '../control-plane/certificate.ts';
import { freePort } from '../control-plane/port.ts';
import { memoryOf } from './operator-probe.ts';
import { firstLoadKB, listMs } from './portal-pages/list.ts';
import { makeTenants, type OpenPage, openStream, signedInCookies } from './portal-pages/people.ts';

// What 500 people with open pages cost one portal, with a real API server: a process of its own with its own rights. The
// last line is JSON. Machines are resources only: no operator runs.

const people = 500;
const tenants = Array.from({ length: 20 }, (_, index) => `bench-${index}`);
const machinesOfTenant = 50;

/** Changes that are measured, and the pause between two: busier than a busy morning. */
const changes = 300;
const pauseMs = 100;

const { spec } = virtualMachine({ powerState: 'Stopped' });
const pages = fileURLToPath(new URL('../../portal/web/dist', import.meta.url));

/** Seconds of processor time that a process has had; Linux counts hundredths. */
async function cpuSeconds(pid: number): Promise<number> {
  const [, fields = ''] = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ');
  const [user = 0, system = 0] = fields.split(' ').slice(11, 13).map(Number);
  return (user + system) / 100;
}

const dir = await mkdtemp(join(tmpdir(), 'berth-bench-portal-'));
const stage = await setKubernetesStage({
  dir,
  env: process.env,
  signal: new AbortController().signal,
  log: console.error,
});
const open: OpenPage[] = [];
try {
  const { kube } = stage;
  await makeTenants(kube, tenants);
  for (let index = 0; index < machinesOfTenant; index += 1) {
    await Promise.all(
      tenants.map(namespace => kube.create(virtualMachines, { metadata: { namespace, name: `m-${index}` }, spec })),
    );
  }
  console.error(`${tenants.length * machinesOfTenant} machines in ${tenants.length} tenants`);

  const line = randomBytes(32).toString('base64');
  const tls = selfSignedCertificate(['127.0.0.1']);
  const url = `https://127.0.0.1:${await freePort()}`;
  const file = async (name: string, text: string) => {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  };
  const portal = await stage.startBerth(
    'portal',
    ...['--public-url', url, '--host', '127.0.0.1', '--port', new URL(url).port],
    ...['--tls-cert-file', await file('tls.crt', tls.certificate), '--tls-key-file', await file('tls.key', tls.key)],
    ...['--issuer', 'https://nobody.invalid', '--client-id', 'bench', '--session-keys-file', await file('keys', line)],
    ...['--log-level', 'warn'],
  );
  const cookieOf = signedInCookies(parseKeys(line)[0]);

  /** When the change that a page waits for was asked for, by its mark. */
  const asked = new Map<string, number>();
  const times: number[] = [];
  const onText = (text: string) => {
    for (const [mark] of text.matchAll(/mark-\d+/g)) times.push(performance.now() - (asked.get(mark) ?? 0));
  };
  const openedAt = performance.now();
  for (let index = 0; index < people; index += 1) {
    const tenant = tenants[index % tenants.length] ?? '';
    const cookie = await cookieOf(`oidc:person-${index}`, [`oidc:${tenant}`]);
    open.push(openStream(url, tls.certificate, cookie, onText));
  }
  await Promise.all(open.map(({ ready }) => ready));
  console.error(`${open.length} pages open after ${Math.round(performance.now() - openedAt)} ms`);

  const before = { cpu: await cpuSeconds(portal.pid), at: performance.now() };
  for (let index = 0; index < changes; index += 1) {
    const mark = `mark-${index}`;
    const key = { namespace: tenants[index % tenants.length] ?? '', name: `m-${index % machinesOfTenant}` };
    asked.set(mark, performance.now());
    await kube.patch(virtualMachines, key, { spec: { description: mark } });
    await sleep(pauseMs);
  }
  const wanted = (changes * people) / tenants.length;
  for (const limit = performance.now() + 10_000; times.length < wanted && performance.now() < limit; ) await sleep(50);
  const cpuCores = (await cpuSeconds(portal.pid)) - before.cpu;
  const seconds = (performance.now() - before.at) / 1000;
  if (times.length < wanted) console.error(`only ${times.length} of ${wanted} changes came`);
  const { rssMiB } = await memoryOf(portal.pid);
  const sorted = times.sort((a, b) => a - b);
  const firstLoad = await firstLoadKB(pages);
  for (const page of open.splice(0)) page.close();
  await stage.kubectl('create', 'clusterrolebinding', 'bench-admin', '--clusterrole=berth-admin', '--user=oidc:admin');
  const list1000Ms =
    firstLoad && (await listMs(url, await cookieOf('oidc:admin', []), tenants.length * machinesOfTenant));
  console.log(
    JSON.stringify({
      sessions: people,
      rssMiB,
      cpuCores: Math.round((cpuCores / seconds) * 1000) / 1000,
      changeToPageP99Ms: Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0),
      firstLoadKB: firstLoad ?? null,
      list1000Ms: list1000Ms ?? null,
    }),
  );
} finally {
  for (const page of open) page.close();
  await stage.close();
  await rm(dir, { recursive: true, force: true });
}
