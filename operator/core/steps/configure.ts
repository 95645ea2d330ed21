import { outdatedSpec } from '../allocation.ts';
import { usableIsos } from '../approval.ts';
import { clusterOf, isCluster } from '../cluster-of.ts';
import { act, type Holding, lookAt, next, stall, type Verdict, waitFor } from '../decision.ts';
import { type ConfigContext, configChange, growth, lostDisks, tooLarge } from '../desired-config.ts';
import { ofIdentity, reportsDrift, tellChange, wasInSync } from '../drift.ts';
import type { ConfigChange } from '../machine.ts';
import { carries, markerOf } from '../marker.ts';
import { defaultOf } from '../new-machine.ts';
import type { Observed } from '../observed.ts';
import { asksForPending, restartRequiredFor } from '../pending.ts';
import { belowCeiling, mayGrow } from './ceiling.ts';
import { lastTaskOf } from './task.ts';

/** The watch brings in a moment what somebody has changed. */
const outdated: Verdict = { outcome: { kind: 'again', afterMs: 1_000, reason: 'the spec of now' } };

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
  if (needsPassword(o)) {
    if (o.secret === undefined) return lookAt('secret');
    if (!o.secret.found) return stall(o.secret.reason, o.secret.message);
  }
  const leaves = reportsDrift(o, 'ConfigSynced');
  const wanted = changeOf(o);
  if (!leaves && lock === undefined && o.growth === undefined && mayGrow(o)) return lookAt('growth');
  if (o.growth?.granted === false && o.growth.reason === outdatedSpec) return outdated;
  const change = leaves ? ofIdentity(wanted, config.config, markerOf(vm, o.clusterId)) : belowCeiling(o, wanted);
  const [disk] = leaves ? [] : growth(vm, config.config).filter(grows => !isInVain(o, grows));
  if (!change && !disk) return asksForPending(o) ? lookAt('pending') : undefined;
  if (lock !== undefined) return waitFor(lockedMs, 'LockedByTask', `Proxmox has locked the machine (${lock}).`);
  const at = { node: config.node, vmid: vm.status?.vmid ?? 0, digest };
  if (change) {
    const marks = !carries(config.config.description, markerOf(vm, o.clusterId));
    const action = { kind: 'configure', ...at, change, ...(marks && { marks }) } as const;
    return act(action, 'Configuring', 'The configuration is being written.', next);
  }
  if (!disk) return undefined;
  const action = { kind: 'resize', ...at, disk: disk.key, sizeMiB: disk.sizeMiB } as const;
  return act(action, 'Resizing', `The disk ${disk.name} is growing to ${disk.sizeMiB} MiB.`);
}

/**
 * Proxmox does nothing for a disk that has the size already, and leaves the configuration as it is, which says less. Told
 * after power, so that the machine can be stopped all the same.
 */
export function holdVainGrowth(o: Observed): Verdict | undefined {
  const { vm, config } = o;
  if (!config?.found || reportsDrift(o, 'ConfigSynced')) return undefined;
  const disk = growth(vm, config.config).find(grows => isInVain(o, grows));
  if (!disk) return undefined;
  const has = config.config.disks.find(({ key }) => key === disk.key)?.sizeMiB;
  const message = `The disk ${disk.name} has ${has} MiB by its configuration, and Proxmox has nothing to grow to ${disk.sizeMiB} MiB. Run on ${config.node}: qm disk rescan --vmid ${vm.status?.vmid}`;
  return stall('ResizeRejected', message);
}

/** Whether Proxmox was told to let the disk grow, has succeeded, and has changed nothing. */
function isInVain(o: Observed, { key, sizeMiB }: { key: string; sizeMiB: number }): boolean {
  const { config, grown } = o;
  const last = lastTaskOf(o);
  if (last?.type !== 'resize' || last.result !== 'Succeeded' || !config?.found) return false;
  return grown?.disk === key && grown.sizeMiB === sizeMiB && grown.digest === config.config.digest;
}

/** What the configuration is when nothing is left to write: as desired, at the next restart, or somebody's else. */
export function configHolds(o: Observed): Omit<Holding, 'condition'> | undefined {
  if (driftOf(o) !== undefined) return undefined;
  const waiting = restartRequiredFor(o);
  if (!waiting) return { reason: 'UpToDate' };
  const message = `These settings take effect at the next restart: ${waiting.join(', ')}.`;
  return { reason: 'RestartRequired', status: 'False', message };
}

/** What somebody has changed in Proxmox and what is left so; told last, so that it holds nothing else up. */
export function reportConfigDrift(o: Observed): Verdict | undefined {
  const drift = driftOf(o);
  return drift === undefined ? undefined : stall('ExternalDrift', drift);
}

function driftOf(o: Observed): string | undefined {
  const { vm, config } = o;
  if (!config?.found) return undefined;
  const lost = wasInSync(o, 'ConfigSynced') ? lostDisks(vm, config.config) : [];
  if (lost.length > 0) {
    return `In Proxmox the machine has no disk ${lost.join(', ')} any more. Attach it again, with its name as serial number.`;
  }
  if (!reportsDrift(o, 'ConfigSynced')) return undefined;
  const change = { ...changeOf(o) };
  const small = growth(vm, config.config).map(({ name }) => `disks[${name}].size`);
  const told = [...tellChange(change, config.config), ...small];
  if (told.length === 0) return undefined;
  return `Changed in Proxmox, and left so with drift: Report: ${told.join(', ')}.`;
}

/** A disk that somebody took off is not made anew while the spec stays as it is: it would be an empty one. */
function changeOf(o: Observed): ConfigChange | undefined {
  const { vm, config } = o;
  if (!config?.found) return undefined;
  const change = configChange(vm, config.config, {
    marker: markerOf(vm, o.clusterId),
    fresh: vm.status?.createdAt === undefined && vm.spec.source.adopt === undefined,
    ...approved(o),
    ...(needsPassword(o) && o.secret?.found && { password: o.secret.password }),
  });
  if (!change?.disks || !wasInSync(o, 'ConfigSynced')) return change;
  const { disks, ...others } = change;
  return Object.keys(others).length > 0 ? others : undefined;
}

/** A password is set before the first boot, and never again. */
const needsPassword = ({ vm: { spec, status } }: Observed): boolean =>
  spec.cloudInit?.passwordSecretRef !== undefined && spec.source.adopt === undefined && status?.createdAt === undefined;

function approved(o: Observed): Pick<ConfigContext, 'defaultStorage' | 'isos'> {
  const cluster = clusterOf(o.vm, o.clusters);
  if (!isCluster(cluster)) return {};
  return { defaultStorage: defaultOf(cluster.spec.storages), isos: usableIsos(o.quota, cluster.spec) };
}
