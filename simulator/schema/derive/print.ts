import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../facts');

/** A constant of a file of facts. */
export interface Constant {
  name: string;
  type: string;
  /** The type to import for it, and from which file beside facts/. */
  imports?: { type: string; from: string };
  value: object;
  /** How many levels of it have a line for each key. */
  depth: number;
}

/** Writes `facts/<file>.ts`, which the formatter is to finish. */
export function writeFacts(file: string, { name, type, imports, value, depth }: Constant): void {
  const head = imports ? `import type { ${imports.type} } from '../${imports.from}';\n\n` : '';
  const doc = '/** Derived by ../derive/main.ts from the schema of the real API. */\n';
  const text = `${head}${doc}export const ${name}: ${type} = ${print(value, depth)};\n`;
  writeFileSync(join(FOLDER, `${file}.ts`), text);
}

/** Objects down to `depth` have a line for each key; the formatter breaks a deeper one only where it is too long. */
function print(value: unknown, depth: number): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return JSON.stringify(value);
  const newLine = depth > 0 ? '\n' : '';
  const entries = Object.entries(value).map(([key, inner]) => {
    const text = key === 'takes' ? wrap(String(inner)) : print(inner, depth - 1);
    return `${newLine}${JSON.stringify(key)}: ${text}`;
  });
  return `{${entries.join(',')}${newLine}}`;
}

/** Long lists of names take several lines of a template; blanks of any kind part them. */
function wrap(names: string): string {
  if (names.length < 90) return JSON.stringify(names);
  const lines = names.match(/.{1,105}(?: |$)/g) ?? [];
  return `\`\n${lines.map(line => `        ${line.trim()}`).join('\n')}\``;
}
