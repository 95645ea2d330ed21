import { ProxmoxError } from '#proxmox/errors.ts';
import type { GuestView } from '../core/guest-view.ts';
import type { Observed } from '../core/observed.ts';
import type { ClusterLink } from './cluster-link.ts';

/** What a guest may make us store of one name of its own. */
const longestName = 253;

/**
 * Asks a guest's agent, and never fails: a machine is as desired whatever its guest says. The system is asked for where
 * nothing is known of it yet, or the machine was started since.
 */
export async function askGuest({ vm, guestTurn }: Observed, { client }: ClusterLink): Promise<GuestView> {
  const { node = '', vmid = 0, guest: known } = vm.status ?? {};
  try {
    const interfaces = await client.guestInterfaces(node, vmid);
    if (known && !guestTurn?.isAwaited) return { state: 'answered', interfaces };
    const [osName, hostname, agentVersion] = await Promise.all(
      [client.guestSystem(node, vmid), client.guestHostName(node, vmid), client.guestAgentVersion(node, vmid)].map(
        orNone,
      ),
    );
    const system = {
      ...text('osName', osName, 128),
      ...text('hostname', hostname),
      ...text('agentVersion', agentVersion, 64),
    };
    return { state: 'answered', interfaces, system };
  } catch (error) {
    if (!(error instanceof ProxmoxError)) throw error;
    if (error.kind === 'denied') return { state: 'denied' };
    return { state: error.kind === 'failed' || error.kind === 'conflict' ? 'silent' : 'unreachable' };
  }
}

/** An old agent may not know a question; the others stand for themselves. */
const orNone = (answer: Promise<string | undefined>): Promise<string | undefined> =>
  answer.catch(error => {
    if (error instanceof ProxmoxError) return undefined;
    throw error;
  });

const text = <Key extends string>(key: Key, value: string | undefined, most = longestName) =>
  (value ? { [key]: value.slice(0, most) } : {}) as Partial<Record<Key, string>>;
