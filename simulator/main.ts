import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { type ServedControl, serveControl } from './control/server.ts';
import { RealClock } from './engine/clock.ts';
import type { FaultRule } from './faults/rule.ts';
import { createIdentity } from './http/certificate.ts';
import { type Served, serve } from './http/server.ts';
import type { Release } from './schema/routes.ts';
import type { createConsoleServer } from './screen/cluster.ts';
import { openScreens } from './screens.ts';
import { createSimulator, type Simulator } from './simulator.ts';
import type { Dump } from './state/dump.ts';
import { exampleSeed } from './state/example-seed.ts';
import type { Seed } from './state/seed.ts';
import { parseDurations } from './tasks/durations.ts';

/** How a simulated cluster is to be served. */
export interface RunSimulatorOptions {
  /** Loopback unless given. */
  host?: string;
  /** Of the first node's API; 0, the default, takes a free one. */
  port?: number;
  /** Serves the API of every node, on the ports that follow; else only that of the first node. */
  everyNode?: boolean;
  release?: Release;
  /** A description of the cluster, or a dump, as JSON or YAML; an example unless given. */
  seedFile?: string;
  /** A list of rules by which calls go wrong, as JSON or YAML. */
  faultsFile?: string;
  /** How long kinds of work take, where it is not as long as by default; as JSON or YAML. */
  durationsFile?: string;
  /** Time stands still until the control endpoint moves it. */
  virtualClock?: boolean;
  /** Of the control endpoint; there is none unless given. It is for this machine only. */
  controlPort?: number;
  /** Machines get real screens, as far as QEMU is installed. */
  qemu?: boolean;
  /** The seed of all that is random. */
  random?: number;
  /** Hears of trouble that ends nothing. */
  report?: (problem: unknown) => void;
}

/** A simulated cluster that is served until it is closed. */
export interface RunningSimulator {
  simulator: Simulator;
  /** The API of each node that is served, by the node's name. */
  nodes: Record<string, Served>;
  /** The certificate, PEM, that all of them are verified with. */
  ca: string;
  control: ServedControl | undefined;
  close(): Promise<void>;
}

/** Serves a simulated Proxmox VE. @throws Error with what is wrong in one of the files. */
export async function runSimulator(options: RunSimulatorOptions = {}): Promise<RunningSimulator> {
  const { seedFile, faultsFile, durationsFile, virtualClock, release, random, controlPort } = options;
  const seed = seedFile === undefined ? exampleSeed : ((await readYaml(seedFile)) as Seed | Dump);
  const simulator = createSimulator(seed, {
    ...(virtualClock !== true && { clock: new RealClock() }),
    ...(durationsFile !== undefined && { durations: parseDurations(await readYaml(durationsFile)) }),
    ...(release !== undefined && { release }),
    ...(random !== undefined && { random }),
  });
  if (faultsFile !== undefined) simulator.faults.add(...((await readYaml(faultsFile)) as FaultRule[]));
  const screens = openScreens(simulator, options);
  const nodes = await serveNodes(simulator, options, screens.console);
  const control = controlPort === undefined ? undefined : await serveControl(simulator, controlPort);
  const [first] = Object.values(nodes);
  if (first === undefined) throw new Error('the cluster has no node');
  return {
    simulator,
    nodes,
    ca: first.ca,
    control,
    close: async () => {
      await Promise.all([...Object.values(nodes).map(node => node.close()), control?.close(), screens.close()]);
    },
  };
}

async function readYaml(file: string): Promise<unknown> {
  return parse(await readFile(file, 'utf8'));
}

/** One API for each node, all with the same authority. */
async function serveNodes(
  simulator: Simulator,
  { host = '127.0.0.1', port = 0, everyNode = false }: RunSimulatorOptions,
  console: ReturnType<typeof createConsoleServer>,
): Promise<Record<string, Served>> {
  const identity = createIdentity([...new Set(['127.0.0.1', 'localhost', host])], Date.now());
  const names = Object.keys(simulator.state.nodes).slice(0, everyNode ? undefined : 1);
  const served: Record<string, Served> = {};
  for (const [index, node] of names.entries()) {
    served[node] = await serve(simulator, { host, port: port === 0 ? 0 : port + index, node, identity, console });
  }
  return served;
}
