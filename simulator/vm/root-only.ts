import { badParameters } from '../engine/errors.ts';
import type { Identity, Params } from '../engine/world.ts';

/** Throws unless a root-only parameter is used by root with a ticket. */
export function demandRootFor(who: Identity, params: Params, ...names: string[]): void {
  for (const name of names) {
    if (flagOrText(params, name) && who.authid !== 'root@pam') {
      throw badParameters({ [name]: 'Only root may use this option.' });
    }
  }
}

function flagOrText(params: Params, name: string): boolean {
  const value = params[name];
  return value !== undefined && value !== 0 && value !== '';
}
