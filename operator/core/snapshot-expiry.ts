import type { VmPolicy, VmSnapshot } from '#api/kinds.ts';

/** When a snapshot is removed: after the time that it was given, and no later than the policy lets any stay. */
export function expiryOf({ spec, status }: VmSnapshot, policy: VmPolicy | undefined): string | undefined {
  const maxAgeHours = policy?.spec.snapshots?.maxAgeHours;
  const ages = [spec.ttlSeconds, maxAgeHours === undefined ? undefined : maxAgeHours * 3600];
  const given = ages.filter(age => age !== undefined);
  if (status?.createdAt === undefined || given.length === 0) return undefined;
  return new Date(Date.parse(status.createdAt) + Math.min(...given) * 1000).toISOString();
}
