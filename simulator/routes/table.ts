import type { Handlers } from '../engine/world.ts';
import { permissions } from './access.ts';
import { acl } from './acl.ts';
import { agent } from './agent.ts';
import { backup } from './backup.ts';
import { charts } from './charts.ts';
import { cluster } from './cluster.ts';
import { clusterLog } from './cluster-log.ts';
import { content } from './content.ts';
import { firewall } from './firewall.ts';
import { ha } from './ha.ts';
import { nodes } from './nodes.ts';
import { pools } from './pools.ts';
import { power } from './power.ts';
import { qemu } from './qemu.ts';
import { qemuOperations } from './qemu-operations.ts';
import { storage } from './storage.ts';
import { tasks } from './tasks.ts';
import { ticket } from './ticket.ts';
import { users } from './users.ts';

/** Every route that the simulator answers. */
export const handlers: Handlers = {
  ...acl,
  ...agent,
  ...backup,
  ...charts,
  ...cluster,
  ...clusterLog,
  ...content,
  ...firewall,
  ...ha,
  ...nodes,
  ...permissions,
  ...pools,
  ...power,
  ...qemu,
  ...qemuOperations,
  ...storage,
  ...tasks,
  ...ticket,
  ...users,
};
