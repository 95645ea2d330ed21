import type { ProxmoxCluster } from '#api/kinds.ts';
import type { ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import { toMiB } from '#api/quantity.ts';
import type { VirtualMachineSpec } from '#api/virtual-machine.ts';
import { unapproved } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { type Abandoned, act, type Finding, lookAt, next, stall, type Verdict } from '../decision.ts';
import { defaultOf } from '../new-machine.ts';
import type { IsoView, Observed, TemplateView } from '../observed.ts';
import { adopt } from './adopt.ts';

/** The finalizer that keeps a VirtualMachine until its machine is proven to be gone. */
export const finalizer = 'berth.dev/proxmox';

/** Nothing is made for a resource that could vanish unseen. */
export function holdFinalizer({ vm }: Observed): Verdict | undefined {
  if (vm.metadata.finalizers?.includes(finalizer)) return undefined;
  return { action: { kind: 'addFinalizer' }, outcome: { kind: 'done' } };
}

/** The quota's grant comes before anything that takes room, and is asked for live in each pass that may take some. */
export function grant({ quota }: Observed): Verdict | undefined {
  if (quota === undefined) return lookAt('quota');
  if (quota.granted) return undefined;
  if (quota.reason === 'Outdated') return { outcome: { kind: 'again', afterMs: outdatedMs, reason: quota.reason } };
  return stall(quota.reason, quota.message);
}

/** How long the watch has to bring the spec that another operator has seen already. */
const outdatedMs = 1_000;

/**
 * Claims VMID, node and capacity, once: by compare-and-swap in the ProxmoxCluster, then in the resource's own status.
 * Only what is claimed may be cloned.
 */
export function claim(o: Observed): Verdict | undefined {
  if (o.vm.status?.vmid !== undefined) return undefined;
  const cluster = clusterOf(o.vm, o.clusters);
  if (!isCluster(cluster)) return stall(cluster.reason, cluster.message);
  const refusals = unapproved(o.vm.spec, cluster.spec);
  if (refusals.length > 0) return stall('InvalidSpec', refusals.join(' '));
  if (o.vm.spec.source.adopt) return adopt(o, cluster);
  const missing = o.vm.spec.source.template && templateMissing(o, cluster);
  if (missing) return stall(missing.reason, missing.message);
  if (o.orphan === undefined) return lookAt('orphan');
  if (o.orphan.vmid !== undefined) return stall('OrphanExists', orphanMessage(o.orphan.vmid));
  return claimPlace(o, cluster);
}

/** Asks for a VMID and a place, in exchange for one that has to be given up. */
export function claimPlace(o: Observed, cluster: ProxmoxCluster, abandon?: Abandoned): Verdict {
  const isFromIso = o.vm.spec.source.iso !== undefined;
  const source = isFromIso ? o.iso : o.template;
  if (source === undefined) return lookAt(isFromIso ? 'iso' : 'template');
  if (!source.usable) return stall(source.reason, source.message);
  const demand = {
    cpu: o.vm.spec.resources.cpu,
    memoryMiB: toMiB(o.vm.spec.resources.memory),
    candidates: candidates(cluster, o.quota).filter(node => canHold(node, source, o.vm.spec, cluster.spec)),
    ...(o.quota?.granted && o.quota.shares && { shares: o.quota.shares }),
    ...(o.quota?.granted && o.quota.vmids && { vmids: o.quota.vmids }),
  };
  const action = { kind: 'claim', cluster: cluster.metadata.name, demand, ...(abandon && { abandon }) } as const;
  return act(action, 'Claiming', abandon?.reason ?? 'A node and a VMID are being claimed.', next);
}

function templateMissing({ vm, vmTemplate }: Observed, cluster: ProxmoxCluster): Finding | undefined {
  const name = vm.spec.source.template?.name;
  if (!vmTemplate) return { reason: 'TemplateNotFound', message: `There is no VmTemplate "${name}".` };
  if (vmTemplate.spec.sources.some(source => source.cluster === cluster.metadata.name)) return undefined;
  const has = vmTemplate.spec.sources.map(source => source.cluster).join(', ');
  const message = `VmTemplate "${name}" has no source in the ProxmoxCluster "${cluster.metadata.name}"; it is in: ${has}.`;
  return { reason: 'TemplateNotFound', message };
}

/**
 * A template on local storage can only be cloned on its own node; one that has the ISO image must have the storages of
 * the disks, too.
 */
function canHold(
  node: string,
  source: (TemplateView | IsoView) & { usable: true },
  { disks }: VirtualMachineSpec,
  { storages }: ProxmoxClusterSpec,
): boolean {
  if ('vmid' in source) return source.shared || node === source.node;
  const there = source.nodes.find(({ name }) => name === node)?.storages;
  return disks.every(({ storage = defaultOf(storages) }) => storage === undefined || there?.includes(storage));
}

/** Approved nodes that take machines; a namespace may be kept to some of them. */
function candidates({ spec }: ProxmoxCluster, quota: Observed['quota']): string[] {
  const allowed = quota?.granted ? quota.nodes : undefined;
  return spec.nodes
    .filter(({ schedulable }) => schedulable !== 'Disabled')
    .map(({ name }) => name)
    .filter(name => allowed?.includes(name) ?? true);
}

const orphanMessage = (vmid: number): string =>
  `Proxmox already has VM ${vmid}, which was made for this namespace and name and which no resource holds. ` +
  `Remove it in Proxmox, give the resource another name, or make it anew with source.adopt.vmid: ${vmid}.`;
