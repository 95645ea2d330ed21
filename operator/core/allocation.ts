import type { Claim, ProxmoxClusterSpec } from '#api/proxmox-cluster.ts';
import type { Abandoned, Demand, Finding } from './decision.ts';
import { largerSize } from './machine.ts';
import { aboveCaps, aboveShare, beyond, capsOf, type NodeUse, noUse, together } from './node-limits.ts';

/** A machine that asks for a VMID and a place, or for more room where it is. */
export interface ClaimRequest {
  uid: string;
  namespace: string;
  name: string;
  demand: Demand;
  /** Where the machine is that is to grow; it is there already, and no place is looked for. */
  growth?: Growth;
  /** A VMID that the machine gives up for another one. */
  abandon?: Abandoned;
}

/** A machine that is there, and of which spec it is to become. */
export interface Growth {
  node: string;
  vmid: number;
  generation: number | undefined;
}

/** What a node has and what is taken of it. Memory is in MiB. */
export interface NodeCapacity {
  name: string;
  online: boolean;
  /** Absent where the token may not see it (Sys.Audit on the node): then it limits nothing. */
  memoryMiB?: number;
  /** Memory of every machine on the node, whoever made it, but of those that have a claim in flight. */
  takenMemoryMiB: number;
  /** What Berth's own machines are charged with; the caps of the ProxmoxCluster are about these. */
  berth: NodeUse;
  /** The same of each namespace that has any. */
  namespaces?: ReadonlyMap<string, NodeUse>;
  /** The same of each machine, by uid: one that has a claim, too, counts once. */
  machines?: ReadonlyMap<string, NodeUse>;
}

/** What claims are decided from. */
export interface Occupancy {
  spec: ProxmoxClusterSpec;
  nodes: NodeCapacity[];
  /** Claims that stand already. */
  inFlight: Claim[];
  /** VMIDs that anything in Proxmox, any resource or any abandoned machine has. */
  takenVmids: ReadonlySet<number>;
  /** The generation of each resource, by uid; there only where the use of nodes was read live. */
  generations?: ReadonlyMap<string, number | undefined>;
  /** The VMID that was given out last: the next one is looked for above it, so that a number is long in coming back. */
  lastVmid: number;
}

/** The answer to each request, by uid. */
export interface Allocation {
  granted: Map<string, Claim>;
  refused: Map<string, Finding>;
  /** All claims that stand afterwards. */
  inFlight: Claim[];
  lastVmid: number;
}

/** Most claims that one ProxmoxCluster holds at a time: the limit of the list in its CRD. */
const mostInFlight = 1000;

/**
 * Grants claims one after another, each seeing those before it. A machine that holds a claim keeps it, so asking twice
 * is harmless. Pure: the caller writes the result by compare-and-swap or starts again.
 */
export function allocate(requests: ClaimRequest[], occupancy: Occupancy): Allocation {
  const granted = new Map<string, Claim>();
  const refused = new Map<string, Finding>();
  let inFlight = [...occupancy.inFlight];
  const taken = new Set([...occupancy.takenVmids, ...inFlight.map(({ vmid }) => vmid)]);
  let lastVmid = occupancy.lastVmid;
  for (const request of requests) {
    if (request.growth) {
      const grown = grow(request, request.growth, occupancy, inFlight);
      if ('reason' in grown) refused.set(request.uid, grown);
      else {
        granted.set(request.uid, grown);
        inFlight = [...inFlight.filter(({ uid }) => uid !== request.uid), grown];
      }
      continue;
    }
    const held = inFlight.find(({ uid }) => uid === request.uid);
    const claim =
      held ?? place(request, occupancy, inFlight, nextVmid(occupancy.spec, request.demand.vmids, taken, lastVmid));
    if ('reason' in claim) {
      refused.set(request.uid, claim);
      continue;
    }
    granted.set(request.uid, claim);
    if (held) continue;
    inFlight.push(claim);
    taken.add(claim.vmid);
    lastVmid = claim.vmid;
  }
  return { granted, refused, inFlight, lastVmid };
}

/** The reason of a growth that was decided on a spec which is not that of now. */
export const outdatedSpec = 'Outdated';

/**
 * Whether a machine may become as large as it asks where it is. Everybody was read live, so that what each is charged with
 * holds what it asks for, this machine included: of two that grow at once the one that asked later sees the other. What it
 * is granted stands among the claims until the machine is charged with it by itself, so that a claim which is being
 * decided at the same time conflicts with it; what it was granted before may be under way, and stands as long.
 */
function grow(
  { uid, namespace, name, demand }: ClaimRequest,
  { node, vmid, generation }: Growth,
  { spec, nodes, generations }: Occupancy,
  inFlight: Claim[],
): Claim | Finding {
  if (generations?.get(uid) !== generation) return { reason: outdatedSpec, message: 'The spec was changed meanwhile.' };
  const granted = inFlight.find(claim => claim.uid === uid && claim.node === node);
  const claim = { uid, namespace, name, vmid, node, ...largerSize(demand, granted ?? demand) };
  const capacity = nodes.find(candidate => candidate.name === node);
  if (!capacity) return claim;
  const others = inFlight.filter(claim => claim.uid !== uid);
  const why = limitOf(capacity, demand, namespace, spec, others, noUse);
  return why === undefined ? claim : { reason: 'NodeCapReached', message: `spec.resources: on node ${node} ${why}.` };
}

