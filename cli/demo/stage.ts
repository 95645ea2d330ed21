import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { createKubeClient, type KubeClient } from '#kube/client.ts';
import { connect } from '#kube/connection.ts';
import { run } from '#test/control-plane/command.ts';
import { type ControlPlane, startControlPlane } from '#test/control-plane/control-plane.ts';
import { freePort } from '#test/control-plane/port.ts';
import { kubectlPath } from '#test/control-plane/programs.ts';
import { type BerthProcess, startBerthProcess } from './berth-process.ts';
import { policiesHeeded } from './policies-heeded.ts';
import { clusterFor, consoleToken, type DemoProxmox, startProxmox, token } from './proxmox.ts';

/** Kubernetes with Berth installed on this machine, and a way to start operators. */
export interface KubernetesStage {
  controlPlane: ControlPlane;
  /** As the administrator. */
  kube: KubeClient;
  /** Runs kubectl as the administrator; resolves with what it printed, rejects with what it complained of. */
  kubectl: (...args: string[]) => Promise<string>;
  /** Starts an operator with its own ServiceAccount and RBAC, as a process of its own. */
  startOperator: (...args: string[]) => Promise<BerthProcess>;
  /**
   * Starts another command as a process of its own, with the ServiceAccount `berth-<command>`; its log is beside the
   * operator's.
   */
  startBerth: (command: string, ...args: string[]) => Promise<BerthProcess>;
  /** Where the operator's log is. */
  operatorLog: string;
  /** Ends everything but a control plane that somebody else has started. */
  close: () => Promise<void>;
}

/** Kubernetes, Proxmox VE and an operator on this machine. */
export interface Stage extends KubernetesStage {
  proxmox: DemoProxmox;
}

/** Where a stage is set. */
export interface StageOptions {
  dir: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
  /** Told, in lines, of what takes time. */
  log: (line: string) => void;
  /** Whether policies and webhook are installed, too, as the chart does; operators then serve the webhook. */
  guarded?: boolean;
  /** Whether machines have screens of real ones, where QEMU is installed. */
  qemu?: boolean;
  /** One that runs already; else one is started. */
  controlPlane?: ControlPlane;
  /** File of the `berth` command that is run. Default: the sources as they are. */
  berth?: string;
}

/** A machine may be busy with several processes of Berth that start, and with etcd and kube-apiserver themselves. */
const requestTimeoutMs = 60_000;

const repository = new URL('../../', import.meta.url).pathname;

/** Sets the stage: an API server with Berth installed, and a Proxmox VE that is not connected yet. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const kubernetes = await setKubernetesStage(options);
  const proxmox = await startProxmox({ qemu: options.qemu ?? false });
  const close = async () => {
    await kubernetes.close();
    await proxmox.close();
  };
  return { ...kubernetes, proxmox, close };
}

/** Sets the half of the stage that knows of no Proxmox VE: an API server with Berth installed. */
export async function setKubernetesStage(options: StageOptions): Promise<KubernetesStage> {
  const { env, signal, log, berth } = options;
  const dir = resolve(options.dir);
  await mkdir(dir, { recursive: true });
  const started = options.controlPlane ? undefined : await startKubernetes({ ...options, dir });
  const controlPlane = options.controlPlane ?? (started as ControlPlane);
  const file = await kubectlPath({ env, log, signal });
  const kubectl = (...args: string[]) =>
    run({ file, args: ['--kubeconfig', controlPlane.kubeconfig, ...args], cwd: repository, env, signal });
  await install(kubectl);
  const connection = connect(kubeConfigFrom(controlPlane.kubeconfig), { requestTimeoutMs });
  const kube = createKubeClient(connection);
  if (options.guarded) {
    await kubectl('apply', ...guards);
    await policiesHeeded(kube);
  }
  const processes: BerthProcess[] = [];
  const startBerth = async (command: string, ...args: string[]) => {
    const path = join(dir, `${command}.kubeconfig`);
    const kubeconfig = await controlPlane.serviceAccountKubeconfig('berth-system', `berth-${command}`, path);
    const probePort = await freePort();
    const logFile = join(dir, `${command}.log`);
    const started = await startBerthProcess({ command, kubeconfig, logFile, probePort, args, berth, signal });
    processes.push(started);
    return started;
  };
  return {
    controlPlane,
    kube,
    kubectl,
    operatorLog: join(dir, 'operator.log'),
    startBerth,
    startOperator: (...args) => startBerth('operator', ...(options.guarded ? webhookFlags : []), ...args),
    async close() {
      await Promise.all(processes.map(process => process.stop()));
      // Whoever else uses this control plane may do without.
      if (options.guarded && !started) {
        await kubectl('delete', ...guards, '--ignore-not-found');
        await policiesHeeded(kube);
      }
      await connection.close();
      await started?.stop();
    },
  };
}

/** Tells Kubernetes of the simulated Proxmox VE. */
export async function connectProxmox(
  { kubectl, proxmox }: Stage,
  dir: string,
  { poolPrefix }: { poolPrefix?: string } = {},
): Promise<void> {
  const secret = (name: string, stringData: object) => ({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace: 'berth-system' },
    stringData,
  });
  const file = join(resolve(dir), 'proxmox-cluster.json');
  const cluster = clusterFor(proxmox.served, poolPrefix);
  const items = [secret('proxmox', token), secret('proxmox-console', consoleToken), cluster];
  await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items }), { mode: 0o600 });
  await kubectl('apply', '-f', file);
}

async function startKubernetes({ dir, env, signal, log }: StageOptions): Promise<ControlPlane> {
  const data = join(dir, 'kubernetes');
  await rm(data, { recursive: true, force: true });
  return startControlPlane({ dir: data, env, signal, log });
}

/** What of the chart stands between people and the API. */
const guards = ['-f', 'charts/berth/policies/', '-f', 'charts/berth/admission/'];

/** No Service leads to a process on this machine, so that it tells the API server its own address. */
const webhookFlags = ['--webhook-port', '0', '--webhook-host', '127.0.0.1', '--webhook-loopback'];

async function install(kubectl: Stage['kubectl']): Promise<void> {
  await kubectl('apply', '-f', 'crds/');
  await kubectl('wait', '--for=condition=Established', '--timeout=120s', '-f', 'crds/');
  await kubectl('apply', '-f', 'charts/berth/rbac/namespace.yaml');
  await kubectl('apply', '-f', 'charts/berth/rbac/');
}

function kubeConfigFrom(path: string): KubeConfig {
  const config = new KubeConfig();
  config.loadFromFile(path);
  return config;
}
