import { ProxmoxError } from '#proxmox/errors.ts';
import type { InventoryVm } from '#proxmox/inventory.ts';
import { parseUpid } from '#proxmox/upid.ts';
import type { VmStatus } from '#proxmox/vm.ts';
import type { MachineSize, Power } from '../core/machine.ts';
import { parseMarker } from '../core/marker.ts';
import type { AdopteeView, ConfigView, IsoView, Look, Observed } from '../core/observed.ts';
import { operationTasks } from '../core/operation.ts';
import { poolOf } from '../core/pool.ts';
import { snapshotNameOf, snapshotTasks } from '../core/snapshot.ts';
import type { ClusterLink } from './cluster-link.ts';
import { toMachineConfig } from './machine-config.ts';

/** What the other resources hold. */
export interface Others {
  /** Which of these VMIDs some other resource holds. */
  vmids: (vmids: number[]) => Set<number>;
  /** Whether a VirtualMachine with that metadata.uid exists. */
  isAlive: (uid: string) => boolean;
  /** Tasks that other resources wait for. */
  tasks: () => Set<string>;
}

/** Sees what a decision asked to see, and notes it in the observation. Rejects with ProxmoxError. */
export async function lookAt(
  what: Exclude<Look, 'quota' | 'secret' | 'guest' | 'snapshotRoom' | 'growth' | 'rollbackTo'>,
  o: Observed,
  link: ClusterLink,
  others: Others,
): Promise<void> {
  const vmid = o.vm.status?.vmid ?? 0;
  switch (what) {
    case 'config':
      o.config = await readConfig(o, link, vmid);
      return;
    case 'power': {
      const node = (o.config?.found && o.config.node) || (o.vm.status?.node ?? '');
      const status = await link.client.vmStatus(node, vmid);
      o.power = powerOf(status);
      o.size = sizeOf(status);
      return;
    }
    case 'template': {
      const source = templateSource(o, link.name);
      o.template = source
        ? (await link.template(source)).view
        : { usable: false, reason: 'TemplateNotFound', message: 'The VmTemplate is gone.' };
      return;
    }
    case 'iso':
      o.iso = await findIso(o, link);
      return;
    case 'orphan':
      o.orphan = { vmid: await findOrphan(o, link, others) };
      return;
    case 'pool':
      o.pool = await link.pools.look(poolOf(o) ?? '');
      return;
    case 'inPool':
      Object.assign(o, await link.pools.holds(poolOf(o) ?? '', vmid));
      return;
    case 'adoptee':
      o.adoptee = await findAdoptee(o, link, others);
      return;
    case 'worker':
      o.worker = await findWorker(o, link, others);
      // Read after the list: a worker that has just ended has taken its lock with it.
      if (!o.worker.running) o.config = await readConfig(o, link, vmid);
      return;
    case 'operationTask':
      o.operationTask = { upid: await findOperationTask(o, link) };
      return;
    case 'snapshots':
      o.snapshots = o.config?.found ? await link.client.snapshots(o.config.node, vmid) : [];
      return;
    case 'snapshotConfig':
      if (!o.config?.found || !o.rollbackTo?.snapshot) return;
      o.snapshotConfig = toMachineConfig(
        await link.client.vmConfig(o.config.node, vmid, { snapshot: snapshotNameOf(o.rollbackTo.snapshot) }),
      );
      return;
    case 'snapshotWorker':
      o.snapshotWorker = { running: await isAtSnapshot(o, link) };
      return;
    case 'pending':
      if (o.config?.found) o.pending = await link.client.vmPending(o.config.node, vmid);
      return;
    case 'absence':
      o.absence = await link.proveAbsent(vmid);
      return;
  }
}

/** Only nodes that are online can be asked; the others can take no machine either. */
async function findIso(o: Observed, link: ClusterLink): Promise<IsoView> {
  const spec = o.clusters.find(({ metadata }) => metadata.name === link.name)?.spec;
  const name = o.vm.spec.source.iso?.name;
  const iso = spec?.isos?.find(approved => approved.name === name);
  if (!spec || !iso) return { usable: false, reason: 'InvalidSpec', message: `The ISO "${name}" is not approved.` };
  const online = new Set(inventoryOf(link).nodes.flatMap(node => (node.online ? [node.name] : [])));
  return link.iso(
    iso.volume,
    spec.nodes.map(node => node.name).filter(node => online.has(node)),
  );
}

