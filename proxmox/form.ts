/** A value as Proxmox reads it from a form: booleans become 0 and 1, since `true` is refused. */
export type ParamValue = string | number | boolean;

/** Parameters of a call; one that is undefined is not sent. */
export type Params = Readonly<Record<string, ParamValue | undefined>>;

/** pveproxy refuses a larger body (501 `for data too large`). */
const maxFormBytes = 512 * 1024;

/**
 * Encodes parameters for a query or a body. Everything but the unreserved characters of RFC 3986 is escaped: pveproxy
 * splits at `;` as well as `&`, and cuts a value at a second `=`. @throws what `refuse` makes of the reason, where
 * Proxmox would read something else than was meant.
 */
export function encodeForm(params: Params, refuse: (reason: string) => Error): string {
  const form = Object.entries(params)
    .filter((entry): entry is [string, ParamValue] => entry[1] !== undefined)
    .map(([name, value]) => `${escaped(name)}=${escaped(textOf(name, value, refuse))}`)
    .join('&');
  if (form.length > maxFormBytes) throw refuse(`the parameters take ${form.length} bytes, more than ${maxFormBytes}`);
  return form;
}

function textOf(name: string, value: ParamValue, refuse: (reason: string) => Error): string {
  if (typeof value === 'boolean') return value ? '1' : '0';
  const text = String(value);
  if (text === '') throw refuse(`parameter '${name}' is empty, which Proxmox would take as absent`);
  if (!text.isWellFormed()) throw refuse(`parameter '${name}' is not valid Unicode`);
  return text;
}

/** Percent-encodes all but letters, digits and `-._~`. */
export function escaped(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
