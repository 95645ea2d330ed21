import { fork } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { z } from 'zod';
import { type ConsoleSession, consoleSessions, type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { chooseConsoleUrl, consoleCertificate, startConsole } from '#cli/demo/console.ts';
import { consoleToken } from '#cli/demo/proxmox.ts';
import { type KubernetesStage, setKubernetesStage } from '#cli/demo/stage.ts';
import { openConsole } from '#proxmox/console.ts';
import { selfSignedCertificate } from '../control-plane/certificate.ts';
import { allCores, cpuMs, keepFamilyOn, keepOn } from './console/processes.ts';
import { BenchViewer } from './console/viewer.ts';
import { startWebsockify } from './console/websockify.ts';

/** How many consoles stay open while others are measured. */
const idleSessions = 500;

/** Pictures that are taken in a row, of 1.8 MB each, and how often each way is measured, in turns. */
const pictures = 40;
const rounds = 25;

const keys = 3_000;

/** Cores of the processes, as `keepOn` takes them. */
interface Places {
  source: string;
  viewer: string;
  relays: string;
}
const apart: Places = { source: '0', viewer: '0', relays: '1' };
const contended: Places = { source: '0', viewer: '1', relays: '1' };

const namespace = 'bench-console';
const token = `${consoleToken.tokenId}=${consoleToken.tokenSecret}`;
const source = z.object({
  clusters: z.array(z.object({ url: z.string(), ca: z.string() })),
  vmid: z.number(),
  bare: z.object({ port: z.number(), ca: z.string(), password: z.string() }),
});

/**
 * What a relay costs: MB/s through the console-proxy, through nothing and through websockify; the time that it adds to a
 * key and its answer; its memory with 500 consoles open. All in one run, from one process to one other. There is TLS on
 * every leg: WebSocket on both of the console-proxy's and on the direct way, and on the one from websockify to its viewer;
 * to its server websockify speaks bytes alone, so that it has one layer less to take off.
 *
 * Speeds are measured twice, since three processes share two cores. First both ends, source and viewer, have one core in
 * every way, and what is between them has the other: that is what a person loses by a relay, which runs on another machine
 * than either. Then the relay shares a core with the viewer, so that it is what the others wait for (`contendedMBps`): that
 * tells relays apart. The CPU time of a MB in each relay depends on neither. Prints one line of JSON.
 */
async function main(): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-bench-console-'));
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort());
  const far = fork(join(import.meta.dirname, 'console/source.ts'));
  const { clusters, vmid, bare } = source.parse((await once(far, 'message'))[0]);
  const stage = await setKubernetesStage({ dir, env: process.env, signal: interrupt.signal, log: console.error });
  const certificate = selfSignedCertificate(['127.0.0.1']);
  const websockify = await startWebsockify(bare, dir, certificate);
  try {
    const consoleUrl = await chooseConsoleUrl();
    await prepare(stage, clusters, vmid);
    const proxy = await startConsole(
      stage,
      dir,
      consoleUrl,
      'https://portal.example.test',
      consoleCertificate(consoleUrl),
      '--max-per-node',
      '1000',
    );
    const door = new Door(stage, consoleUrl, proxy.ca, clusters.length);
    const direct = await openConsole(
      { endpoints: [clusters[0]?.url ?? ''], token: () => token, tls: { caBundle: clusters[0]?.ca ?? '' } },
      { node: 'pve1', vmid, kind: 'screen' },
    );
    const ways = {
      direct: await BenchViewer.logIn(direct.socket, direct.secret),
      relay: await door.open(),
      ...(websockify && {
        websockify: await BenchViewer.logIn(
          await BenchViewer.connect(websockify.url, certificate.certificate),
          bare.password,
        ),
      }),
    };
    const pids: Record<string, number> = {
      relay: proxy.process.pid,
      ...(websockify?.process.pid && { websockify: websockify.process.pid }),
    };
    const sourcePid = far.pid ?? 0;
    const speeds = await measureSpeeds(ways, pids, sourcePid, apart);
    const contendedSpeeds = await measureSpeeds(ways, pids, sourcePid, contended);
    const cpuMsPerMB = (way: 'relay' | 'websockify') =>
      round2(((speeds[way]?.cpuMs ?? 0) + (contendedSpeeds[way]?.cpuMs ?? 0)) / (ways[way]?.seenMB ?? 1));
    const idle: BenchViewer[] = [];
    while (idle.length < idleSessions) {
      const more = await Promise.all(Array.from({ length: 10 }, () => door.open()));
      idle.push(...more);
    }
    const rssMiB = await residentMiB(proxy.process.pid);
    const times: Record<string, number[]> = { direct: [], relay: [] };
    for (let press = 0; press < keys; press++) {
      for (const way of ['direct', 'relay'] as const) times[way]?.push(await ways[way].press());
    }
    const added = (share: number) => quantile(times.relay ?? [], share) - quantile(times.direct ?? [], share);
    const medians = (of: Record<string, Speeds>) =>
      Object.entries(of).map(([way, { rounds }]) => [way, round2(quantile(rounds, 0.5))]);
    console.log(
      JSON.stringify({
        ...Object.fromEntries(medians(speeds).map(([way, speed]) => [`${way}MBps`, speed])),
        contendedMBps: Object.fromEntries(medians(contendedSpeeds)),
        relayCpuMsPerMB: cpuMsPerMB('relay'),
        ...(websockify && { websockifyCpuMsPerMB: cpuMsPerMB('websockify') }),
        addedP99Ms: round2(added(0.99)),
        addedP50Ms: round2(added(0.5)),
        sessions: idle.length + 1,
        rssMiB,
      }),
    );
    for (const viewer of [...Object.values(ways), ...idle]) viewer.close();
    await door.close();
  } finally {
    websockify?.process.kill();
    far.kill();
    await stage.close();
    await rm(dir, { recursive: true, force: true });
  }
}

