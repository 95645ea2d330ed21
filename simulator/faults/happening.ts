import { z } from 'zod';

/** Absent: for good. */
const forMs = z.number().positive().optional();

/** Absent: that of the call's path, or the first one. */
const node = z.string().optional();

/** Absent: the `newid`, else the `vmid` of the call. */
const vmid = z.int().min(100).optional();

/** What may happen to a cluster while somebody works with it, each with what it needs to know. */
export const HAPPENINGS = {
  /** A node loses power: its workers die, its VMs stop, its API is gone. */
  nodeDown: { what: z.literal('node-down'), node, forMs },
  /** The network to a node is cut; what runs there goes on. */
  nodeUnreachable: { what: z.literal('node-unreachable'), node, forMs },
  /** pvedaemon of a node is restarted: calls under way are lost, and its tasks are told to end, which clean up. */
  daemonRestarts: { what: z.literal('daemon-restarts'), node, forMs: z.number().positive().default(4000) },
  /** The cluster's files become read-only. */
  quorumLost: { what: z.literal('quorum-lost'), forMs },
  /** What the nodes tell each other gets lost: `/cluster/resources` stands still. */
  broadcastsLost: { what: z.literal('broadcasts-lost'), forMs },
  /** Somebody holds the file lock of a VM. */
  lockTimeout: { what: z.literal('lock-timeout'), vmid, forMs: z.number().positive().default(30_000) },
  /** Somebody makes a VM with that number, in place of the one that has it. */
  strangerTakesVmid: { what: z.literal('stranger-takes-vmid'), vmid, node },
  /** Somebody destroys the VM. */
  vmVanishes: { what: z.literal('vm-vanishes'), vmid },
  /** Somebody moves the VM to another node, the next one unless named. */
  vmMoves: { what: z.literal('vm-moves'), vmid, node: z.string().optional() },
  /** Somebody changes options of the VM: the digest is another one. */
  configEdited: { what: z.literal('config-edited'), vmid, set: z.record(z.string(), z.string()) },
} as const;

/** One of {@link HAPPENINGS}, as JSON. */
export const happeningSchema = z.discriminatedUnion('what', [
  z.strictObject(HAPPENINGS.nodeDown),
  z.strictObject(HAPPENINGS.nodeUnreachable),
  z.strictObject(HAPPENINGS.daemonRestarts),
  z.strictObject(HAPPENINGS.quorumLost),
  z.strictObject(HAPPENINGS.broadcastsLost),
  z.strictObject(HAPPENINGS.lockTimeout),
  z.strictObject(HAPPENINGS.strangerTakesVmid),
  z.strictObject(HAPPENINGS.vmVanishes),
  z.strictObject(HAPPENINGS.vmMoves),
  z.strictObject(HAPPENINGS.configEdited),
]);

/** Something that happens to the cluster. */
export type Happening = z.output<typeof happeningSchema>;
