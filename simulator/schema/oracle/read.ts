import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import type { Release } from '../parameter.ts';

/** A parameter, or a key of a property string, as the oracle has it. */
export interface OracleProperty {
  type?: string | undefined;
  optional?: boolean | undefined;
  format?: string | { properties: Record<string, OracleProperty> } | undefined;
  minimum?: number | undefined;
  maximum?: number | undefined;
  minLength?: number | undefined;
  maxLength?: number | undefined;
  patternJs?: string | undefined;
  enum?: string[] | undefined;
  requires?: string | undefined;
  index?: { min: number; max: number } | undefined;
  items?: OracleProperty | undefined;
  alias?: string | undefined;
  keyAlias?: string | undefined;
  default_key?: boolean | undefined;
  /** Schemas of which another parameter's value chooses one. */
  oneOf?: unknown[] | undefined;
}

const property: z.ZodType<OracleProperty> = z.object({
  type: z.string().optional(),
  optional: z.boolean().optional(),
  format: z.union([z.string(), z.object({ properties: z.lazy(() => properties) })]).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  patternJs: z.string().optional(),
  enum: z.array(z.string()).optional(),
  requires: z.string().optional(),
  index: z.object({ min: z.number(), max: z.number() }).optional(),
  items: z.lazy(() => property).optional(),
  alias: z.string().optional(),
  keyAlias: z.string().optional(),
  default_key: z.boolean().optional(),
  oneOf: z.array(z.unknown()).optional(),
});
const properties = z.record(z.string(), property);

const endpoint = z.object({
  path: z.string(),
  method: z.enum(['GET', 'POST', 'PUT', 'DELETE']),
  name: z.string(),
  protected: z.boolean().optional(),
  proxyto: z.string().optional(),
  allowtoken: z.boolean(),
  additionalProperties: z.boolean(),
  permissions: z.record(z.string(), z.unknown()),
  parameters: properties,
  parametersSchema: z.unknown().optional(),
});

/** A path and method of the API as the oracle has it. */
export type OracleEndpoint = z.infer<typeof endpoint>;

const format = z.object({
  kind: z.enum(['dict', 'code']),
  properties: properties.optional(),
  regexJs: z.string().optional(),
  extraValidator: z.boolean().optional(),
});

const file = z.object({
  endpoints: z.array(endpoint),
  formats: z.record(z.string(), format).optional(),
  cpuModels: z.record(z.string(), z.array(z.string())).optional(),
});

/** One release of the API: its endpoints, and the formats and models, which only the 9.2 file states. */
export interface Oracle {
  endpoints: OracleEndpoint[];
  formats: Record<string, z.infer<typeof format>>;
  /** By architecture. */
  cpuModels: Record<string, string[]>;
}

/**
 * Reads the schema of the real API from `folder`, the value of PVE_ORACLE.
 * @throws Error where a file is missing, ZodError where it has another form.
 */
export function readOracle(folder: string, release: Release): Oracle {
  const read = (of: Release) =>
    file.parse(JSON.parse(gunzipSync(readFileSync(join(folder, `pve-api-${of}.json.gz`))).toString()));
  const { formats = {}, cpuModels = {} } = read('9.2');
  return { endpoints: read(release).endpoints, formats, cpuModels };
}
