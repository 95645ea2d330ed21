import type { ProxmoxCluster } from '#api/kinds.ts';
import { toMiB } from '#api/quantity.ts';
import { unapproved } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { type Abandoned, act, type Finding, lookAt, next, stall, type Verdict } from '../decision.ts';
import type { Observed, TemplateView } from '../observed.ts';
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
  const missing = templateMissing(o, cluster);
  if (missing) return stall(missing.reason, missing.message);
  if (o.orphan === undefined) return lookAt('orphan');
  if (o.orphan.vmid !== undefined) return stall('OrphanExists', orphanMessage(o.orphan.vmid));
  return claimPlace(o, cluster);
}

/** Asks for a VMID and a place, in exchange for one that has to be given up. */
export function claimPlace(o: Observed, cluster: ProxmoxCluster, abandon?: Abandoned): Verdict {
  if (o.template === undefined) return lookAt('template');
  if (!o.template.usable) return stall(o.template.reason, o.template.message);
  const demand = {
    cpu: o.vm.spec.resources.cpu,
    memoryMiB: toMiB(o.vm.spec.resources.memory),
    candidates: candidates(cluster, o.template, o.quota),
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

/** A template on local storage can only be cloned on its own node, and a namespace may be kept to some nodes. */
function candidates(
  { spec }: ProxmoxCluster,
  template: TemplateView & { usable: true },
  quota: Observed['quota'],
): string[] {
  const allowed = quota?.granted ? quota.nodes : undefined;
  return spec.nodes
    .filter(({ schedulable }) => schedulable !== 'Disabled')
    .map(({ name }) => name)
    .filter(name => allowed?.includes(name) ?? true)
    .filter(name => template.shared || name === template.node);
}

const orphanMessage = (vmid: number): string =>
  `Proxmox already has VM ${vmid}, which was made for this namespace and name and which no resource holds. ` +
  `Remove it in Proxmox, give the resource another name, or make it anew with source.adopt.vmid: ${vmid}.`;
