import type { World } from '../engine/world.ts';
import type { GuestState, VmState } from '../state/types.ts';

/** A guest that boots, listens to ACPI and has an agent, as a cloud image does. */
export function linuxGuest(): GuestState {
  return defaultGuest({ ...defaultGuest(), os: 'linux', agentAfterMs: 2000 });
}

/** A guest as that of another VM, or without any system. */
export function defaultGuest(like?: GuestState): GuestState {
  const { os = 'none', bootMs = 8000, shutdownMs = 2000, agentAfterMs, ignoresShutdown = false } = like ?? {};
  const guest: GuestState = { os, bootMs, shutdownMs, ignoresShutdown, files: {}, processes: {}, lastPid: 500 };
  return agentAfterMs === undefined ? guest : { ...guest, agentAfterMs };
}

/** Whether the system inside is up and listens to ACPI. */
export function isBooted(world: World, vm: VmState): boolean {
  const booted = vm.run?.bootedAt;
  return vm.run?.status === 'running' && typeof booted === 'number' && booted <= world.clock.now();
}

/** Whether the guest agent answers. */
export function hasAgent(world: World, vm: VmState): boolean {
  const { agentAfterMs } = vm.guest;
  const booted = vm.run?.bootedAt;
  if (agentAfterMs === undefined || typeof booted !== 'number' || vm.run?.status !== 'running') return false;
  return booted + agentAfterMs <= world.clock.now();
}

/** Whether the configuration has an agent's port. */
export function agentEnabled(vm: VmState): boolean {
  return /^(?:1|.*enabled=1)/.test(vm.config.current.agent ?? '');
}

/** When a guest that starts now will be up; null if there is no system. */
export function bootTime(world: World, vm: VmState): number | null {
  return vm.guest.os === 'none' ? null : world.clock.now() + vm.guest.bootMs;
}
