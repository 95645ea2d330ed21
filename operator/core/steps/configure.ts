import { clusterOf, isCluster } from '../cluster-of.ts';
import { act, next, stall, type Verdict, waitFor } from '../decision.ts';
import { configChange, growth, tooLarge } from '../desired-config.ts';
import { markerOf } from '../marker.ts';
import type { Observed } from '../observed.ts';
import { belowCeiling } from './ceiling.ts';

/** How often a machine is looked at that Proxmox has locked for a task of somebody else. */
const lockedMs = 5_000;

/** The configuration is as desired: one write sets everything, then each disk that is too small grows. */
export function configure(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  if (!config?.found) return undefined;
  const { lock, digest } = config.config;
  const shrunk = tooLarge(vm, config.config)[0];
  if (shrunk) {
    const message = `spec.disks[${shrunk.name}].size: the disk has ${shrunk.sizeMiB}Mi already, and disks never shrink; ask for that or more.`;
    return stall('ResizeRejected', message);
  }
  const wished = configChange(vm, config.config, {
    marker: markerOf(vm, o.clusterId),
    fresh: vm.status?.createdAt === undefined,
    defaultStorage: defaultStorage(o),
  });
  const change = belowCeiling(o, wished);
  const [disk] = growth(vm, config.config);
  if (!change && !disk) return undefined;
  if (lock !== undefined) return waitFor(lockedMs, 'LockedByTask', `Proxmox has locked the machine (${lock}).`);
  const at = { node: config.node, vmid: vm.status?.vmid ?? 0, digest };
  if (change)
    return act({ kind: 'configure', ...at, change }, 'Configuring', 'The configuration is being written.', next);
  if (!disk) return undefined;
  const action = { kind: 'resize', ...at, disk: disk.key, sizeMiB: disk.sizeMiB } as const;
  return act(action, 'Resizing', `The disk ${disk.name} is growing to ${disk.sizeMiB} MiB.`);
}

function defaultStorage(o: Observed): string | undefined {
  const cluster = clusterOf(o.vm, o.clusters);
  if (!isCluster(cluster)) return undefined;
  return cluster.spec.storages.find(storage => storage.default === 'Enabled')?.name;
}
