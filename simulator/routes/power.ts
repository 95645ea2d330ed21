import type { Handlers } from '../engine/world.ts';
import { startVm } from '../vm/start.ts';
import { rebootVm, resetVm, shutdownVm, stopVm } from '../vm/stop.ts';

const STATUS = '/nodes/{node}/qemu/{vmid}/status';

/** What changes a VM's power. */
export const power: Handlers = {
  [`GET ${STATUS}`]: () =>
    ['current', 'start', 'stop', 'reset', 'shutdown', 'suspend', 'reboot'].map(subdir => ({ subdir })),
  [`POST ${STATUS}/start`]: startVm,
  [`POST ${STATUS}/stop`]: stopVm,
  [`POST ${STATUS}/shutdown`]: shutdownVm,
  [`POST ${STATUS}/reboot`]: rebootVm,
  [`POST ${STATUS}/reset`]: resetVm,
};
