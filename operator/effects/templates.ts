import type { ProxmoxClient } from '#proxmox/client.ts';
import { parseDrive, storageOf } from '#proxmox/drive.ts';
import { ProxmoxError } from '#proxmox/errors.ts';
import type { VmConfig } from '#proxmox/vm.ts';
import type { MachineConfig } from '../core/machine.ts';
import type { TemplateView } from '../core/observed.ts';
import { toMachineConfig } from './machine-config.ts';

/** How long a template is taken to be as it was read: clones come in bursts, templates change rarely. */
const validMs = 30_000;

const driveKey = /^(scsi|virtio|sata|ide|efidisk|tpmstate)\d+$/;

/** A template with what is to be known of it. */
export interface TemplateReading {
  view: TemplateView;
  config?: MachineConfig;
}

/** Reads templates, each at most once in a while, for all machines. */
export function createTemplateReader(
  client: ProxmoxClient,
  now: () => number,
): (source: { vmid: number; node: string }) => Promise<TemplateReading> {
  const readings = new Map<string, { at: number; reading: Promise<TemplateReading> }>();
  return ({ vmid, node }) => {
    const key = `${node}/${vmid}`;
    const known = readings.get(key);
    if (known && now() - known.at < validMs) return known.reading;
    const reading = read(client, { vmid, node });
    readings.set(key, { at: now(), reading });
    // What was not found may be there the next time, and an outage says nothing.
    reading.then(
      ({ view }) => view.usable || readings.delete(key),
      () => readings.delete(key),
    );
    return reading;
  };
}

async function read(client: ProxmoxClient, { vmid, node }: { vmid: number; node: string }): Promise<TemplateReading> {
  let config: VmConfig;
  try {
    config = await client.vmConfig(node, vmid);
  } catch (error) {
    if (!(error instanceof ProxmoxError) || error.kind !== 'missing') throw error;
    return refused(
      'TemplateNotFound',
      `There is no VM ${vmid} on node ${node} in Proxmox, which should be the template.`,
    );
  }
  const machine = toMachineConfig(config);
  if (!config.template) return refused('TemplateNotFound', `VM ${vmid} on node ${node} in Proxmox is not a template.`);
  if (config.raw.hookscript !== undefined) {
    const message = `Template ${vmid} has a hookscript, which only an administrator of Proxmox could take off a clone.`;
    return { ...refused('TemplateUnsafe', message), config: machine };
  }
  const root = machine.disks.find(disk => disk.root);
  if (!root) return refused('TemplateNotFound', `Template ${vmid} has no disk to boot from.`);
  // /cluster/resources tells of storages to Datastore.Audit only, this list to Datastore.AllocateSpace too.
  const shared = new Set((await client.storages(node)).filter(storage => storage.shared).map(({ name }) => name));
  const storages = Object.entries(config.raw)
    .filter(([key]) => driveKey.test(key))
    .flatMap(([, value]) => storageOf(parseDrive(String(value)).volume) ?? []);
  return {
    config: machine,
    view: { usable: true, vmid, node, shared: storages.every(name => shared.has(name)), rootStorage: root.storage },
  };
}

const refused = (reason: string, message: string) => ({ view: { usable: false as const, reason, message } });
