import type { Handlers } from '../engine/world.ts';
import { permissions } from './access.ts';
import { agent } from './agent.ts';
import { cluster } from './cluster.ts';
import { nodes } from './nodes.ts';
import { pools } from './pools.ts';
import { power } from './power.ts';
import { qemu } from './qemu.ts';
import { storage } from './storage.ts';
import { tasks } from './tasks.ts';

/** Every route that the simulator answers. */
export const handlers: Handlers = {
  ...permissions,
  ...agent,
  ...cluster,
  ...nodes,
  ...pools,
  ...power,
  ...qemu,
  ...storage,
  ...tasks,
};
