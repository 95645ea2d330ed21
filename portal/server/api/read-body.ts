import type { Request } from 'express';
import type { z } from 'zod';
import { ApiError } from '../http/errors.ts';

/** The body of a request by its schema. Throws ApiError, naming the fields that are wrong. */
export function readBody<T extends z.ZodType>(schema: T, request: Request): z.output<T> {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map(({ path, message }) => ({ path: fieldPath(path), message }));
  throw new ApiError(422, 'Invalid', 'The request has fields that are not as they should be.', { fields });
}

/** A path as Kubernetes writes it: `spec.disks[0].size`. */
const fieldPath = (path: PropertyKey[]): string =>
  path
    .map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
