import { z } from 'zod';
import { flag, list, maybe, numeric, text } from './lenient.ts';

const scalar = z.union([z.string(), z.number()]);

/** Reads the answer of `GET config`. */
export const vmConfigAnswer = z
  .record(z.string(), scalar.nullable())
  .transform(entries => ({ ...entries, raw: withoutNulls(entries) }))
  .pipe(
    z.object({
      digest: text,
      name: maybe(text),
      description: maybe(text),
      lock: maybe(text),
      smbios1: maybe(text),
      tags: list,
      template: flag,
      protection: flag,
      raw: z.record(z.string(), scalar),
    }),
  )
  .transform(({ smbios1 = '', description = '', ...rest }): VmConfig => {
    return { ...rest, description, uuid: /(?:^|,)uuid=([^,]+)/.exec(smbios1)?.[1] };
  });

function withoutNulls(entries: Record<string, string | number | null>): Record<string, string | number> {
  return Object.fromEntries(
    Object.entries(entries).filter((entry): entry is [string, string | number] => entry[1] !== null),
  );
}

/** A VM's config as Proxmox keeps it. */
export interface VmConfig {
  /** SHA-1 of the config file. While a clone copies its first disk it is the same constant for every clone. */
  digest: string;
  name: string | undefined;
  /** Empty where there is none. Proxmox trims the end of it. */
  description: string;
  /** `clone`, `create`, `backup`, `destroyed`, … */
  lock: string | undefined;
  /** Of the SMBIOS: made anew by a clone, kept by a rollback. */
  uuid: string | undefined;
  tags: string[];
  template: boolean;
  protection: boolean;
  /** Every key with its value, these included. */
  raw: Readonly<Record<string, string | number>>;
}

/** Reads the answer of `GET pending`: the keys that change at the next start. */
export const pendingAnswer = z
  .array(z.object({ key: text, pending: z.unknown().optional(), delete: z.unknown().optional() }))
  .transform(entries =>
    entries.filter(entry => entry.pending !== undefined || Boolean(entry.delete)).map(({ key }) => key),
  );

const statusFields = {
  vmid: numeric,
  name: maybe(text),
  status: z.enum(['running', 'stopped']),
  lock: maybe(text),
  tags: list,
  template: flag,
  uptime: maybe(numeric),
  cpus: maybe(numeric),
  cpu: maybe(numeric),
  mem: maybe(numeric),
  maxmem: maybe(numeric),
  maxdisk: maybe(numeric),
};

const named = <Fields extends Record<'uptime' | 'cpu' | 'mem' | 'maxmem' | 'maxdisk', number | undefined>>(
  fields: Fields,
) => {
  const { uptime, cpu, mem, maxmem, maxdisk, ...rest } = fields;
  return {
    ...rest,
    uptimeSeconds: uptime,
    cpuLoad: cpu,
    usedMemoryBytes: mem,
    memoryBytes: maxmem,
    diskBytes: maxdisk,
  };
};

/** Reads the answer of `GET /nodes/{node}/qemu`. */
export const listedVmsAnswer = z.array(z.object(statusFields).transform(named));

/** Reads the answer of `GET status/current`. */
export const vmStatusAnswer = z
  .object({
    ...statusFields,
    qmpstatus: maybe(text),
    agent: flag,
    ha: maybe(z.object({ managed: flag })),
    'running-machine': maybe(text),
    'running-qemu': maybe(text),
  })
  .transform(({ qmpstatus, ha, 'running-machine': machine, 'running-qemu': qemu, ...rest }) => ({
    ...named(rest),
    qmpStatus: qmpstatus ?? rest.status,
    haManaged: ha?.managed ?? false,
    runningMachine: machine,
    runningQemu: qemu,
  }));

/** A VM or template in its node's list, live. `status` is `running` for a paused one. */
export type ListedVm = z.output<typeof listedVmsAnswer>[number];

/**
 * A VM's state, live. A paused VM has `status` `running` and `qmpStatus` `paused`; one that was suspended to disk has
 * `status` `stopped` and `lock` `suspended`. `cpuLoad` is a share of all its CPUs, 0 to 1.
 */
export type VmStatus = z.output<typeof vmStatusAnswer>;
