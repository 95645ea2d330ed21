import type { Parameter, PropertyTable, Release } from './parameter.ts';

/**
 * The facts state a schema as one line, because two thousand parameters as object literals are nobody's reading:
 *
 *     integer:pve-vmid 100..999999999      type, format, limits (either end may be missing)
 *     string:pve-configid {..40}           {min..max} limits the number of characters
 *     string in seabios|ovmf               the values that are allowed, in the order that the message names them;
 *                                          `ide[0..3]` stands for ide0 to ide3
 *     boolean needs archive                another parameter that must be there too
 *     array of string:pve-configid         what each element is
 *     string like \d+[MG]?                  a pattern of the whole value; it is the last word, as it may hold blanks
 *
 * A format for which `tableOf` has a property table stands for the keys in it.
 * @throws Error where a line is not of that form, which only a wrong edit of the facts can cause.
 */
export function readSchema(line: string, tableOf: (format: string) => PropertyTable | undefined): Parameter {
  if (line.startsWith('array of ')) {
    return { type: 'array', optional: false, items: readSchema(line.slice('array of '.length), tableOf) };
  }
  const [rest = '', pattern] = cut(line, ' like ');
  const [head = '', ...words] = rest.split(' ');
  const [type, format] = cut(head, ':');
  const parameter: Parameter = { type: type as Parameter['type'], optional: false };
  if (pattern !== undefined) parameter.pattern = new RegExp(`^(?:${pattern})$`);
  if (format !== undefined) {
    const properties = tableOf(format);
    Object.assign(parameter, properties ? { properties } : { format });
  }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (word === 'in') parameter.enum = (words[++at] ?? '').split('|').flatMap(unfold);
    else if (word === 'needs') parameter.requires = words[++at] ?? '';
    else Object.assign(parameter, readLimits(word, line));
  }
  return parameter;
}

function unfold(value: string): string[] {
  const [, name, from, to] = /^(.+)\[(\d+)\.\.(\d+)\]$/.exec(value) ?? [];
  if (name === undefined) return [value];
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => `${name}${Number(from) + index}`);
}

function readLimits(word: string, line: string): Partial<Parameter> {
  const found = /^(\{?)(-?[\d.]*?)\.\.(-?[\d.]*?)\}?$/.exec(word);
  if (!found) throw new Error(`"${word}" is no part of a schema: ${line}`);
  const [, brace, from, to] = found;
  const limits: Partial<Parameter> = {};
  if (from) limits[brace ? 'minLength' : 'minimum'] = Number(from);
  if (to) limits[brace ? 'maxLength' : 'maximum'] = Number(to);
  return limits;
}

/** A name in the facts: `snapname?`, `net[0..31]?`, `ha-managed?@9.2`. */
export interface Name {
  name: string;
  optional: boolean;
  /** Absent: in both releases. */
  only?: Release;
  /** Stands for `name0`, `name1`, … */
  index?: { min: number; max: number };
}

/** Reads `name[min..max]?@release`, where all but the name may be missing. */
export function readName(text: string): Name {
  const found = /^(.+?)(?:\[(\d+)\.\.(\d+)\])?(\?)?(?:@(8\.4|9\.2))?$/.exec(text);
  if (!found?.[1]) throw new Error(`"${text}" is no name of a parameter`);
  const [, name, min, max, optional, only] = found;
  return {
    name,
    optional: optional !== undefined,
    ...(only && { only: only as Release }),
    ...(max !== undefined && { index: { min: Number(min), max: Number(max) } }),
  };
}

/** Splits at the first `separator`; the second part is undefined where there is none. */
function cut(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
