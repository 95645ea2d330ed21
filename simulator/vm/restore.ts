import { died } from '../engine/errors.ts';
import type { Steps } from '../engine/process.ts';
import type { Call } from '../engine/world.ts';
import type { Section } from '../state/types.ts';

/** POST qemu with `archive`. */
export function restoreVm(_call: Call, _set: Section, archive: string): Steps<string> {
  throw died(`unable to restore from ${archive}`);
}
