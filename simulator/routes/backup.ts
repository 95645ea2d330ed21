import type { Handlers } from '../engine/world.ts';
import { backUp, extractConfig } from '../vm/backup.ts';

/** Backups of VMs. */
export const backup: Handlers = {
  'POST /nodes/{node}/vzdump': backUp,
  'GET /nodes/{node}/vzdump/extractconfig': extractConfig,
};