/** MB/s of a way in each round, and the CPU time that its relay took for all of them. */
interface Speeds {
  rounds: number[];
  cpuMs: number;
}

async function measureSpeeds(
  ways: Record<string, BenchViewer>,
  relays: Record<string, number>,
  source: number,
  places: Places,
): Promise<Record<string, Speeds>> {
  const place = (at: Places) => {
    keepOn(source, at.source);
    keepOn(process.pid, at.viewer);
    for (const pid of Object.values(relays)) keepFamilyOn(pid, at.relays);
  };
  place(places);
  const speeds = Object.fromEntries(Object.keys(ways).map((way): [string, Speeds] => [way, { rounds: [], cpuMs: 0 }]));
  for (let round = 0; round < rounds; round++) {
    for (const [way, viewer] of Object.entries(ways)) {
      const seen = speeds[way] as Speeds;
      const spent = () => (relays[way] === undefined ? 0 : cpuMs(relays[way]));
      const before = spent();
      seen.rounds.push(await viewer.throughput(pictures));
      seen.cpuMs += spent() - before;
    }
  }
  place({ source: allCores, viewer: allCores, relays: allCores });
  return speeds;
}

/** A machine for each Proxmox VE. */
async function prepare(
  { kube }: KubernetesStage,
  clusters: { url: string; ca: string }[],
  vmid: number,
): Promise<void> {
  const named = (apiVersion: string, kind: string, name: string, more: object) => ({
    apiVersion,
    kind,
    metadata: { name },
    ...more,
  });
  const rbac = 'rbac.authorization.k8s.io';
  const apply = async (plural: string, group: string, version: string, object: object, inNamespace?: string) => {
    const { kind } = object as { kind: string };
    const type = { group, version, plural, kind, namespaced: inNamespace !== undefined };
    const { metadata, ...rest } = object as { metadata: { name: string } };
    const target = { ...metadata, ...(inNamespace && { namespace: inNamespace }) };
    await kube.apply(type, { ...rest, metadata: target }, { fieldManager: 'bench', force: true });
  };
  await apply('namespaces', '', 'v1', named('v1', 'Namespace', namespace, {}));
  await apply(
    'secrets',
    '',
    'v1',
    named('v1', 'Secret', 'proxmox-console', { stringData: consoleToken }),
    'berth-system',
  );
  const binding = {
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'berth-user' },
    subjects: [{ apiGroup: rbac, kind: 'Group', name: 'bench' }],
  };
  await apply('clusterrolebindings', rbac, 'v1', named(`${rbac}/v1`, 'ClusterRoleBinding', 'bench-console', binding));
  for (const [index, { url, ca }] of clusters.entries()) {
    const cluster = `bench-${index}`;
    const spec = {
      endpoints: [url],
      credentialsSecretRef: { name: 'proxmox', namespace: 'berth-system' },
      consoleCredentialsSecretRef: { name: 'proxmox-console', namespace: 'berth-system' },
      tls: { caBundle: ca },
      vmidRange: { start: 1000, end: 1999 },
      nodes: [{ name: 'pve1' }],
      storages: [{ name: 'ceph' }],
    };
    const object = named('berth.dev/v1alpha1', 'ProxmoxCluster', cluster, { spec });
    await apply('proxmoxclusters', 'berth.dev', 'v1alpha1', object);
    const vm = await kube.create<VirtualMachine>(virtualMachines, {
      metadata: { namespace, name: `web-${index}` },
      spec: {
        source: { template: { name: 'none' } },
        resources: { cpu: 1, memory: '512Mi' },
        disks: [{ name: 'root', size: '1Gi' }],
        powerState: 'Running',
        deletionPolicy: 'Delete',
      },
    });
    const status = { cluster, node: 'pve1', vmid, powerState: 'Running' } as const;
    await kube.replaceStatus<VirtualMachine>(virtualMachines, { ...vm, status });
  }
}

