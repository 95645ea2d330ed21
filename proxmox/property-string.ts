/** The properties of a property string, in their order. */
export type Properties = Readonly<Record<string, string>>;

/**
 * Takes a property string such as `virtio=BC:24:11:5F:0A:9A,bridge=vmbr0` apart. One part may have no key: it is the
 * value of `defaultKey`. What follows the first `=` is value, further ones too.
 * @throws RangeError for a duplicate key, a part without key where none may be, or an empty one
 */
export function parsePropertyString(text: string, defaultKey?: string): Record<string, string> {
  const properties = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, key = defaultKey, value = ''] = /^(?:([^=]+)=)?([^=].*|)$/s.exec(part.trim()) ?? [];
    if (key === undefined || value === '') throw new RangeError(`not a property: ${JSON.stringify(part)}`);
    if (properties.has(key)) throw new RangeError(`duplicate property: ${JSON.stringify(key)}`);
    properties.set(key, value);
  }
  return Object.fromEntries(properties);
}
