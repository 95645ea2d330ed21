import { lookAt, type Verdict } from '../decision.ts';
import { holdsMore } from '../held-size.ts';
import type { Observed } from '../observed.ts';
import { sameSize } from '../quota/amounts.ts';
import { confirmedCharge, hasSurplus } from '../quota/confirmed.ts';

/** How soon a machine is looked at again whose entry was lowered: the watch brings that in a moment. */
const trimmedMs = 200;

/** Room is given back once Proxmox is seen to have given it back (I4), and never by what was only asked for. */
export function trim(o: Observed): Verdict | undefined {
  const { vm, allocation, config, power } = o;
  const hasRoom = hasSurplus(vm, allocation);
  if (!hasRoom && !holdsMore(vm)) return undefined;
  if (config === undefined) return lookAt('config');
  if (power === undefined && config.found) return lookAt('power');
  // What its node is charged with is in its status, which is written after each pass.
  if (allocation === undefined || !hasRoom) return undefined;
  const confirmed = confirmedCharge(allocation, o);
  if (confirmed === undefined || sameSize(allocation, confirmed)) return undefined;
  const outcome = { kind: 'again', afterMs: trimmedMs, reason: 'room was given back' } as const;
  return { action: { kind: 'trimQuota', seen: allocation, confirmed }, outcome };
}
