import { unapprovedIsos } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { act, lookAt, next, queued, stall, type Verdict, waitFor } from '../decision.ts';
import type { MachineConfig } from '../machine.ts';
import { identify, markerOf, withMarker } from '../marker.ts';
import { newMachine } from '../new-machine.ts';
import type { Observed } from '../observed.ts';
import { poolOf } from '../pool.ts';
import { adoptable, isAdopting } from './adopt.ts';
import { awaitPool, makingPool } from './pool.ts';
import { claimPlace } from './reserve.ts';

/** How often a clone is looked at whose task is not known any more. */
const undecidedMs = 2_000;

/** Reasons of a machine whose clone was not posted yet. */
const untried = new Set([queued, makingPool]);

/** The machine exists, is ours, and is complete: no lock of its making is left and the marker is there. */
export function provision(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  const vmid = vm.status?.vmid;
  if (vmid === undefined) return undefined;
  // Nothing was tried for a claim that was just made, or that waits in line. Should a clone have been posted after all
  // (and our report of it lost), Proxmox refuses this one, which is then reported, so that the next pass looks.
  const told = vm.status?.conditions?.find(({ type }) => type === 'Provisioned');
  const tried = told !== undefined && !untried.has(told.reason);
  if (config === undefined && isAdopting(o)) return lookAt('config');
  if (config === undefined) return tried ? lookAt('config') : make(o, vmid);
  if (!config.found && isAdopting(o)) return stall('AdoptNotFound', `Proxmox has no VM ${vmid} any more.`);
  if (!config.found) return vm.status?.createdAt === undefined ? make(o, vmid) : missing(o, vmid);
  switch (identify(config.config, markerOf(vm, o.clusterId), vm.status?.uuid)) {
    case 'foreign':
      if (isAdopting(o)) return adoptable(o);
      return stall('VMIDConflict', `VM ${vmid} in Proxmox is not the machine of this resource; it is left alone.`);
    case 'undecided':
      if (isAdopting(o)) return waitFor(undecidedMs, 'LockedByTask', `Proxmox is still at work on VM ${vmid}.`);
      return awaitWorker(o, vmid);
    case 'ours':
      return isBeingMade(config.config) ? awaitWorker(o, vmid) : undefined;
  }
}

/** Whether a worker has not finished a machine, or has died over it. */
export const isBeingMade = ({ lock }: MachineConfig): boolean => lock === 'clone' || lock === 'create';

/** A repeated try is safe: Proxmox refuses a VMID that is taken. */
const make = (o: Observed, vmid: number): Verdict => (o.vm.spec.source.iso ? create(o, vmid) : clone(o, vmid));

/** Everything in one call; the machine that comes of it needs no write before its first boot. */
function create(o: Observed, vmid: number): Verdict {
  const cluster = clusterOf(o.vm, o.clusters);
  if (!isCluster(cluster)) return stall(cluster.reason, cluster.message);
  const unknown = unapprovedIsos(o.vm.spec, cluster.spec);
  if (unknown.length > 0) return stall('InvalidSpec', unknown.join(' '));
  const machine = newMachine(o.vm, { marker: markerOf(o.vm, o.clusterId), ...cluster.spec });
  if ('reason' in machine) return stall(machine.reason, machine.message);
  const obstacle = awaitPool(o);
  if (obstacle) return obstacle;
  const node = o.vm.status?.node ?? '';
  const pool = poolOf(o);
  const action = { kind: 'create', node, vmid, machine, ...(pool !== undefined && { pool }) } as const;
  return act(action, 'Creating', `Proxmox is making the machine on node ${node}.`);
}

/**
 * A making without a task that we know of is waited for while some worker may be at it. A lock whose worker is gone can
 * be removed by root only, so the VMID is given up; nothing of value is lost in a machine that was never complete.
 */
function awaitWorker(o: Observed, vmid: number): Verdict {
  if (o.worker === undefined) return lookAt('worker');
  if (o.worker.running && o.vm.spec.source.iso)
    return waitFor(undecidedMs, 'Creating', 'Proxmox is making the machine.');
  if (o.worker.running) return waitFor(undecidedMs, 'Cloning', 'Proxmox is cloning the template.');
  const cluster = clusterOf(o.vm, o.clusters);
  if (!isCluster(cluster)) return stall(cluster.reason, cluster.message);
  return claimPlace(o, cluster, { vmid, reason: stuckLock(vmid, o.config) });
}

/** What an administrator of Proxmox is told about a lock that no token can remove. */
export function stuckLock(vmid: number, config: Observed['config']): string {
  const [node, lock] = config?.found ? [config.node, config.config.lock] : ['its node', 'clone'];
  return `The worker that was making VM ${vmid} died and left the lock "${lock}". Run on ${node}: qm unlock ${vmid}`;
}

function clone(o: Observed, vmid: number): Verdict {
  const { vm, template } = o;
  if (template === undefined) return lookAt('template');
  if (!template.usable) return stall(template.reason, template.message);
  const obstacle = awaitPool(o);
  if (obstacle) return obstacle;
  const pool = poolOf(o);
  const { spec, status, metadata } = vm;
  const full = (spec.source.template?.mode ?? o.vmTemplate?.spec.cloneMode ?? 'Full') === 'Full';
  const storage = spec.disks.find(({ name }) => name === 'root')?.storage;
  const moved = full && storage !== undefined && storage !== template.rootStorage;
  const action = {
    kind: 'clone',
    node: template.node,
    templateVmid: template.vmid,
    templateName: spec.source.template?.name ?? '',
    vmid,
    name: spec.hostname ?? metadata.name,
    description: withMarker(spec.description ?? '', markerOf(vm, o.clusterId)),
    full,
    ...(status?.node !== undefined && status.node !== template.node && { target: status.node }),
    ...(moved && { storage }),
    ...(pool !== undefined && { pool }),
  } as const;
  return act(action, 'Cloning', `Proxmox is cloning the template ${spec.source.template?.name}.`);
}

/** A machine that was complete once is made anew only if its spec says so, and it is proven to be gone. */
function missing(o: Observed, vmid: number): Verdict {
  if (o.absence === undefined) return lookAt('absence');
  if (!o.absence.proven) {
    return waitFor(10_000, 'ProxmoxUnavailable', `VM ${vmid} cannot be seen, but it may exist: ${o.absence.message}`);
  }
  if (o.vm.spec.onMissing === 'Recreate') {
    const message = `VM ${vmid} was removed in Proxmox; it is made anew, with empty disks.`;
    return act({ kind: 'recreate' }, 'Recreating', message, next);
  }
  return stall('Missing', `VM ${vmid} was removed in Proxmox. Delete this resource to give up the machine.`);
}
