import type { PropertyTable } from './parameter.ts';

/** The keys of a property string by their own names, unchecked; `message` says why there is no such reading. */
export type Split = { ok: true; values: Record<string, string> } | { ok: false; message: string };

/**
 * Parts `virtio=52:54:00:00:00:01,bridge=vmbr0` into keys and values. Aliases become the keys that they stand for,
 * and on/off, yes/no, true/false of boolean keys become 1 and 0. Keys that the table lacks are kept, so that the check
 * can name them all.
 */
export function splitPropertyString(table: PropertyTable, text: string): Split {
  const values: Record<string, string> = {};
  let keylessSeen = false;
  for (const part of text.split(',')) {
    if (/^\s*$/.test(part)) continue;
    const [, name, value] = /^([^=]+)=([^\n]+)\n?$/.exec(part) ?? [];
    if (name !== undefined && value !== undefined) {
      const message = setNamed(table, values, name, value);
      if (message) return { ok: false, message };
    } else if (part.includes('=')) {
      return { ok: false, message: 'missing key in comma-separated list property\n' };
    } else if (table.keyless === undefined) {
      return { ok: false, message: 'value without key, but schema does not define a default key\n' };
    } else {
      const before = values[table.keyless];
      if (keylessSeen || (before && before !== '0')) return { ok: false, message: duplicate(table.keyless) };
      keylessSeen = true;
      // 8.4 left `agent=true` as it was, and then refused it.
      values[table.keyless] = table.release === '8.4' ? part : normal(table, table.keyless, part);
    }
  }
  return { ok: true, values };
}

function setNamed(table: PropertyTable, values: Record<string, string>, name: string, value: string) {
  if (values[name] !== undefined) return duplicate(name);
  const alias = table.aliases.get(name);
  if (alias?.names) {
    if (values[alias.names] !== undefined) return `key alias '${alias.names}' is already defined\n`;
    values[alias.names] = name;
  }
  const key = alias?.key ?? name;
  // 8.4 let the last one win here.
  if (alias && values[key] !== undefined && table.release !== '8.4') {
    return `key '${key}' is already defined (via alias)\n`;
  }
  values[key] = normal(table, key, value);
  return undefined;
}

function duplicate(key: string): string {
  return `duplicate key in comma-separated list property: ${key}\n`;
}

function normal(table: PropertyTable, key: string, value: string): string {
  if (table.keys.get(key)?.type !== 'boolean') return value;
  if (/^(?:1|on|yes|true)$/i.test(value)) return '1';
  if (/^(?:0|off|no|false)$/i.test(value)) return '0';
  return value;
}

/**
 * Prints keys and values in the order that the real API stores them: the keyless one, then those that must be there,
 * then the others, each group sorted; two keys that an alias joins are printed as one, `virtio=52:54:00:00:00:01`.
 */
export function printPropertyString(table: PropertyTable, values: Record<string, string | number | undefined>): string {
  const joined = new Map<string, string>();
  for (const { key, names } of table.aliases.values()) if (names) joined.set(names, key);
  const keys = Object.keys(values).filter(key => values[key] !== undefined);
  const order = (key: string) => (key === table.keyless ? 0 : table.keys.get(key)?.optional === false ? 1 : 2);
  keys.sort((a, b) => order(a) - order(b) || (a < b ? -1 : 1));
  const done = new Set<string>();
  const parts: string[] = [];
  for (const key of keys) {
    if (done.has(key)) continue;
    const partner = joined.get(key);
    if (partner !== undefined && values[partner] !== undefined) {
      parts.push(`${values[key]}=${values[partner]}`);
      done.add(partner);
    } else parts.push(key === table.keyless ? `${values[key]}` : `${key}=${values[key]}`);
  }
  return parts.join(',');
}
