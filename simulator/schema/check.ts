import { checkCombination } from './combinations.ts';
import { checkFormat } from './formats.ts';
import type { Parameter, PropertyTable, Release } from './parameter.ts';
import { splitPropertyString } from './property-string.ts';

/** What is wrong with which parameter. */
export type Errors = Record<string, string>;

const NUMBER = /^[+-]?(?:\d+\.\d+|\d+\.|\.\d+|\d+)(?:[eE][+-]?\d+)?$/;
const INTEGER = /^[+-]?\d+$/;

/**
 * Checks an object's keys: what must be there, then each value, then what a key requires, then unknown keys.
 * @param open Unknown keys are allowed.
 * @param path The name in front of the keys in `errors`; empty for the parameters of a request.
 */
export function checkKeys(
  keys: ReadonlyMap<string, Parameter>,
  values: Record<string, unknown>,
  release: Release,
  { open = false, path = '' } = {},
): Errors {
  const errors: Errors = {};
  const at = (key: string) => (path ? `${path}.${key}` : key);
  for (const [key, parameter] of keys) {
    const value = values[key];
    if (value !== undefined && value !== null) checkValue(parameter, value, at(key), release, errors);
    else if (!parameter.optional) addError(errors, at(key), 'property is missing and it is not optional');
  }
  for (const key of Object.keys(values)) {
    const { requires } = keys.get(key) ?? {};
    if (requires !== undefined && (values[requires] ?? undefined) === undefined) {
      addError(errors, at(requires), missingFor(at(key), release));
    }
    if (!open && !keys.has(key)) {
      addError(
        errors,
        at(key),
        'property is not defined in schema and the schema does not allow additional properties',
      );
    }
  }
  return errors;
}

/** What another parameter asks for is not there. */
function missingFor(key: string, release: Release): string {
  return release === '8.4'
    ? `missing property - '${key}' requires this property`
    : `missing property required by '${key}'`;
}

/** A second message for one parameter follows the first with a backslash and an n, as in the real API. */
function addError(errors: Errors, path: string, message: string): void {
  errors[path] = errors[path] === undefined ? message : `${errors[path]}\\n${message}`;
}

function checkValue(parameter: Parameter, value: unknown, path: string, release: Release, errors: Errors): void {
  const wrong = checkType(parameter.type, value);
  if (wrong !== undefined) addError(errors, path, `type check ('${parameter.type}') failed${wrong}`);
  else if (Array.isArray(value)) {
    value.forEach((element, index) => {
      const place = `${path}[${index}]`;
      if (element === null) addError(errors, place, 'property is missing and it is not optional');
      else if (parameter.items) checkValue(parameter.items, element, place, release, errors);
    });
  } else if (typeof value !== 'boolean') {
    const message = checkText(parameter, String(value), path, release);
    if (message !== undefined) addError(errors, path, message);
  }
}

/** How the type differs, in the words of Perl; undefined if it fits. */
function checkType(type: Parameter['type'], value: unknown): string | undefined {
  if (type === 'array') return Array.isArray(value) ? undefined : '';
  if (Array.isArray(value)) return ' - got ARRAY';
  if (typeof value === 'object') return ' - got HASH';
  if (typeof value === 'boolean') return type === 'boolean' ? undefined : ' - got JSON::PP::Boolean';
  const text = String(value);
  const fits =
    type === 'string' ||
    (type === 'boolean' && (text === '0' || text === '1')) ||
    (type === 'integer' && INTEGER.test(text)) ||
    (type === 'number' && NUMBER.test(text));
  return fits ? undefined : ` - got '${text}'`;
}

/** The first thing that is wrong, in the order in which the real API looks. */
function checkText(parameter: Parameter, text: string, path: string, release: Release): string | undefined {
  const { format, properties, pattern, minLength, maxLength, minimum, maximum } = parameter;
  const wrong = properties ? checkProperties(properties, text, path) : format && checkFormat(format, text, release);
  if (wrong) return `invalid format - ${wrong}`;
  if (pattern && !pattern.test(text)) return 'value does not match the regex pattern';
  const length = [...text].length;
  if (maxLength !== undefined && length > maxLength) return `value may only be ${maxLength} characters long`;
  if (minLength !== undefined && length < minLength) return `value must be at least ${minLength} characters long`;
  if (NUMBER.test(text)) {
    const number = Number(text);
    if (maximum !== undefined && number > maximum) return `value must have a maximum value of ${maximum}`;
    if (minimum !== undefined && number < minimum) return `value must have a minimum value of ${minimum}`;
  }
  if (parameter.enum && !parameter.enum.includes(text)) {
    return `value '${text}' does not have a value in the enumeration '${parameter.enum.join(', ')}'`;
  }
  return undefined;
}

function checkProperties(table: PropertyTable, text: string, path: string): string | undefined {
  const parsed = parsePropertyString(table, text, path);
  return parsed.ok ? undefined : parsed.message;
}

/** The keys of a property string that passed its checks, or what is wrong with it. */
export type Parsed = { ok: true; values: Record<string, string> } | { ok: false; message: string };

/**
 * Parts a property string and checks each key.
 * @param path What the message calls it: `net0` in `net0.tag: value must have a maximum value of 4094`.
 */
export function parsePropertyString(table: PropertyTable, text: string, path = ''): Parsed {
  const split = splitPropertyString(table, text);
  if (!split.ok) return split;
  const errors = checkKeys(table.keys, split.values, table.release, { path });
  const lines = Object.keys(errors)
    .sort()
    .map(key => `${key}: ${errors[key]}\n`);
  if (lines.length > 0) return { ok: false, message: `format error\n${lines.join('')}` };
  const message = checkCombination(table.name, split.values);
  return message === undefined ? split : { ok: false, message };
}
