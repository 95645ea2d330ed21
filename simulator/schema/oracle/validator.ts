import type { Release } from '../parameter.ts';
import { type Oracle, type OracleEndpoint, type OracleProperty, readOracle } from './read.ts';

/**
 * A second reading of the API's rules, for tests alone: driven by the oracle's schema as it stands, and sharing no
 * code with what it is held against. The oracle states the patterns of formats and not their messages, so that
 * {@link UNKNOWN} stands for those.
 */
export const UNKNOWN = '\u0001';

/** The messages by path, or an empty map; more than one message may stand at one path. */
export type Complaints = Map<string, string[]>;

/** Checks the parameters of a request to an endpoint. */
export type Validator = (endpoint: OracleEndpoint, values: Record<string, unknown>) => Complaints;

/** Keys of property strings whose joint check the oracle only mentions. */
const JOINT = new Set(['prune-backups', 'backup-fleecing']);

/** @param cpuModels Which values of `cputype` exist. */
export function createValidator(oracle: Oracle, release: Release, cpuModels: ReadonlySet<string>): Validator {
  const expanded = new WeakMap<object, Record<string, OracleProperty>>();
  return ({ parameters, additionalProperties }, given) => {
    const schema = expanded.get(parameters) ?? expandIndices(parameters);
    expanded.set(parameters, schema);
    const values = Object.fromEntries(
      Object.entries(given).map(([name, value]) => [name, reform(schema[name], value)]),
    );
    return checkObject(schema, values, '', additionalProperties);
  };

  function checkObject(
    schema: Record<string, OracleProperty>,
    values: Record<string, unknown>,
    prefix: string,
    additional = false,
  ): Complaints {
    const complaints: Complaints = new Map();
    const complain = (name: string, text: string) =>
      complaints.set(prefix + name, [...(complaints.get(prefix + name) ?? []), text]);
    const has = (name: string) => values[name] !== undefined && values[name] !== null;
    for (const name of new Set([...Object.keys(schema), ...Object.keys(values)])) {
      const property = schema[name];
      if (!property) {
        if (additional) continue;
        complain(name, 'property is not defined in schema and the schema does not allow additional properties');
      } else if (property.alias) {
      } else if (!has(name)) {
        if (!property.optional) complain(name, 'property is missing and it is not optional');
      } else {
        for (const [at, text] of checkProperty(property, values[name], prefix + name)) complain(name + at, text);
      }
    }
    for (const name of Object.keys(values)) {
      const { requires } = schema[name] ?? {};
      if (!requires || has(requires)) continue;
      const [before, after] =
        release === '8.4'
          ? ["missing property - '", "' requires this property"]
          : ["missing property required by '", "'"];
      complain(requires, `${before}${prefix}${name}${after}`);
    }
    return complaints;
  }

  /** Pairs of a suffix to the path, such as `[0]`, and a message. */
  function checkProperty(property: OracleProperty, value: unknown, path: string): [string, string][] {
    const { type = 'string' } = property;
    if (value === null) return [['', 'property is missing and it is not optional']];
    if (type === 'array') {
      if (!Array.isArray(value)) return [['', `type check ('array') failed`]];
      return value.flatMap((element, index) =>
        checkProperty(property.items ?? {}, element, `${path}[${index}]`).map<[string, string]>(([at, text]) => [
          `[${index}]${at}`,
          text,
        ]),
      );
    }
    const wrong = wrongType(type, value);
    if (wrong) return [['', `type check ('${type}') failed - got ${wrong}`]];
    if (value === true || value === false) return [];
    const text = String(value);
    const complaint = checkFormat(property.format, text, path) ?? checkLimits(property, text);
    return complaint === undefined ? [] : [['', complaint]];
  }

  function checkFormat(format: OracleProperty['format'], text: string, path: string): string | undefined {
    if (format === undefined) return undefined;
    if (typeof format === 'object') return checkPropertyString(format.properties, text, path, '');
    const named = oracle.formats[format];
    if (named?.properties) return checkPropertyString(named.properties, text, path, format);
    const [bare, elements] = format.endsWith('-list')
      ? [format.slice(0, -5), text.split(/[,;\s\0]+/).filter(Boolean)]
      : format.endsWith('-opt')
        ? [format.slice(0, -4), ['', '0'].includes(text) ? [] : [text]]
        : [format, [text]];
    const { regexJs } = oracle.formats[bare] ?? {};
    if (regexJs === undefined || elements.every(element => new RegExp(regexJs).test(element))) return undefined;
    return `invalid format - ${UNKNOWN}`;
  }

  function checkPropertyString(schema: Record<string, OracleProperty>, text: string, path: string, format: string) {
    const values: Record<string, string> = {};
    let bareParts = 0;
    for (const part of text.split(',').filter(each => each.trim() !== '')) {
      const equals = part.indexOf('=');
      // Values are of one line, though they may end it.
      const isBroken = equals === 0 || equals === part.length - 1 || part.slice(equals + 1, -1).includes('\n');
      if (equals >= 0 && isBroken) return `invalid format - missing key in ${UNKNOWN}`;
      const written = equals < 0 ? Object.keys(schema).find(key => schema[key]?.default_key) : part.slice(0, equals);
      if (written === undefined) return `invalid format - value without key, ${UNKNOWN}`;
      if (equals < 0 && (bareParts++ > 0 || (values[written] ?? '0') !== '0')) return duplicate(written);
      if (equals >= 0 && values[written] !== undefined) return duplicate(written);
      const { alias, keyAlias } = schema[written] ?? {};
      if (keyAlias && values[keyAlias] !== undefined) return `invalid format - key alias ${UNKNOWN}`;
      if (keyAlias) values[keyAlias] = written;
      const key = alias ?? written;
      if (alias && values[key] !== undefined && release !== '8.4') return `invalid format - key '${key}' ${UNKNOWN}`;
      const raw = equals < 0 ? part : part.slice(equals + 1).replace(/\n$/, '');
      values[key] = schema[key]?.type === 'boolean' && (equals >= 0 || release !== '8.4') ? asBit(raw) : raw;
    }
    const complaints = [...checkObject(schema, values, `${path}.`)].sort(([a], [b]) => (a < b ? -1 : 1));
    if (complaints.length > 0) {
      return `invalid format - format error\n${complaints.map(([at, texts]) => `${at}: ${texts.join('\\n')}\n`).join('')}`;
    }
    if (JOINT.has(format)) return UNKNOWN;
    return isCpu(format) && !isKnownCpu(format, values) ? `invalid format - ${UNKNOWN}` : undefined;
  }

  function isKnownCpu(
    format: string,
    { cputype, flags, 'reported-model': reported }: Record<string, string | undefined>,
  ) {
    if (!cputype || cputype === '0') return false;
    if (format === 'pve-cpu-conf') return true;
    return cpuModels.has(cputype) && reported === undefined && (flags ?? '+aes') === '+aes';
  }
}

