import { demandOnVm, may } from '../auth/permissions.ts';
import { createVmGate } from '../auth/vm-gate.ts';
import { forbidden } from '../engine/errors.ts';
import type { World } from '../engine/world.ts';

const split = (tags: string | undefined): string[] => (tags ?? '').split(/[,;\s]+/).filter(tag => tag !== '');

/** Tags in the form that PUT stores: lower case, once each, sorted, joined by `;` [PVE::GuestHelpers::get_unique_tags]. */
export function uniqueTags(tags: string): string {
  return [...new Set(split(tags).map(tag => tag.toLowerCase()))].sort().join(';');
}

/**
 * Throws unless `authid` may put these tags in place of those: the datacenter's options `registered-tags` and
 * `user-tag-access` say which are only for holders of Sys.Modify [PVE::GuestHelpers::assert_tag_permissions].
 */
export function demandTags(world: World, authid: string, vmid: number, before = '', after = ''): void {
  demandOnVm(world, authid, vmid, ['VM.Config.Options']);
  if (may(world, authid, '/', ['Sys.Modify'])) return;
  const [old, wanted] = [new Set(split(before)), new Set(split(after))];
  const changed = [...old.symmetricDifference(wanted)];
  if (changed.length === 0) return;
  const isAllowed = tagGate(world, authid);
  const refused = changed.find(tag => !isAllowed(tag));
  if (refused !== undefined) throw forbidden(`/, Sys.Modify for modifying tag '${refused}'`);
}

/** Which tags one without Sys.Modify may set and remove [get_allowed_tags]. */
function tagGate(world: World, authid: string): (tag: string) => boolean {
  const { options } = world.state.cluster;
  const registered = new Set(split(options['registered-tags']));
  const access = new Map(
    (options['user-tag-access'] ?? '').split(',').map(part => part.split('=', 2) as [string, string | undefined]),
  );
  const kind = access.get('user-allow') ?? 'free';
  if (kind === 'free') return tag => !registered.has(tag);
  const allowed = new Set(kind === 'none' ? [] : split(access.get('user-allow-list')));
  if (kind === 'existing') for (const tag of tagsInSight(world, authid)) allowed.add(tag);
  return tag => allowed.has(tag) && !registered.has(tag);
}

function tagsInSight(world: World, authid: string): string[] {
  const visible = createVmGate(world, authid, ['VM.Audit']);
  const vms = Object.values(world.state.vms).filter(vm => visible(vm.vmid));
  return vms.flatMap(vm => split(vm.config.current.tags));
}
