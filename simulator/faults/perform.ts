import { leavePool } from '../auth/membership.ts';
import type { World } from '../engine/world.ts';
import { stopDaemon } from '../http/daemon.ts';
import type { VmState } from '../state/types.ts';
import { dropVolume, findVolume, isOnNode, placeOf, volumesOfVm } from '../storage/volumes.ts';
import { emptyConfig } from '../vm/config.ts';
import { defaultGuest } from '../vm/guest.ts';
import { lockFileOf } from '../vm/lock.ts';
import type { Happening } from './happening.ts';
import { cutPower, restorePower, setReachable } from './outage.ts';

/** Whom a happening means when it does not say. */
export interface Aim {
  node?: string;
  vmid?: number;
}

/** Lets something happen to the cluster. What has a duration ends by itself. */
export function perform(world: World, happening: Happening, aim: Aim = {}): void {
  const undo = begin(world, happening, aim);
  const ms = 'forMs' in happening ? happening.forMs : undefined;
  if (undo !== undefined && ms !== undefined) world.clock.background(world.clock.now() + ms, undo);
}

/** Answers how it ends, where it does. */
function begin(world: World, happening: Happening, aim: Aim): (() => void) | undefined {
  const { cluster, broadcasts } = world.state;
  switch (happening.what) {
    case 'node-down': {
      const node = happening.node ?? aim.node ?? firstNode(world);
      cutPower(world, node);
      return () => restorePower(world, node);
    }
    case 'node-unreachable': {
      const node = happening.node ?? aim.node ?? firstNode(world);
      setReachable(world, node, false);
      return () => setReachable(world, node, true);
    }
    case 'daemon-restarts':
      return stopDaemon(world, happening.node ?? aim.node ?? firstNode(world));
    case 'quorum-lost':
      cluster.quorate = false;
      return () => {
        cluster.quorate = true;
      };
    case 'broadcasts-lost':
      broadcasts.lost = true;
      return () => {
        delete broadcasts.lost;
      };
    case 'lock-timeout':
      return holdLock(world, vmidOf(happening, aim));
    case 'stranger-takes-vmid':
      makeStranger(world, vmidOf(happening, aim), happening.node ?? aim.node ?? firstNode(world));
      return undefined;
    case 'vm-vanishes':
      vanish(world, vmidOf(happening, aim));
      return undefined;
    case 'vm-moves':
      move(world, vmidOf(happening, aim), happening.node);
      return undefined;
    case 'config-edited':
      Object.assign(vmOf(world, vmidOf(happening, aim))?.config.current ?? {}, happening.set);
      return undefined;
  }
}

function firstNode(world: World): string {
  return Object.keys(world.state.nodes)[0] ?? '';
}

function vmidOf({ vmid }: { vmid?: number | undefined }, aim: Aim): number {
  const meant = vmid ?? aim.vmid;
  if (meant === undefined) throw new Error('the happening needs a vmid: the call has none');
  return meant;
}

function vmOf(world: World, vmid: number): VmState | undefined {
  return world.state.vms[vmid];
}

/** Nobody else gets the lock; one that is taken already is left to who has it. */
function holdLock(world: World, vmid: number): (() => void) | undefined {
  const file = lockFileOf(vmid);
  return world.locks.isFree(file) ? world.locks.seize(file) : undefined;
}

/** Out of band, so that neither locks nor rights count. */
function vanish(world: World, vmid: number): void {
  const vm = vmOf(world, vmid);
  if (vm === undefined) return;
  for (const storage of Object.values(world.state.storages)) {
    if (!isOnNode(storage, vm.node)) continue;
    for (const volid of volumesOfVm(storage, placeOf(storage, vm.node), vmid)) {
      const found = findVolume(world, vm.node, volid);
      if (found !== undefined) dropVolume(found);
    }
  }
  leavePool(world.state, vmid);
  delete world.state.vms[vmid];
}

function makeStranger(world: World, vmid: number, node: string): void {
  vanish(world, vmid);
  const current = {
    name: 'stranger',
    memory: '512',
    boot: '',
    smbios1: `uuid=${world.random.uuid()}`,
    vmgenid: world.random.uuid(),
    meta: `creation-qemu=10.0.2,ctime=${Math.floor(world.clock.now() / 1000)}`,
  };
  world.state.vms[vmid] = { vmid, node, config: { ...emptyConfig(), current }, guest: defaultGuest() };
}

function move(world: World, vmid: number, to: string | undefined): void {
  const vm = vmOf(world, vmid);
  if (vm === undefined) return;
  const names = Object.keys(world.state.nodes);
  vm.node = to ?? names[(names.indexOf(vm.node) + 1) % names.length] ?? vm.node;
}
