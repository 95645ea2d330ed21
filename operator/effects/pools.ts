import type { ProxmoxClient } from '#proxmox/client.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { PoolView } from '../core/observed.ts';

/** Pools of a Proxmox cluster. One that was seen is taken to be there for a while, or until a clone says otherwise. */
export interface Pools {
  /** Whether a pool is there; asked once for all machines. */
  look: (pool: string) => Promise<PoolView>;
  /** The same, asked anew, and whether a VM is in it. */
  holds: (pool: string, vmid: number) => Promise<{ pool: PoolView; inPool: boolean }>;
  /** Makes a pool, once for all machines that want it. */
  create: (pool: string, comment: string) => Promise<void>;
  /** Has it looked at anew: something went wrong with it. */
  forget: (pool: string) => void;
}

/** How long a pool is taken to be as it was read: machines come in bursts, pools change rarely. */
const validMs = 30_000;

/** Reads and makes pools. */
export function createPools(client: ProxmoxClient, now: () => number): Pools {
  const known = new Map<string, { at: number; reading: Promise<PoolView> }>();
  const making = new Map<string, Promise<void>>();

  async function read(pool: string): Promise<{ pool: PoolView; vmids: number[] }> {
    try {
      const { comment, vmids } = await client.pool(pool);
      return { pool: { found: true, comment }, vmids };
    } catch (error) {
      if (error instanceof ProxmoxError && error.kind === 'missing') return { pool: { found: false }, vmids: [] };
      throw error;
    }
  }

  return {
    look(pool) {
      const before = known.get(pool);
      if (before && now() - before.at < validMs) return before.reading;
      const reading = read(pool).then(found => found.pool);
      const entry = { at: now(), reading };
      known.set(pool, entry);
      const drop = () => known.get(pool) === entry && known.delete(pool);
      // What was not there may be the next time, and an outage says nothing.
      reading.then(view => view.found || drop(), drop);
      return reading;
    },
    async holds(pool, vmid) {
      const found = await read(pool);
      return { pool: found.pool, inPool: found.vmids.includes(vmid) };
    },
    async create(pool, comment) {
      const call = making.get(pool) ?? client.createPool(pool, comment);
      making.set(pool, call);
      try {
        await call;
      } finally {
        making.delete(pool);
        known.delete(pool);
      }
    },
    forget: pool => void known.delete(pool),
  };
}
