import type { ProxmoxClient } from '#proxmox/client.ts';
import type { AbsenceView } from '../core/observed.ts';

/** The privilege without which a machine that exists looks as if it did not. */
const auditPrivilege = 'VM.Audit';

/** What one round of reads says of every VMID at once. */
interface Evidence {
  listed: Set<number>;
  doubt?: string;
}

/**
 * Proves that machines are gone: the cluster has a quorum, the list of all machines does not name it, and our token
 * still sees what it should. Each proof is made of reads that began after it was asked for; all who ask meanwhile share
 * the next round. That the machine's own configuration is missing is for the caller to have seen.
 */
export function createAbsenceProver(client: ProxmoxClient): (vmid: number) => Promise<AbsenceView> {
  let running: Promise<Evidence> | undefined;
  let waiting: Promise<Evidence> | undefined;

  function round(): Promise<Evidence> {
    running = gather(client).finally(() => {
      running = undefined;
    });
    return running;
  }

  function nextRound(): Promise<Evidence> {
    if (!running) return round();
    waiting ??= running.then(start, start);
    return waiting;
  }

  function start(): Promise<Evidence> {
    waiting = undefined;
    return round();
  }

  return async vmid => {
    const { listed, doubt } = await nextRound();
    if (doubt !== undefined) return { proven: false, message: doubt };
    if (listed.has(vmid)) return { proven: false, message: `Proxmox still lists VM ${vmid}.` };
    return { proven: true };
  };
}

async function gather(client: ProxmoxClient): Promise<Evidence> {
  const status = await client.clusterStatus();
  if (!status.quorate) return { listed: new Set(), doubt: 'the Proxmox cluster has no quorum.' };
  const path = '/vms';
  const { [path]: privileges = {} } = await client.permissions(path);
  if (!privileges[auditPrivilege]) {
    return { listed: new Set(), doubt: `Berth's token lacks ${auditPrivilege} on ${path}, so it may just not see it.` };
  }
  const { vms } = await client.resources();
  return { listed: new Set(vms.map(({ vmid }) => vmid)) };
}
