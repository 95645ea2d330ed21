import { z } from 'zod';

/** A machine that is there from the start. */
const standingVm = z.object({
  vmid: z.int(),
  node: z.string(),
  name: z.string(),
  uuid: z.string(),
  description: z.string(),
});

export type StandingVm = z.infer<typeof standingVm>;

/** Machines that are there from the start, as the file has them whose name the simulator is told. */
export const standingVms = z.array(standingVm);

/** What the benchmark's simulator is told when it starts, as JSON in its arguments. */
export const simulatorOrder = z.object({
  /** How many machines it must have room for. */
  vms: z.int(),
  /** Milliseconds that the disk of a clone takes; absent: as the simulator has it. */
  cloneMs: z.number().optional(),
  /** File with the machines that are there from the start. */
  standing: z.string().optional(),
});

/** What it answers once it listens. */
export const simulatorHello = z.object({ url: z.string(), ca: z.string() });

/** What the benchmark may ask of it. `forget` starts the figures anew. */
export const question = z.enum(['figures', 'forget', 'end']);

/** What was called since the start, or since it was told to forget. */
export const figures = z.object({
  /** All calls, by method and path, numbers and names left out. */
  calls: z.record(z.string(), z.int()),
  /** Calls that serve every machine: the inventory and the tasks. */
  sharedPolls: z.int(),
  /** By VMID. */
  machines: z.record(
    z.string(),
    z.object({ writes: z.int(), reads: z.int(), agentReads: z.int(), boots: z.int(), firstCallAt: z.number() }),
  ),
  /** Seconds that tasks took, together. */
  taskSeconds: z.number(),
});

/** The figures of the simulator's process. Times are milliseconds since the epoch. */
export type Figures = z.infer<typeof figures>;