const templateSource = ({ vmTemplate }: Observed, cluster: string) =>
  vmTemplate?.spec.sources.find(source => source.cluster === cluster)?.vmid;

/**
 * Looks where the machine should be, where the inventory has it, and where it was cloned from: until a clone to another
 * node is complete its configuration lies beside the template's.
 */
async function readConfig(o: Observed, link: ClusterLink, vmid: number): Promise<ConfigView> {
  const nodes = [o.vm.status?.node, o.inventory?.line?.node, templateSource(o, link.name)?.node];
  for (const node of new Set(nodes)) {
    if (node === undefined) continue;
    try {
      return { found: true, node, config: toMachineConfig(await link.client.vmConfig(node, vmid)) };
    } catch (error) {
      if (!(error instanceof ProxmoxError) || error.kind !== 'missing') throw error;
    }
  }
  return { found: false };
}

/** Logs that are read in search of one clone: more run at once only where nobody of ours has begun them. */
const mostLogs = 8;

/**
 * Whether a worker runs on the machine's node that may be making it: a clone that no other resource waits for. Its UPID has the template's VMID only;
 * but of most storages its log names the volume that it writes, and so the VMID that it makes.
 */
async function findWorker(o: Observed, link: ClusterLink, others: Others): Promise<NonNullable<Observed['worker']>> {
  if (!o.config?.found) return { running: false };
  if (o.vm.spec.source.iso) return findCreation(o.config.node, o.vm.status?.vmid, link);
  const active = await link.client.tasks(o.config.node, { source: 'active', typefilter: 'qmclone' });
  const known = others.tasks();
  const unknown = active.filter(({ upid, status }) => status.state === 'running' && !known.has(upid));
  if (unknown.length === 0) return { running: false };
  const candidates = unknown.map(({ upid }) => upid).slice(0, mostLogs);
  // Who only waits for its end need not know which one it is.
  if (o.vm.metadata.deletionTimestamp === undefined) return { running: true, candidates };
  const { vmid, template } = o.vm.status ?? {};
  const ownVolume = new RegExp(`\\bvm-${vmid}-`);
  for (const { upid, id } of unknown.slice(0, mostLogs)) {
    // The log of a clone of our machine would name its volumes, too.
    if (id !== String(template?.vmid)) continue;
    if ((await link.client.taskLog(upid)).some(line => ownVolume.test(line)))
      return { running: true, upid, candidates };
  }
  return { running: true, candidates };
}

/** Unlike that of a clone, the UPID of a creation has the VMID that it makes. */
async function findCreation(
  node: string,
  vmid: number | undefined,
  link: ClusterLink,
): Promise<NonNullable<Observed['worker']>> {
  const active = await link.client.tasks(node, { source: 'active', typefilter: 'qmcreate' });
  const own = active.find(({ id, status }) => id === String(vmid) && status.state === 'running');
  return own ? { running: true, upid: own.upid, candidates: [own.upid] } : { running: false };
}

/** Clocks of nodes may differ from ours by so much. */
const clockSkewMs = 60_000;

/**
 * The newest task of an operation's type on its machine that came after what the operation is known to come after. One of
 * an earlier operation may be seconds old, and the resource of that be gone: only Proxmox' own clock tells them apart.
 */
async function findOperationTask(o: Observed, link: ClusterLink): Promise<string | undefined> {
  const { operation, config } = o;
  if (!operation || !config?.found) return undefined;
  const { startedAt, afterUpid } = operation.status ?? {};
  const found = await link.client.tasks(config.node, {
    source: 'all',
    vmid: o.vm.status?.vmid ?? 0,
    typefilter: operationTasks[operation.spec.type],
    ...(startedAt !== undefined && { since: Math.floor((Date.parse(startedAt) - clockSkewMs) / 1000) }),
  });
  const after = afterUpid === undefined ? 0 : parseUpid(afterUpid).startedAtSeconds;
  const newer = found.filter(({ upid, startedAtSeconds }) => upid !== afterUpid && startedAtSeconds >= after);
  return newer.sort((a, b) => b.startedAtSeconds - a.startedAtSeconds)[0]?.upid;
}

/** Whether a task of ours takes or removes a snapshot of the machine; read anew what it may have done meanwhile. */
async function isAtSnapshot(o: Observed, link: ClusterLink): Promise<boolean> {
  if (!o.config?.found) return false;
  const filter = { source: 'active', vmid: o.vm.status?.vmid ?? 0 } as const;
  const active = await link.client.tasks(o.config.node, filter);
  const types: string[] = Object.values(snapshotTasks);
  if (active.some(({ type, status }) => types.includes(type) && status.state === 'running')) return true;
  // Read after the list: a worker that has just ended has taken its lock with it.
  o.config = await readConfig(o, link, o.vm.status?.vmid ?? 0);
  o.snapshots = undefined;
  return false;
}

