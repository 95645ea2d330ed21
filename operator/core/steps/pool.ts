import { act, lookAt, next, stall, type Verdict, waitFor } from '../decision.ts';
import type { Observed } from '../observed.ts';
import { poolComment, poolOf, poolOwner } from '../pool.ts';

/** The reason of a machine whose pool is being made; nothing was cloned yet. */
export const makingPool = 'CreatingPool';

/** How often a machine is looked at that a worker may be putting into its pool. */
const joiningMs = 2_000;

/**
 * F115: the pool of the namespace is there. The first machine of a namespace has it made; one that a person has made
 * under that name is taken, one of another namespace or Kubernetes cluster is not.
 */
export function awaitPool(o: Observed): Verdict | undefined {
  const pool = poolOf(o);
  if (pool === undefined) return undefined;
  if (o.pool === undefined) return lookAt('pool');
  const { namespace = '' } = o.vm.metadata;
  if (!o.pool.found) {
    const action = { kind: 'createPool', pool, comment: poolComment(o.clusterId, namespace) } as const;
    return act(action, makingPool, `The pool ${pool} is being made in Proxmox.`, next);
  }
  const owner = poolOwner(o.pool.comment);
  if (!owner || (owner.clusterId === o.clusterId && owner.namespace === namespace)) return undefined;
  const whose = owner.clusterId === o.clusterId ? 'of this' : 'in another';
  return stall(
    'PoolConflict',
    `The pool ${pool} in Proxmox is that of the namespace ${owner.namespace} ${whose} Kubernetes cluster, by its comment. Two of them need prefixes (ProxmoxCluster spec.poolPrefix) that differ.`,
  );
}

/**
 * A machine is complete only once it is in the pool that its clone was asked to put it into. Proxmox does that last, after
 * the lock is gone: a worker that died in between, or a pool that was removed meanwhile, leaves it out.
 */
export function joinPool(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  const pool = poolOf(o);
  if (pool === undefined || !config?.found || vm.status?.createdAt !== undefined || vm.spec.source.adopt) {
    return undefined;
  }
  if (o.inPool === undefined) return lookAt('inPool');
  if (o.inPool) return undefined;
  if (o.worker === undefined) return lookAt('worker');
  if (o.worker.running) return waitFor(joiningMs, 'JoiningPool', 'Proxmox is still making the machine.');
  const action = { kind: 'joinPool', pool, vmid: vm.status?.vmid ?? 0 } as const;
  return awaitPool(o) ?? act(action, 'JoiningPool', `The machine is being put into the pool ${pool}.`, next);
}
