import { PveError } from '../engine/errors.ts';

/** Parameters as they came: text, repeated keys as arrays, JSON values as they are. */
export type RawParameters = Record<string, unknown>;

/**
 * Decodes a form or a query as PVE::APIServer::AnyEvent does: `;` separates too, a value ends at a second raw `=`, a key
 * without `=` is there but undefined, a repeated key becomes an array.
 */
export function decodeForm(text: string): RawParameters {
  const parameters: RawParameters = {};
  for (const pair of text.split(/[&;]/)) {
    if (pair === '') continue;
    const [rawKey = '', rawValue] = pair.split('=');
    const key = unescapeForm(rawKey);
    const value = rawValue === undefined ? undefined : unescapeForm(rawValue);
    const earlier = parameters[key];
    parameters[key] = earlier === undefined || value === undefined ? value : [earlier, value].flat();
  }
  return parameters;
}

/** Decodes a JSON body. What is no object fails in the words of the Perl code. */
export function decodeJson(text: string): RawParameters {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new PveError(
      `malformed JSON string, neither tag, array, object, number, string or atom, at character offset ${text.length} ` +
        '(before "(end of string)") at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 917.',
    );
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new PveError('Not a HASH reference at /usr/share/perl5/PVE/APIServer/AnyEvent.pm line 957.');
  }
  return value as RawParameters;
}

/** Percent-decodes one path, key or value; bytes that are no UTF-8 become U+FFFD. */
function unescapeForm(text: string): string {
  const spaced = text.replaceAll('+', ' ');
  return spaced.includes('%') ? unescapePath(spaced) : spaced;
}

/** As `unescapeForm`, for paths, where `+` stands for itself. */
export function unescapePath(text: string): string {
  if (!text.includes('%')) return text;
  const bytes = Buffer.from(
    Buffer.from(text)
      .toString('latin1')
      .replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))),
    'latin1',
  );
  return bytes.toString('utf8');
}