/** Hibernated machines are `stopped` with a lock, paused ones `running` with another word from QEMU. */
function powerOf({ status, qmpStatus, lock }: VmStatus): Power {
  if (status === 'stopped') return lock === 'suspended' ? 'Suspended' : 'Stopped';
  if (qmpStatus === 'paused') return 'Paused';
  return 'Running';
}

/** Proxmox always tells; half an answer would be taken for all there is. */
const sizeOf = ({ cpus, memoryBytes }: VmStatus): MachineSize | undefined =>
  cpus === undefined || memoryBytes === undefined
    ? undefined
    : { cpu: cpus, memoryMiB: Math.ceil(memoryBytes / 2 ** 20) };

/**
 * A machine of ours that no resource holds, made for the same namespace and name: etcd was restored from before it (and
 * the resource, if it is still the same one, has forgotten it), or its resource was made anew from Git. Only machines that
 * may be it by the inventory are read; it has the tag only once it was configured.
 */
async function findOrphan(o: Observed, link: ClusterLink, others: Others): Promise<number | undefined> {
  const { vms, nodes } = inventoryOf(link);
  const name = o.vm.spec.hostname ?? o.vm.metadata.name;
  // One made in the last ten seconds is listed without a name. So is every one of a node that is down.
  const online = new Set(nodes.filter(node => node.online).map(node => node.name));
  const isFresh = (vm: InventoryVm) => vm.name === undefined && online.has(vm.node);
  const alike = vms.filter(vm => vm.type === 'qemu' && (vm.name === name || isFresh(vm)));
  const held = others.vmids(alike.map(({ vmid }) => vmid));
  for (const { vmid, node } of alike) {
    if (held.has(vmid)) continue;
    const marker = parseMarker((await link.client.vmConfig(node, vmid)).description);
    const { namespace, name } = o.vm.metadata;
    const same = marker?.clusterId === o.clusterId && marker.namespace === namespace && marker.name === name;
    if (same) return vmid;
  }
  return undefined;
}

/** Only what nobody has a claim on is adopted: no resource holds it, and its marker, if it has one, is of one that is gone. */
async function findAdoptee(o: Observed, link: ClusterLink, others: Others): Promise<AdopteeView> {
  const vmid = o.vm.spec.source.adopt?.vmid ?? 0;
  const refuse = (reason: string, message: string) => ({ usable: false, reason, message }) as const;
  const line = inventoryOf(link).vms.find(vm => vm.vmid === vmid);
  if (line === undefined) return refuse('AdoptNotFound', `Proxmox has no VM ${vmid}.`);
  if (line.type !== 'qemu') return refuse('AdoptRefused', `${vmid} is a container.`);
  if (others.vmids([vmid]).has(vmid)) return refuse('VMIDConflict', `Another VirtualMachine has VM ${vmid}.`);
  const { description, template } = await link.client.vmConfig(line.node, vmid);
  if (template) return refuse('AdoptRefused', `VM ${vmid} is a template.`);
  const marker = parseMarker(description);
  if (marker === undefined || (marker.clusterId === o.clusterId && !others.isAlive(marker.uid))) {
    return { usable: true, node: line.node };
  }
  const owner = `${marker.namespace}/${marker.name}`;
  return refuse(
    'VMIDConflict',
    marker.clusterId === o.clusterId
      ? `VM ${vmid} is the machine of the VirtualMachine ${owner}.`
      : `VM ${vmid} carries the marker of ${owner} in another Kubernetes cluster. Take the line "berth: …" out of its notes in Proxmox, if that cluster has given it up.`,
  );
}

/** The inventory of a link. Throws a transient ProxmoxError before the first one came. */
export function inventoryOf(link: ClusterLink) {
  const snapshot = link.inventory.latest;
  if (snapshot) return snapshot;
  throw notYet(`the inventory of ProxmoxCluster ${link.name} was not read yet`);
}

/** An error for what will be there in a moment. */
export const notYet = (reason: string): ProxmoxError =>
  new ProxmoxError({ kind: 'transient', method: 'GET', path: '/cluster/resources', status: 0, reason });
