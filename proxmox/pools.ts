import { z } from 'zod';
import type { Ask } from './ask.ts';
import { ProxmoxError } from './errors.ts';
import { maybe, numeric, text } from './lenient.ts';

const poolsAnswer = z.array(z.object({ poolid: text, comment: maybe(text) }));

const poolAnswer = z.tuple([
  z
    .object({ comment: maybe(text), members: z.array(z.object({ vmid: numeric })) })
    .transform(({ comment = '', members }) => ({ comment, vmids: members.map(({ vmid }) => vmid) })),
]);

/** A pool, with the VMs that are in it. */
export type Pool = z.output<typeof poolAnswer>[0];

/** Calls about pools, which hold VMs together for the sake of rights. Each throws ProxmoxError. */
export interface PoolCalls {
  /** The pools that the token may see (Pool.Audit), without their members. */
  pools(): Promise<{ poolid: string; comment?: string | undefined }[]>;
  /** `missing` where there is none. */
  pool(poolid: string): Promise<Pool>;
  /** One that is there already is a success. */
  createPool(poolid: string, comment: string): Promise<void>;
  /** Puts a VM into a pool, and takes it out of another. One that is in it already is a success. */
  joinPool(poolid: string, vmid: number): Promise<void>;
  /** Removes a pool with the grants on it. `failed` where something is in it. */
  removePool(poolid: string): Promise<void>;
}

/** Binds {@link PoolCalls}. */
export function poolCalls(ask: Ask): PoolCalls {
  return {
    pools: () => ask('pools', {}, {}, poolsAnswer),
    pool: async poolid => (await ask('pools', {}, { poolid, type: 'qemu' }, poolAnswer))[0],
    createPool: (poolid, comment) =>
      unless(/pool '[^']*' already exists/, ask('createPool', {}, { poolid, comment }, z.unknown())),
    joinPool: (poolid, vmid) =>
      unless(
        /is already a pool member/,
        ask('joinPool', {}, { poolid, vms: String(vmid), 'allow-move': true }, z.unknown()),
      ),
    async removePool(poolid) {
      await ask('removePool', {}, { poolid }, z.unknown());
    },
  };
}

/** Waits for a call; a refusal that says that it is so already is none. */
async function unless(already: RegExp, call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ProxmoxError) || !already.test(error.reason)) throw error;
  }
}
