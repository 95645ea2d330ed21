import { z } from 'zod';

/** A node of a Kubernetes structural schema. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  required?: string[];
  [keyword: string]: unknown;
}

/** Formats that the API server knows; what else zod writes is left to patterns and CEL. */
const knownFormats = new Set(['date-time', 'int32', 'int64']);

/** Keywords that a structural schema has no place for. */
const dropped = ['id', '$schema', 'exclusiveMinimum', 'exclusiveMaximum'];

/** What the API server's regular expressions (RE2) cannot do. */
const beyondRe2 = /\(\?[=!<]|\\[1-9]/;

/**
 * The structural schema of a zod schema. Throws, naming the path, on what an API server would refuse or silently not
 * check: unions, lists and strings without a limit, fields without a description.
 */
export function toStructural(schema: z.ZodType, at: string): StructuralSchema {
  const converted = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input', reused: 'inline', cycles: 'throw' });
  return refine(converted as StructuralSchema, at);
}

function refine(node: StructuralSchema, at: string): StructuralSchema {
  for (const keyword of ['anyOf', 'oneOf', 'allOf', 'not']) {
    if (keyword in node) throw new Error(`${at}: ${keyword} is not structural; use optional members and a CEL rule`);
  }
  const refined: StructuralSchema = Object.fromEntries(Object.entries(node).filter(([key]) => !dropped.includes(key)));
  if (node.type === 'integer') refineInteger(refined);
  if (node.type === 'string') refineString(refined, at);
  if (node.type === 'array') {
    if (node.maxItems === undefined) throw new Error(`${at}: a list needs a limit`);
    refined.items = refine(node.items ?? {}, `${at}[]`);
  }
  if (node.type === 'object') {
    delete refined.additionalProperties;
    refined.properties = Object.fromEntries(
      Object.entries(node.properties ?? {}).map(([name, child]) => {
        if (!child.description) throw new Error(`${at}.${name}: a field needs a description`);
        return [name, refine(child, `${at}.${name}`)];
      }),
    );
  }
  return refined;
}

function refineInteger(node: StructuralSchema): void {
  const fits32 = typeof node.maximum === 'number' && node.maximum < 2 ** 31;
  node.format = fits32 ? 'int32' : 'int64';
  if (node.maximum === Number.MAX_SAFE_INTEGER) delete node.maximum;
  if (node.minimum === Number.MIN_SAFE_INTEGER) delete node.minimum;
  if (node.maximum === 2 ** 31 - 1) delete node.maximum;
  if (node.minimum === -(2 ** 31)) delete node.minimum;
}

function refineString(node: StructuralSchema, at: string): void {
  const bounded = node.maxLength !== undefined || node.enum !== undefined || node.format === 'date-time';
  if (!bounded) throw new Error(`${at}: a string needs a limit`);
  if (node.format === 'date-time') delete node.pattern;
  if (node.format !== undefined && !knownFormats.has(String(node.format))) delete node.format;
  if (typeof node.pattern === 'string' && beyondRe2.test(node.pattern)) {
    throw new Error(`${at}: the pattern ${node.pattern} is beyond RE2`);
  }
}
