import type { World } from '../engine/world.ts';

/** Takes an identity that is no more out of groups and ACLs. */
export function forgetAuthid(world: World, authid: string): void {
  const { access } = world.state;
  access.acl = access.acl.filter(entry => entry.who !== authid || entry.kind === 'group');
  for (const group of Object.values(access.groups)) group.users = group.users.filter(user => user !== authid);
}
