import type { ProxmoxErrorKind } from './errors.ts';

/** A kind, with the name of the VM's lock where the text has one. */
export interface Verdict {
  kind: ProxmoxErrorKind;
  lock?: string;
}

/**
 * What Proxmox's texts mean, first match first. Nearly every refusal is a plain `die`, thus a 500 with nothing but its
 * text to tell them apart; a task ends with the same texts, some behind a prefix such as `clone failed: `.
 */
const meanings: readonly (readonly [ProxmoxErrorKind, RegExp])[] = [
  ['locked', /\b(?:VM|CT) is locked/],
  ['locked', /can't lock file /],
  ['locked', /cfs-lock '[^']*' error/],
  ['locked', /'[^']*'-locked command timed out/],
  ['transient', /no quorum|cluster not ready/],
  ['transient', /hostname lookup '[^']*' failed/],
  // A restarted pvedaemon, or a cancelled task, ends its workers by a signal, and they clean up behind themselves.
  ['transient', /interrupted by signal/],
  // The one 500 for a VM that is not (or not here); Proxmox never answers 404.
  ['missing', /^Configuration file '[^']*' does not exist/],
  ['missing', /^unable to find configuration file for (?:VM|CT) \d+/],
  ['missing', /^(?:(?:update|delete) pools? failed: )?pool '[^']*' does not exist/],
  ['denied', /Permission check failed/],
  ['denied', /^only root can/i],
  ['unauthenticated', /no such token '|token '[^']*' access expired/],
  ['conflict', /checksum mismatch \(file change by other user\?\)/],
  ['conflict', /detected modified configuration/],
  ['conflict', /already exists|already defined|already used|File exists/],
  ['conflict', /protection mode enabled/],
  ['conflict', /(?:VM|CT) \d+ (?:is |already |not )+running|VM is paused/],
  ['failed', /hotplug problem/],
  ['invalid', /Parameter verification failed|no options specified|parameter '[^']*' not allowed/],
  ['invalid', /SSH public key validation error|no such cluster node|is not supported|^you can't /],
];

/** The parameters of a 400 that mean something else than a request that can never succeed. */
const refusals: readonly (readonly [ProxmoxErrorKind, string, RegExp])[] = [
  ['conflict', 'vmid', /^(?:VM|CT) \d+ already exists/],
  ['missing', 'upid', /^no such task/],
  ['denied', 'skiplock', /^Only root may/],
];

/** Classifies a text of Proxmox: the message of a 500, or the exit text of a task that failed. */
export function classifyText(text: string): Verdict {
  const kind = meanings.find(([, pattern]) => pattern.test(text))?.[0] ?? 'failed';
  const lock = /is locked \(([^)]+)\)/.exec(text)?.[1];
  return lock === undefined ? { kind } : { kind, lock };
}

/**
 * Classifies an answer that is no success. Nearly all that matters comes as a 500, and some as a 400, whose texts may
 * quote what the user wrote: those are matched by parameter, and from their start.
 */
export function classify(status: number, reason: string, errors: Record<string, string> = {}): Verdict {
  if (status === 401) return { kind: 'unauthenticated' };
  // A clone into a pool that is not there is refused as if it were a matter of rights.
  if (status === 403)
    return { kind: /^Permission check failed \(pool '[^']*' does not exist\)/.test(reason) ? 'missing' : 'denied' };
  if (status === 500) return classifyText(reason);
  // 595 to 599: pveproxy could not reach the node, or lost it. The others come from a proxy in front of it.
  if (status >= 595 || [408, 429, 502, 503, 504].includes(status)) return { kind: 'transient' };
  // The guest or the node would not have it now; the change waits in the config.
  if (Object.values(errors).some(text => text.startsWith('hotplug problem'))) return { kind: 'failed' };
  return { kind: refusals.find(([, name, pattern]) => pattern.test(errors[name] ?? ''))?.[0] ?? 'invalid' };
}