/** The way in through the console-proxy: each viewer is a person with a session of their own. */
class Door {
  readonly #stage: KubernetesStage;
  readonly #origin: string;
  readonly #ca: string;
  readonly #agent: Agent;
  readonly #machines: number;
  #opened = 0;

  constructor(stage: KubernetesStage, origin: string, ca: string, machines: number) {
    this.#machines = machines;
    this.#stage = stage;
    this.#origin = origin;
    this.#ca = ca;
    this.#agent = new Agent({ connect: { ca, checkServerIdentity: () => undefined } });
  }

  async open(): Promise<BenchViewer> {
    const { kube } = this.#stage;
    const verifier = randomBytes(32).toString('base64url');
    const name = `s-${randomBytes(6).toString('hex')}`;
    const vmName = `web-${this.#opened++ % this.#machines}`;
    const { uid } = (await kube.get<VirtualMachine>(virtualMachines, { namespace, name: vmName })).metadata;
    const session = await kube.create<ConsoleSession>(consoleSessions, {
      metadata: { namespace, name },
      spec: {
        vmName,
        type: 'VNC',
        mode: 'Interactive',
        requester: name,
        requesterGroups: ['bench'],
        challenge: createHash('sha256').update(verifier).digest('base64url'),
      },
    });
    const expiresAt = new Date(Date.now() + 60_000).toISOString();
    const status = { expiresAt, ...(uid !== undefined && { vmUID: uid }) };
    await kube.replaceStatus<ConsoleSession>(consoleSessions, { ...session, status });
    const { host, port } = new URL(this.#origin);
    const here = `https://127.0.0.1:${port}`;
    const { statusCode, headers, body } = await request(`${here}/s/${namespace}/${name}`, {
      dispatcher: this.#agent,
      method: 'POST',
      headers: { host, origin: this.#origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: `verifier=${verifier}`,
    });
    await body.dump();
    if (statusCode !== 303) throw new Error(`the console-proxy answered ${statusCode}`);
    const cookie = String([headers['set-cookie']].flat()[0]).split(';')[0] ?? '';
    const target = `${here.replace(/^https/, 'wss')}/session/${namespace}/${name}/ws`;
    return BenchViewer.logIn(await BenchViewer.connect(target, this.#ca, { host, origin: this.#origin, cookie }));
  }

  close(): Promise<void> {
    return this.#agent.destroy();
  }
}

async function residentMiB(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);
}

function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

await main();