/** Arrays where a `-list` is expected, and one value where an array is. */
function reform(property: OracleProperty | undefined, value: unknown): unknown {
  if (property?.type === 'array' && !Array.isArray(value) && typeof value !== 'object' && typeof value !== 'boolean') {
    return [undefined, '', '0', 0].includes(value as string) ? value : [value];
  }
  const isList = typeof property?.format === 'string' && property.format.endsWith('-list');
  return isList && Array.isArray(value) ? value.join(',') : value;
}

function isCpu(format: string): boolean {
  return format === 'pve-vm-cpu-conf' || format === 'pve-cpu-conf';
}

/** The models that a VM may have, of every architecture, from the folder of the oracle. */
export function readCpuModels(folder: string): Set<string> {
  return new Set(Object.values(readOracle(folder, '9.2').cpuModels).flat());
}

function duplicate(key: string): string {
  return `invalid format - duplicate key in comma-separated list property: ${key}\n`;
}

function asBit(raw: string): string {
  const position = ['0', 'off', 'no', 'false', '1', 'on', 'yes', 'true'].indexOf(raw.toLowerCase());
  return position < 0 ? raw : position < 4 ? '0' : '1';
}

/** What the value is instead, in the words of the message. */
function wrongType(type: string, value: unknown): string | undefined {
  if (Array.isArray(value)) return 'ARRAY';
  if (typeof value === 'object') return 'HASH';
  if (typeof value === 'boolean') return type === 'boolean' ? undefined : 'JSON::PP::Boolean';
  const text = String(value);
  switch (type) {
    case 'boolean':
      return ['0', '1'].includes(text) ? undefined : `'${text}'`;
    case 'integer':
      return /^[+-]?\d+$/.test(text) ? undefined : `'${text}'`;
    case 'number':
      return isNumber(text) ? undefined : `'${text}'`;
    default:
      return undefined;
  }
}

function isNumber(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text);
}

function checkLimits(property: OracleProperty, text: string): string | undefined {
  const length = Array.from(text).length;
  const number = isNumber(text) ? Number(text) : Number.NaN;
  const rules: [boolean, string][] = [
    [!!property.patternJs && !new RegExp(property.patternJs).test(text), 'value does not match the regex pattern'],
    [length > (property.maxLength ?? length), `value may only be ${property.maxLength} characters long`],
    [length < (property.minLength ?? 0), `value must be at least ${property.minLength} characters long`],
    [number > (property.maximum ?? Infinity), `value must have a maximum value of ${property.maximum}`],
    [number < (property.minimum ?? -Infinity), `value must have a minimum value of ${property.minimum}`],
    [
      !!property.enum && !property.enum.includes(text),
      `value '${text}' does not have a value in the enumeration '${property.enum?.join(', ')}'`,
    ],
  ];
  return rules.find(([broken]) => broken)?.[1];
}

/** `net[n]` stands for net0 to net31. */
function expandIndices(properties: Record<string, OracleProperty>): Record<string, OracleProperty> {
  const expanded: Record<string, OracleProperty> = {};
  for (const [name, property] of Object.entries(properties)) {
    if (!property.index) expanded[name] = property;
    else
      for (let n = property.index.min; n <= property.index.max; n++) expanded[name.replace('[n]', `${n}`)] = property;
  }
  return expanded;
}
