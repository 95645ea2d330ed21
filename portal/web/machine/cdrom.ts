import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import type { Catalogue } from '#portal/api.ts';

/** What a machine's CD-ROM drive should have, and what it could have. */
export interface Cdrom {
  /** Name of the image; undefined for an empty drive, and for one that is left as it is. */
  loaded: string | undefined;
  offered: string[];
}

/** The CD-ROM drive of a machine; undefined where it has none to speak of and could have nothing in it. Pure. */
export function cdromOf(
  { spec, status }: VirtualMachine,
  catalogue: Catalogue | undefined,
  quota: VmQuota | undefined,
): Cdrom | undefined {
  const cluster = catalogue?.clusters.find(({ name, default: usual }) =>
    status?.cluster ? name === status.cluster : usual,
  );
  const loaded = spec.cdrom ? spec.cdrom.iso : spec.source.iso?.name;
  const allowed = quota?.spec.allowed?.isos;
  const offered = (cluster?.isos ?? []).map(({ name }) => name).filter(name => allowed?.includes(name) ?? true);
  if (loaded === undefined && offered.length === 0) return undefined;
  return { loaded, offered: loaded === undefined || offered.includes(loaded) ? offered : [loaded, ...offered] };
}

/** The change of the spec that loads an image, or takes out what is there. Pure. */
export const cdromPatch = (iso: string | undefined) => ({ cdrom: { iso: iso ?? null } });
