import { createHash } from 'node:crypto';
import type { State } from '../state/types.ts';

/** The digest of storage.cfg: it changes when a storage's configuration does. */
export function renderDigest(storages: State['storages']): string {
  const lines = Object.values(storages).map(
    ({ id, type, content, nodes = [], enabled }) => `${type}: ${id} ${content} ${nodes} ${enabled}`,
  );
  return createHash('sha1').update(lines.join('\n')).digest('hex');
}
