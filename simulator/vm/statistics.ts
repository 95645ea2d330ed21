import type { World } from '../engine/world.ts';
import type { VmState, VmStatistics } from '../state/types.ts';
import { bootDiskSize } from './boot.ts';
import { drivesOf } from './drives.ts';
import { isBooted } from './guest.ts';
import { memoryOf } from './memory.ts';
import { isNetKey } from './nets.ts';

/** The number of processors that the guest sees, at most those of the node. */
export function cpusOf(world: World, vm: VmState): number {
  const { sockets = '1', cores = '1', vcpus } = vm.config.current;
  const cpus = Number(sockets) * Number(cores);
  const host = world.state.nodes[vm.node]?.cpus ?? cpus;
  return vcpus === undefined ? Math.min(cpus, host) : Number(vcpus);
}

/** Whole seconds since QEMU started. */
function uptimeOf(world: World, vm: VmState): number {
  return vm.run === undefined ? 0 : Math.floor((world.clock.now() - vm.run.startedAt) / 1000);
}

/** What a guest uses: nothing while it is off; it grows with the uptime, so that charts move. */
export interface Usage {
  cpu: number;
  mem: number;
  netin: number;
  netout: number;
  diskread: number;
  diskwrite: number;
}

/** A guest's usage now. It depends on nothing but the VM and the time. */
function usageOf(world: World, vm: VmState): Usage {
  if (vm.run === undefined) return { cpu: 0, mem: 0, netin: 0, netout: 0, diskread: 0, diskwrite: 0 };
  const uptime = uptimeOf(world, vm);
  const booted = vm.guest.os !== 'none';
  const phase = Math.sin(uptime / 60 + vm.vmid);
  return {
    cpu: booted ? 0.05 + 0.04 * phase : 0,
    mem: Math.floor(memoryOf(vm.config.current) * (booted ? 0.4 + 0.05 * phase : 0.05)),
    netin: uptime * (booted ? 1200 : 60),
    netout: uptime * (booted ? 800 : 0),
    diskread: booted ? 90_000_000 + uptime * 4096 : 2048,
    diskwrite: booted ? uptime * 8192 : 0,
  };
}

/** What pvestatd broadcasts of a VM. */
export function statisticsOf(world: World, vm: VmState): VmStatistics {
  const { current } = vm.config;
  return {
    at: world.clock.now(),
    name: current.name ?? `VM ${vm.vmid}`,
    status: vm.run?.status ?? 'stopped',
    template: current.template === '1' ? 1 : 0,
    uptime: uptimeOf(world, vm),
    maxcpu: cpusOf(world, vm),
    maxmem: memoryOf(current),
    maxdisk: bootDiskSize(world, vm),
    ...usageOf(world, vm),
  };
}

/** A VM as GET /nodes/N/qemu lists it: live, in what the configuration and the process tell. */
export function liveStatus(world: World, vm: VmState, full: boolean): Record<string, unknown> {
  const { current } = vm.config;
  const { run } = vm;
  const usage = usageOf(world, vm);
  const status: Record<string, unknown> = {
    vmid: vm.vmid,
    name: current.name ?? `VM ${vm.vmid}`,
    status: run === undefined ? 'stopped' : 'running',
    cpus: cpusOf(world, vm),
    cpu: usage.cpu,
    mem: usage.mem,
    maxmem: memoryOf(current),
    disk: 0,
    maxdisk: bootDiskSize(world, vm),
    netin: usage.netin,
    netout: usage.netout,
    uptime: uptimeOf(world, vm),
  };
  if (world.release !== '8.4') status.memhost = run === undefined ? 0 : usage.mem;
  if (world.release !== '8.4') Object.assign(status, { diskread: 0, diskwrite: 0 });
  if (run !== undefined) status.pid = run.pid;
  if (current.template === '1') status.template = 1;
  if (Object.keys(current).some(key => /^serial\d+$/.test(key))) status.serial = 1;
  if (current.lock !== undefined) status.lock = current.lock;
  if (current.tags !== undefined) status.tags = current.tags;
  if (current.balloon !== undefined && current.balloon !== '0') {
    status.balloon_min = Number(current.balloon) * 2 ** 20;
    status.shares = Number(current.shares ?? 1000);
  }
  if (full) Object.assign(status, qemuStatus(world, vm));
  return status;
}

