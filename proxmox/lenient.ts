import { z } from 'zod';
import { isUpid, type Upid } from './upid.ts';

// Proxmox is written in Perl, where a number and its text are one: the same field comes as either, from version to
// version and from call to call. The API's own schema of answers is incomplete, so that nothing more is asked of an
// answer than is needed, and keys that are not known are no error.

/** A number, also as text. */
export const numeric = z.union([
  z.number(),
  z
    .string()
    .regex(/^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/i)
    .transform(Number),
]);

/** A text, also as number. */
export const text = z.union([z.string(), z.number().transform(String)]);

/** A boolean: 0, 1, their texts, or JSON's own. Absent and null are false. */
export const flag = z
  .union([z.boolean(), numeric])
  .nullish()
  .transform(value => Boolean(value));

/** A list in one string, as of tags or content types; absent is empty. */
export const list = text.nullish().transform(value => (value ?? '').split(/[,;\s]+/).filter(item => item !== ''));

/** The identifier of a task. */
export const upid = z.string().transform((value, context): Upid => {
  if (isUpid(value)) return value;
  context.addIssue({ code: 'custom', message: 'not a UPID' });
  return z.NEVER;
});

/** Null and absent are both undefined. */
export function maybe<Schema extends z.ZodType>(schema: Schema) {
  return schema.nullish().transform(value => value ?? undefined);
}
