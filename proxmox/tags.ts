/** Whether Proxmox takes a text as a tag. */
export function isTag(text: string): boolean {
  return /^[a-zA-Z0-9_][a-zA-Z0-9_\-+.]*$/.test(text);
}

/**
 * Tags as a config write stores them unless the datacenter says otherwise: lower-cased, each once, sorted. Compare only
 * in this form; a VM that was created elsewhere may have them in any.
 */
export function normaliseTags(tags: readonly string[]): string[] {
  return [...new Set(tags.map(tag => tag.toLowerCase()))].sort();
}

/** Writes `tags`. @throws RangeError for a text that is none */
export function formatTags(tags: readonly string[]): string {
  const wrong = tags.find(tag => !isTag(tag));
  if (wrong !== undefined) throw new RangeError(`not a tag: ${JSON.stringify(wrong)}`);
  return normaliseTags(tags).join(';');
}