/** What QEMU itself tells, of a running VM. */
function qemuStatus(world: World, vm: VmState): Record<string, unknown> {
  const { run } = vm;
  if (run === undefined) return { qmpstatus: 'stopped' };
  const usage = usageOf(world, vm);
  const memory = memoryOf(vm.config.current);
  const nets = Object.keys(vm.config.current).filter(isNetKey);
  const share = (bytes: number) => Math.floor(bytes / Math.max(1, nets.length));
  return {
    qmpstatus: run.status,
    'running-qemu': '10.0.2',
    'running-machine': run.machine,
    'proxmox-support': PROXMOX_SUPPORT,
    balloon: memory,
    ...balloonOf(world, vm, memory, usage.mem),
    diskread: usage.diskread,
    diskwrite: usage.diskwrite,
    blockstat: Object.fromEntries(
      drivesOf(world.release, vm.config.current).map(drive => [drive.key, BLOCK_STATISTICS]),
    ),
    ...(nets.length === 0
      ? {}
      : {
          nics: Object.fromEntries(
            nets.map(key => [
              `tap${vm.vmid}i${key.slice(3)}`,
              { netin: share(usage.netin), netout: share(usage.netout) },
            ]),
          ),
        }),
  };
}

/** A guest whose driver is up tells of its memory itself. */
function balloonOf(world: World, vm: VmState, memory: number, used: number): Record<string, unknown> {
  const info = { actual: memory, max_mem: memory };
  if (!isBooted(world, vm)) return { ballooninfo: info };
  const free = memory - used;
  const more = {
    total_mem: memory,
    free_mem: free,
    last_update: Math.floor(world.clock.now() / 1000),
    major_page_faults: 500,
    minor_page_faults: 130_000,
    mem_swapped_in: 0,
    mem_swapped_out: 0,
  };
  return { freemem: free, ballooninfo: { ...info, ...more } };
}

const PROXMOX_SUPPORT = {
  'pbs-library-version': '1.5.1 (stub)',
  'pbs-dirty-bitmap': true,
  'pbs-dirty-bitmap-savevm': true,
  'pbs-dirty-bitmap-migration': true,
  'pbs-masterkey': true,
  'query-bitmap-info': true,
  'backup-max-workers': true,
  'backup-fleecing': true,
  'backup-access-api': true,
};

const BLOCK_STATISTICS = {
  account_failed: true,
  account_invalid: true,
  failed_flush_operations: 0,
  failed_rd_operations: 0,
  failed_unmap_operations: 0,
  failed_wr_operations: 0,
  failed_zone_append_operations: 0,
  flush_operations: 0,
  flush_total_time_ns: 0,
  invalid_flush_operations: 0,
  invalid_rd_operations: 0,
  invalid_unmap_operations: 0,
  invalid_wr_operations: 0,
  invalid_zone_append_operations: 0,
  rd_bytes: 0,
  rd_merged: 0,
  rd_operations: 0,
  rd_total_time_ns: 0,
  timed_stats: [],
  unmap_bytes: 0,
  unmap_merged: 0,
  unmap_operations: 0,
  unmap_total_time_ns: 0,
  wr_bytes: 0,
  wr_highest_offset: 0,
  wr_merged: 0,
  wr_operations: 0,
  wr_total_time_ns: 0,
  zone_append_bytes: 0,
  zone_append_merged: 0,
  zone_append_operations: 0,
  zone_append_total_time_ns: 0,
};