function nextVmid(
  { vmidRange }: ProxmoxClusterSpec,
  share: Demand['vmids'],
  taken: Set<number>,
  last: number,
): number | Finding {
  const start = Math.max(vmidRange.start, share?.start ?? 0);
  const end = Math.min(vmidRange.end, share?.end ?? Number.POSITIVE_INFINITY);
  const size = end - start + 1;
  const first = last >= start && last < end ? last + 1 : start;
  for (let step = 0; step < size; step++) {
    const candidate = start + ((first - start + step) % size);
    if (!taken.has(candidate)) return candidate;
  }
  return { reason: 'NoFreeVMID', message: noneFree(start, end, share !== undefined) };
}

const noneFree = (start: number, end: number, isShare: boolean): string => {
  const whose = isShare ? "the VmQuota's and the ProxmoxCluster's" : 'the';
  return start > end
    ? 'No VMID is in the vmidRange of both the VmQuota and the ProxmoxCluster.'
    : `Every VMID from ${start} to ${end} is in use; widen ${isShare ? `${whose} spec.vmidRange` : 'spec.vmidRange'}.`;
};

function place(
  { uid, namespace, name, demand }: ClaimRequest,
  occupancy: Occupancy,
  inFlight: Claim[],
  vmid: number | Finding,
): Claim | Finding {
  if (typeof vmid !== 'number') return vmid;
  if (inFlight.length >= mostInFlight) {
    return { reason: 'TooManyInFlight', message: `${mostInFlight} machines are being made; this one waits.` };
  }
  const node = choose(demand, namespace, occupancy, inFlight);
  if (typeof node !== 'string') return node;
  return { uid, namespace, name, vmid, node, cpu: demand.cpu, memoryMiB: demand.memoryMiB };
}

/** The candidate with the most free memory, or why there is none. */
function choose(demand: Demand, namespace: string, { spec, nodes }: Occupancy, inFlight: Claim[]): string | Finding {
  const candidates = nodes.filter(({ name }) => demand.candidates.includes(name));
  if (candidates.length === 0) {
    return { reason: 'NodeNotAllowed', message: 'No approved node of the cluster can hold this machine.' };
  }
  const online = candidates.filter(node => node.online);
  if (online.length === 0) {
    const names = candidates.map(({ name }) => name).join(', ');
    return { reason: 'AllNodesOffline', message: `Every node that could hold this machine is offline: ${names}.` };
  }
  const weighed = online.map(node => weigh(node, demand, namespace, spec, inFlight));
  const fitting = weighed.filter(({ obstacle }) => obstacle === undefined);
  const [best] = fitting.sort((a, b) => b.freeMiB - a.freeMiB || (a.name < b.name ? -1 : 1));
  if (best) return best.name;
  const capReached = weighed.every(({ capped }) => capped);
  return {
    reason: capReached ? 'NodeCapReached' : 'NoNodeFits',
    message: weighed.map(({ name, obstacle }) => `${name}: ${obstacle}.`).join(' '),
  };
}

interface Weighed {
  name: string;
  freeMiB: number;
  obstacle?: string;
  capped: boolean;
}

function weigh(
  node: NodeCapacity,
  demand: Demand,
  namespace: string,
  spec: ProxmoxClusterSpec,
  inFlight: Claim[],
): Weighed {
  const coming = inFlight.filter(claim => claim.node === node.name);
  const freeMiB = (node.memoryMiB ?? 0) - node.takenMemoryMiB - sum(coming.map(({ memoryMiB }) => memoryMiB));
  const wanted = { vms: 1, cpu: demand.cpu, memoryMiB: demand.memoryMiB };
  const capped = limitOf(node, demand, namespace, spec, inFlight, wanted);
  const tooSmall =
    node.memoryMiB !== undefined && demand.memoryMiB > freeMiB
      ? `${demand.memoryMiB} MiB are needed, ${Math.max(freeMiB, 0)} MiB are free`
      : undefined;
  return { name: node.name, freeMiB, obstacle: capped ?? tooSmall, capped: capped !== undefined };
}

/** Which of a node's limits would be passed with so much more on it. */
function limitOf(
  { name, berth, namespaces, machines }: NodeCapacity,
  { shares, grows }: Demand,
  namespace: string,
  spec: ProxmoxClusterSpec,
  inFlight: Claim[],
  wanted: NodeUse,
): string | undefined {
  const coming = inFlight.filter(claim => claim.node === name);
  const own = coming.filter(claim => claim.namespace === namespace);
  const useOf = (claim: Claim) => beyond(claim, machines?.get(claim.uid));
  const share = shares?.find(({ node }) => node === name);
  // Of what grows only that can be refused.
  const counted = (use: NodeUse): NodeUse =>
    grows ? { vms: 0, cpu: grows.cpu ? use.cpu : 0, memoryMiB: grows.memory ? use.memoryMiB : 0 } : use;
  const all = together(berth, ...coming.map(useOf), wanted);
  const ofNamespace = together(namespaces?.get(namespace) ?? noUse, ...own.map(useOf), wanted);
  return aboveCaps(capsOf(spec, name), counted(all)) ?? aboveShare(share, counted(ofNamespace));
}

const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
