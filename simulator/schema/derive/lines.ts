import type { OracleProperty } from '../oracle/read.ts';
import type { Release } from '../parameter.ts';

/** Both, so that what is in all of these is in both. */
export const RELEASES: readonly Release[] = ['8.4', '9.2'];

/** The keys of a property string. */
export type Keys = Record<string, OracleProperty>;

/**
 * A schema in the notation of notation.ts; whether it is optional is said beside its name.
 * @param tableName The name of a property string's keys.
 */
export function schemaLine(property: OracleProperty, tableName: (keys: Keys) => string): string {
  if (property.alias) return `alias ${property.alias}${property.keyAlias ? ` names ${property.keyAlias}` : ''}`;
  if (property.type === 'array') return `array of ${schemaLine(property.items ?? {}, tableName)}`;
  const format = typeof property.format === 'object' ? tableName(property.format.properties) : property.format;
  return [
    `${typeOf(property)}${format ? `:${format}` : ''}`,
    range(property.minimum, property.maximum, '', ''),
    range(property.minLength, property.maxLength, '{', '}'),
    property.enum && `in ${joinRuns(property.enum).join('|')}`,
    property.requires && `needs ${property.requires}`,
    property.patternJs && `like ${property.patternJs.replace(/^\^\(\?:(.*)\)\$$/s, '$1')}`,
  ]
    .filter(part => part)
    .join(' ');
}

/** The real check lets anything pass that has no type, or one that it does not know (`ip`). */
function typeOf({ type = '' }: OracleProperty): string {
  return ['integer', 'number', 'boolean'].includes(type) ? type : 'string';
}

/** `scsi0`, `scsi1` … `scsi30` are `scsi[0..30]`. */
function joinRuns(values: string[]): string[] {
  const runs: { name: string; from: number; to: number; values: string[] }[] = [];
  for (const value of values) {
    const [, name = value, number = ''] = /^(\D+)(0|[1-9]\d*)$/.exec(value) ?? [];
    const last = runs.at(-1);
    if (number !== '' && last?.name === name && Number(number) === last.to + 1) {
      last.to++;
      last.values.push(value);
    } else runs.push({ name, from: Number(number), to: Number(number), values: [value] });
  }
  return runs.flatMap(({ name, from, to, values: run }) => (run.length > 3 ? [`${name}[${from}..${to}]`] : run));
}

function range(from: number | undefined, to: number | undefined, open: string, close: string): string {
  return from === undefined && to === undefined ? '' : `${open}${from ?? ''}..${to ?? ''}${close}`;
}

/** What one release says of one name. */
export interface Line {
  release: Release;
  name: string;
  line: string;
}

/** Joins what both releases say alike, and marks the rest with the release that says it. */
export function byRelease(lines: readonly Line[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (const { name, line, release } of lines) {
    const both = lines.filter(other => other.name === name && other.line === line).length === RELEASES.length;
    joined[both ? name : `${name}@${release}`] = line;
  }
  return joined;
}

/** Whether both are written alike. */
export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
