import type { ProxmoxClient } from '#proxmox/client.ts';
import type { Storage, Volume } from '#proxmox/cluster.ts';
import { storageOf } from '#proxmox/drive.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { IsoView } from '../core/observed.ts';

/** How long a storage is taken to hold what was read of it: machines come in bursts, images change rarely. */
const validMs = 30_000;

/** An ISO image that Proxmox has. */
export interface StoredIso {
  volume: string;
  sizeMiB?: number;
  /** Those of the nodes that were asked. */
  nodes: string[];
}

const isUsable = ({ enabled, active }: Storage): boolean => enabled && active;

/**
 * Every ISO image on storages of these nodes, sorted, and whether every storage told. One that the token may not look
 * into, or that is away for now, does not.
 */
export async function listIsos(
  client: ProxmoxClient,
  stocks: { node: string; storages: Storage[] }[],
): Promise<{ isos: StoredIso[]; complete: boolean }> {
  const found = new Map<string, StoredIso>();
  const shared = new Map<string, Promise<Volume[] | undefined>>();
  let complete = true;
  for (const { node, storages } of stocks) {
    for (const storage of storages.filter(({ content }) => content.includes('iso'))) {
      const known = storage.shared ? shared.get(storage.name) : undefined;
      const reading = known ?? volumesOf(client, node, storage);
      if (storage.shared) shared.set(storage.name, reading);
      const volumes = await reading;
      complete &&= volumes !== undefined;
      for (const { volid, sizeBytes } of volumes ?? []) {
        const sizeMiB = sizeBytes === undefined ? undefined : Math.ceil(sizeBytes / 2 ** 20);
        const iso = found.get(volid) ?? { volume: volid, ...(sizeMiB !== undefined && { sizeMiB }), nodes: [] };
        found.set(volid, { ...iso, nodes: [...iso.nodes, node] });
      }
    }
  }
  return { isos: [...found.values()].sort((a, b) => (a.volume < b.volume ? -1 : 1)), complete };
}

async function volumesOf(client: ProxmoxClient, node: string, storage: Storage): Promise<Volume[] | undefined> {
  if (!isUsable(storage)) return undefined;
  try {
    return await client.volumes(node, storage.name, 'iso');
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    return undefined;
  }
}

/** Looks where an ISO image can be used; each node is asked at most once in a while, for all machines. */
export function createIsoReader(
  client: ProxmoxClient,
  now: () => number,
): (volume: string, nodes: string[]) => Promise<IsoView> {
  const readings = new Map<string, { at: number; reading: Promise<string[] | undefined> }>();
  const storagesOfHolder = (volume: string, node: string) => {
    const key = `${node} ${volume}`;
    const known = readings.get(key);
    if (known && now() - known.at < validMs) return known.reading;
    const reading = read(client, volume, node);
    readings.set(key, { at: now(), reading });
    // What was not found may be there the next time, and an outage says nothing.
    reading.then(
      storages => storages ?? readings.delete(key),
      () => readings.delete(key),
    );
    return reading;
  };
  return async (volume, nodes) => {
    const answers = await Promise.all(
      nodes.map(async name => ({ name, storages: await storagesOfHolder(volume, name) })),
    );
    const holders = answers.flatMap(({ name, storages }) => (storages ? [{ name, storages }] : []));
    if (holders.length > 0) return { usable: true, nodes: holders };
    const message = `No approved node that is online has the ISO image ${volume}.`;
    return { usable: false, reason: 'IsoNotFound', message };
  };
}

/** The storages for disks of a node that has the image; undefined for one that has not. */
async function read(client: ProxmoxClient, volume: string, node: string): Promise<string[] | undefined> {
  const storages = (await client.storages(node)).filter(isUsable);
  const holder = storages.find(({ name, content }) => name === storageOf(volume) && content.includes('iso'));
  if (!holder) return undefined;
  const volumes = await client.volumes(node, holder.name, 'iso');
  if (!volumes.some(({ volid }) => volid === volume)) return undefined;
  return storages.filter(({ content }) => content.includes('images')).map(({ name }) => name);
}
