/** Tags in the form that PUT stores: lower case, once each, sorted, joined by `;` [PVE::GuestHelpers::get_unique_tags]. */
export function uniqueTags(tags: string): string {
  const all = tags.split(/[,;\s]+/).filter(tag => tag !== '');
  return [...new Set(all.map(tag => tag.toLowerCase()))].sort().join(';');
}
