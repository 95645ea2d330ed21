import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe } from 'vitest';

const folder = process.env.PVE_ORACLE;

/** A suite that needs the facts about Proxmox VE; skipped, with its reason, where they are not at hand. */
export const describeOracle: (name: string, suite: () => void) => void =
  folder === undefined
    ? (name, suite) => describe.skip(`${name} (skipped: PVE_ORACLE names no folder)`, suite)
    : describe;

/** A parameter in the API's own schema; `net[n]` has an index that ends at `max`. */
export interface SchemaParameter {
  index?: { max: number };
  enum?: string[];
  pattern?: string;
}

/** A call in the API's own schema. */
export interface SchemaEndpoint {
  method: string;
  path: string;
  allowtoken: boolean;
  parameters: Record<string, SchemaParameter>;
}

/** The formats of the values in a request: of texts, and of property strings. */
interface SchemaFormats {
  formats: Record<string, { regexJs?: string }>;
  derivedFormats: Record<string, Record<string, { enum?: string[] }>>;
}

/** The calls of a version of Proxmox VE. */
export function readSchema(version: '8.4' | '9.2'): SchemaEndpoint[] {
  return (readApi(version) as { endpoints: SchemaEndpoint[] }).endpoints;
}

/** The formats, which are known for 9.2 only. */
export function readFormats(): SchemaFormats {
  return readApi('9.2') as SchemaFormats;
}

function readApi(version: string): unknown {
  return JSON.parse(gunzipSync(readFileSync(join(folder ?? '', `pve-api-${version}.json.gz`))).toString());
}

/** An exchange with a running Proxmox VE 8.4. */
export interface Capture {
  seq: number;
  name: string;
  request: { method: string; target: string; body: string | null };
  /** The text of the status line, and the code in it. */
  status: number;
  phrase: string;
  body: string;
}

interface CaptureLine {
  seq: number;
  name: string;
  request: Capture['request'];
  response?: { status_line?: string; body?: string | null };
}

/** The exchanges whose answer is known. */
export function readCaptures(): Capture[] {
  const lines = readFileSync(join(folder ?? '', 'captures-8.4.jsonl'), 'utf8')
    .trim()
    .split('\n');
  return lines.flatMap(line => {
    const { seq, name, request, response } = JSON.parse(line) as CaptureLine;
    const [, status, phrase] = /^HTTP\/1\.1 (\d+) (.*)$/.exec(response?.status_line ?? '') ?? [];
    if (status === undefined || phrase === undefined) return [];
    return [{ seq, name, request, status: Number(status), phrase, body: response?.body ?? '' }];
  });
}
