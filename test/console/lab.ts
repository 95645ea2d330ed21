import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type VirtualMachine, virtualMachines } from '#api/kinds.ts';
import { chooseConsoleUrl, consoleCertificate, type DemoConsole, startConsole } from '#cli/demo/console.ts';
import { isReady } from '#cli/demo/machines.ts';
import { connectProxmox, type Stage, setStage } from '#cli/demo/stage.ts';
import { untilAllowed } from '../control-plane/rights.ts';
import { freshNamespace, sharedControlPlane } from '../control-plane/shared.ts';
import { eventually } from '../eventually.ts';

/** A portal that may open consoles; nothing is there. */
export const portalOrigin = 'https://portal.example.test';

/** Somebody, or everybody in a group. */
export type Who = { user: string } | { group: string };

/** A real API server, a simulated Proxmox VE with screens, an operator, and console-proxies, all as processes. */
export interface ConsoleLab extends Stage {
  console: DemoConsole;
  namespace: string;
  /** The machine `web`, running. */
  vm: VirtualMachine;
  /** Another replica behind the same origin; answers the port that it is on. */
  startReplica: (...args: string[]) => Promise<DemoConsole & { port: number }>;
  /** Everything that the processes logged. */
  logs: () => Promise<string>;
  /** Starts another machine. */
  machine: (name: string) => Promise<VirtualMachine>;
  /** Lets somebody use the machines, by a RoleBinding of that name; resolves once the API server heeds it. */
  allow: (binding: string, who: Who) => Promise<void>;
  /** Takes that away again, and resolves once it is so. */
  disallow: (binding: string, who: Who) => Promise<void>;
}

/** Sets it all up. */
export async function consoleLab({ qemu = false, args = [] as string[] } = {}): Promise<ConsoleLab> {
  const dir = await mkdtemp(join(tmpdir(), 'berth-console-'));
  const { signal } = new AbortController();
  const controlPlane = await sharedControlPlane();
  const stage = await setStage({ dir, env: process.env, signal, log: console.error, controlPlane, qemu });
  const { kubectl, kube } = stage;
  const url = await chooseConsoleUrl();
  await stage.startOperator('--console-url', url);
  await connectProxmox(stage, dir);
  await kubectl('apply', '-f', 'examples/10-templates.yaml');
  const certificate = consoleCertificate(url);
  const proxy = await startConsole(stage, dir, url, portalOrigin, certificate, ...args);
  const namespace = await freshNamespace(controlPlane, 'console');
  const machine = async (name: string) => {
    await kube.create<VirtualMachine>(virtualMachines, {
      metadata: { namespace, name },
      spec: {
        source: { template: { name: 'debian-12', mode: 'Linked' } },
        resources: { cpu: 1, memory: '512Mi' },
        disks: [{ name: 'root', size: '2Gi' }],
        powerState: 'Running',
        deletionPolicy: 'Delete',
      },
    });
    return eventually(async () => {
      const vm = await kube.get<VirtualMachine>(virtualMachines, { namespace, name });
      if (!isReady(vm)) throw new Error(`${name} is ${vm.status?.printableStatus}`);
      return vm;
    });
  };
  const vm = await machine('web');
  const theConsole = { verb: 'get', resource: 'virtualmachines', subresource: 'console', namespace, name: 'web' };
  return {
    ...stage,
    console: proxy,
    namespace,
    vm,
    machine,
    async allow(binding, who) {
      const subject = Object.entries(who).map(([kind, name]) => `--${kind}=${name}`);
      await kubectl('-n', namespace, 'create', 'rolebinding', binding, '--clusterrole=berth-user', ...subject);
      await untilAllowed(kube, { ...theConsole, ...who });
    },
    async disallow(binding, who) {
      await kubectl('-n', namespace, 'delete', 'rolebinding', binding);
      await untilAllowed(kube, { ...theConsole, ...who }, false);
    },
    async startReplica(...more) {
      const { port } = new URL(await chooseConsoleUrl());
      const started = await startConsole(stage, dir, url, portalOrigin, certificate, '--port', port, ...more);
      return { ...started, port: Number(port) };
    },
    async logs() {
      const texts = ['operator', 'console-proxy'].map(name => readFile(join(dir, `${name}.log`), 'utf8'));
      return (await Promise.all(texts)).join('');
    },
    async close() {
      await kubectl('delete', 'namespace', namespace, '--wait=false');
      await eventually(async () => {
        const { items } = await kube.list<VirtualMachine>(virtualMachines, { namespace });
        if (items.length > 0) throw new Error(`${items.length} machines are left`);
      }, 300_000);
      await stage.close();
      await kubectl('delete', '-f', 'examples/10-templates.yaml', '--ignore-not-found');
      await kubectl('delete', 'proxmoxcluster', 'lab', '--ignore-not-found');
      await rm(dir, { recursive: true, force: true });
    },
  };
}
