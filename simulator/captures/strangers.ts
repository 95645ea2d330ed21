import type { VirtualClock } from '../engine/clock.ts';
import type { Simulator } from '../simulator.ts';
import { emptyConfig } from '../vm/config.ts';
import { defaultGuest } from '../vm/guest.ts';
import { lockFileOf } from '../vm/lock.ts';

/** What happened outside the recorded calls, before the exchange of that number [observed-8.4.md]. */
export const STRANGERS: Record<number, (simulator: Simulator, clock: VirtualClock) => void> = {
  467: simulator => setLock(simulator, 200, 'backup'),
  491: (simulator, clock) => {
    const release = simulator.world.locks.seize(lockFileOf(200));
    clock.at(clock.now() + 25_000, release);
  },
  496: simulator => {
    delete simulator.state.vms[200]?.run;
  },
  593: simulator => {
    const pve1 = simulator.state.nodes.pve1;
    if (pve1 !== undefined) simulator.state.nodes.pve2 = { ...pve1, name: 'pve2', member: false, reachable: false };
  },
  598: simulator => {
    simulator.state.vms[301] = { vmid: 301, node: 'pve2', config: emptyConfig(), guest: defaultGuest() };
  },
  602: simulator => {
    delete simulator.state.nodes.pve2;
    delete simulator.state.vms[301];
    for (const vmid of [400, 401, 402, 403]) delete simulator.state.vms[vmid];
  },
  614: (_, clock) => waitUntil(clock, 1_795_309_776_000),
  823: (simulator, clock) => clock.runUntil(() => simulator.state.broadcasts.vms[260]?.name === 'lag'),
  827: (simulator, clock) => clock.runUntil(() => simulator.state.broadcasts.vms[260]?.status === 'running'),
  828: simulator => setLock(simulator, 260, 'backup'),
  841: simulator => setLock(simulator, 260, undefined),
};

function setLock(simulator: Simulator, vmid: number, lock: string | undefined): void {
  const section = simulator.state.vms[vmid]?.config.current;
  if (section === undefined) return;
  if (lock === undefined) delete section.lock;
  else section.lock = lock;
}

/** Moves on to a moment, unless it is past. */
export function waitUntil(clock: VirtualClock, time: number): void {
  if (time > clock.now()) clock.advance(time - clock.now());
}
