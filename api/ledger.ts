import { z } from 'zod';
import { asAtomic } from './cel.ts';

const amount = (what: string) => z.int().min(0).optional().describe(what);

/** Amounts of everything that is counted, in whole units; an absent one is not limited or not counted. */
export const amounts = z.object({
  vms: amount('Machines.'),
  cpu: amount('Virtual CPUs.'),
  memoryMiB: amount('Memory in MiB.'),
  storageMiB: amount('Disk space in MiB.'),
  networks: amount('Network interfaces.'),
  snapshots: amount('Snapshots.'),
  runningVMs: amount('Machines that run.'),
  runningCPU: amount('Virtual CPUs of machines that run.'),
  runningMemoryMiB: amount('Memory in MiB of machines that run.'),
});

/** What one machine, or one snapshot, is charged with. The entry stays until Proxmox is seen to have given back what it stands for. */
export interface Allocation {
  /** Name of the VirtualMachine; NAMESPACE/NAME across namespaces; snapshot/NAME of a VmSnapshot. */
  name: string;
  /** Its metadata.uid. */
  uid: string;
  /** Reserved at admission, or Bound by the operator, which has seen the resource itself. */
  state: 'Reserved' | 'Bound';
  /** The metadata.generation that it was bound for; 0 before that. */
  generation: number;
  /** Its VmTemplate. */
  template: string;
  /** Its owner. */
  owner?: string;
  /** Whether it counts as running. */
  running: boolean;
  cpu: number;
  memoryMiB: number;
  storageMiB: number;
  /** Network interfaces. */
  networks: number;
  /** Of a snapshot: the name of its machine. It takes nothing but itself. */
  snapshotOf?: string;
  /** Of the disk space, what is on storages that its disks name, in MiB. */
  storages?: Record<string, number>;
}

/** Most machines of a ledger, and most snapshots. 1,000 take about 130 KB, a tenth of what etcd takes in one object. */
export const mostAllocations = 1000;

/**
 * The entries of a ledger, one a machine, each a line of text: the API server takes ten times as long over a thousand
 * objects of eleven fields. Written only by PUT with a resourceVersion. Atomic: as a map list its managedFields would
 * triple it.
 */
export const allocations = () =>
  z
    .array(z.string().max(1024))
    .max(mostAllocations)
    .meta(asAtomic)
    .optional()
    .describe(
      'What each machine is charged with, a line each: name, uid, state@generation, power, amounts, whose it is.',
    );

/** The snapshots of a ledger, stored like its machines. */
export const snapshotAllocations = () =>
  z
    .array(z.string().max(1024))
    .max(mostAllocations)
    .meta(asAtomic)
    .optional()
    .describe('The snapshots that are counted, a line each: snapshot/name, uid, state@generation, of which machine.');

/** The key of a snapshot's entry: no machine has such a name. */
export const snapshotEntryName = (name: string): string => `snapshot/${name}`;

/** An entry as it is stored. What people may call themselves can hold spaces, which part the words of a line. */
export function formatAllocation(entry: Allocation): string {
  const { name, uid, state, generation, running, cpu, memoryMiB, storageMiB, networks, template, owner } = entry;
  if (entry.snapshotOf !== undefined) return `${name} ${uid} ${state}@${generation} of=${entry.snapshotOf}`;
  const places = Object.entries(entry.storages ?? {}).map(([storage, sizeMiB]) => `${storage}:${sizeMiB}Mi`);
  const amountsText = `cpu=${cpu} memory=${memoryMiB}Mi storage=${storageMiB}Mi networks=${networks}`;
  const whose = `template=${template}${owner === undefined ? '' : ` owner=${owner.replace(/[%\s]/g, encodeURIComponent)}`}`;
  const where = places.length > 0 ? ` on=${places.join()}` : '';
  return `${name} ${uid} ${state}@${generation} ${running ? 'Running' : 'Stopped'} ${amountsText} ${whose}${where}`;
}

const line =
  /^(\S+) (\S*) (Reserved|Bound)@(\d+) (Running|Stopped) cpu=(\d+) memory=(\d+)Mi storage=(\d+)Mi networks=(\d+) template=(\S*)(?: owner=(\S*))?(?: on=(\S+))?$/;

const snapshotLine = /^(snapshot\/\S+) (\S*) (Reserved|Bound)@(\d+) of=(\S+)$/;

/** Reads a stored entry. Throws where it is none: nothing may be granted by a ledger that cannot be read. */
export function parseAllocation(text: string): Allocation {
  const snapshot = snapshotLine.exec(text);
  if (snapshot) return parseSnapshot(snapshot);
  const [
    match,
    name = '',
    uid = '',
    state,
    generation,
    power,
    cpu,
    memoryMiB,
    storageMiB,
    networks,
    template,
    owner,
    on,
  ] = line.exec(text) ?? [];
  if (match === undefined) throw new Error(`status.allocations: "${text}" is no entry of a ledger`);
  return {
    name,
    uid,
    state: state === 'Bound' ? 'Bound' : 'Reserved',
    generation: Number(generation),
    template: template ?? '',
    ...(owner !== undefined && { owner: decodeURIComponent(owner) }),
    running: power === 'Running',
    cpu: Number(cpu),
    memoryMiB: Number(memoryMiB),
    storageMiB: Number(storageMiB),
    networks: Number(networks),
    ...(on !== undefined && { storages: parseStorages(on) }),
  };
}

function parseSnapshot([, name = '', uid = '', state, generation, snapshotOf = '']: RegExpExecArray): Allocation {
  const whose = { name, uid, state: state === 'Bound' ? 'Bound' : 'Reserved', generation: Number(generation) } as const;
  return { ...whose, ...snapshotCharge(snapshotOf) };
}

/** What a snapshot of a machine is charged with. */
export const snapshotCharge = (snapshotOf: string): Omit<Allocation, 'name' | 'uid' | 'state' | 'generation'> => ({
  template: '',
  running: false,
  cpu: 0,
  memoryMiB: 0,
  storageMiB: 0,
  networks: 0,
  snapshotOf,
});

function parseStorages(text: string): Record<string, number> {
  return Object.fromEntries(
    text.split(',').map(place => {
      const [storage = '', size = ''] = place.split(':');
      return [storage, Number.parseInt(size, 10)];
    }),
  );
}

/** The entry of a name among stored ones, without reading the others. */
export function findAllocation(lines: readonly string[] | undefined, name: string): Allocation | undefined {
  const found = lines?.find(text => text.startsWith(`${name} `));
  return found === undefined ? undefined : parseAllocation(found);
}
