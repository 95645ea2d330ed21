/** The properties of a property string such as `virtio=BC:24:11:5F:0A:9A,bridge=vmbr0`, by their keys. */
export type Properties = Readonly<Partial<Record<string, string>>>;

/**
 * Takes a property string apart as Proxmox does: parts between commas, empty ones ignored, everything behind the first
 * `=` of a part its value. A part without key is the value of `defaultKey`.
 * @throws RangeError for a key that comes twice, or a part without key where none may be
 */
export function parsePropertyString(text: string, defaultKey?: string): Properties {
  const properties = new Map<string, string>();
  for (const part of text.split(',').map(part => part.trim())) {
    if (part === '') continue;
    const split = part.indexOf('=');
    const key = split > 0 ? part.slice(0, split) : defaultKey;
    if (key === undefined || split === 0 || split === part.length - 1) {
      throw new RangeError(`not a property: ${JSON.stringify(part)}`);
    }
    if (properties.has(key)) throw new RangeError(`property ${JSON.stringify(key)} comes twice`);
    properties.set(key, part.slice(split + 1));
  }
  return Object.fromEntries(properties);
}

/**
 * Puts a property string together, the value of `defaultKey` first and bare, the others in the order of their keys, so
 * that equal properties give equal strings. Undefined ones are left out, booleans are 0 and 1.
 * @throws RangeError for a value that would read back as something else, as `vmbr0,tag=1` for a bridge: the format has
 * no way to escape
 */
export function formatPropertyString(
  properties: Readonly<Record<string, string | number | boolean | undefined>>,
  defaultKey?: string,
): string {
  const parts: string[] = [];
  for (const [key, value] of Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (value === undefined) continue;
    const text = typeof value === 'boolean' ? String(Number(value)) : String(value);
    const bare = key === defaultKey && !text.includes('=');
    if (!isKey(key) || !isValue(text)) throw new RangeError(`property ${key} cannot be ${JSON.stringify(text)}`);
    if (bare) parts.unshift(text);
    else parts.push(`${key}=${text}`);
  }
  return parts.join(',');
}

function isKey(key: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9_-]*$/.test(key);
}

/** No comma, nothing invisible, and no blank at an end, where Proxmox would trim it. */
function isValue(text: string): boolean {
  return /^[^,\p{Cc}\p{Zl}\p{Zp}]+$/u.test(text) && text === text.trim();
}
