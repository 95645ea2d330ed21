import { sleep } from '../engine/process.ts';
import type { Call, World } from '../engine/world.ts';
import { forkOnVm } from './fork.ts';

/** How long it takes to note a request. */
const REQUEST_MS = 600;

/** Whether the HA stack looks after a VM. */
export function isHaManaged(world: World, vmid: number): boolean {
  return world.state.ha[`vm:${vmid}`] !== undefined;
}

/** Requests to the HA stack: the task is done when the request is noted. */
export function requestHa(call: Call, type: string, verb: string, state: string): string {
  const { world, params } = call;
  const vmid = Number(params.vmid);
  return forkOnVm(call, type, function* (worker) {
    worker.log(`Requesting HA ${verb} for VM ${vmid}`);
    yield sleep(world.clock, REQUEST_MS);
    const resource = world.state.ha[`vm:${vmid}`];
    if (resource !== undefined) resource.state = state;
  });
}
