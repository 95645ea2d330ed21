import { z } from 'zod';

interface KubeErrorDetails {
  status: number;
  reason: string;
  message: string;
  retryAfterMs?: number;
  causes?: FieldCause[];
  cause?: unknown;
}

/** What is wrong with one field: its path as the API server writes it, such as `spec.disks[0].size`. */
export interface FieldCause {
  field: string;
  message: string;
}

/** A request that did not succeed. */
export class KubeError extends Error {
  override readonly name = 'KubeError';
  /** The HTTP status, or 0 where no complete answer came. */
  readonly status: number;
  /**
   * `Status.reason` of the API server (`NotFound`, `Conflict`, …), or one of ours: `DeadlineExceeded` and `Unreachable`,
   * after which a write may have happened, and `Malformed` for an answer that is not the JSON that was asked for.
   */
  readonly reason: string;
  /** How long the server asks to wait before the next try. */
  readonly retryAfterMs: number | undefined;
  /** Which fields are wrong, where the server says so. */
  readonly causes: readonly FieldCause[];

  constructor(details: KubeErrorDetails) {
    super(details.message, { cause: details.cause });
    this.status = details.status;
    this.reason = details.reason;
    this.retryAfterMs = details.retryAfterMs;
    this.causes = details.causes ?? [];
  }
}

/** metav1.Status, as far as it is read: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ */
const statusSchema = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  details: z
    .object({
      retryAfterSeconds: z.number().optional(),
      causes: z.array(z.object({ field: z.string().optional(), message: z.string().optional() })).optional(),
    })
    .optional(),
});

/**
 * Makes an error of a refusal: `body` is a metav1.Status where the API server itself answered, and anything where a
 * proxy in front of it did. `retryAfter` is the header's value in seconds.
 */
export function errorFromStatus(httpStatus: number, body: unknown, retryAfter?: string): KubeError {
  const parsed = statusSchema.safeParse(body);
  const status = parsed.success ? parsed.data : {};
  const retryAfterSeconds = status.details?.retryAfterSeconds ?? Number.parseInt(retryAfter ?? '', 10);
  return new KubeError({
    status: status.code ?? httpStatus,
    reason: status.reason || `HTTP${httpStatus}`,
    message: status.message || `the API server answered ${httpStatus}`,
    ...(retryAfterSeconds >= 0 ? { retryAfterMs: retryAfterSeconds * 1000 } : {}),
    causes: (status.details?.causes ?? []).map(({ field = '', message = '' }) => ({ field, message })),
  });
}

/** True for an object that does not exist (404). */
export function isNotFound(error: unknown): boolean {
  return hasStatus(error, 404);
}

/** True where another writer was faster: a stale resourceVersion, or a field that another manager owns (409). */
export function isConflict(error: unknown): boolean {
  return hasStatus(error, 409) && !isAlreadyExists(error);
}

/** True where an object of that name is there already (409). */
export function isAlreadyExists(error: unknown): boolean {
  return hasStatus(error, 409) && error.reason === 'AlreadyExists';
}

/** True where a resourceVersion or a continue token is older than what etcd keeps (410). */
export function isExpired(error: unknown): boolean {
  return hasStatus(error, 410);
}

/** True where the caller's rights or an admission policy forbid the request (403). */
export function isForbidden(error: unknown): boolean {
  return hasStatus(error, 403);
}

/** True where the schema or a validation rule refuses the object (422). */
export function isInvalid(error: unknown): boolean {
  return hasStatus(error, 422);
}

/** True where no complete answer came, so that nobody knows whether a write happened. */
export function isUnanswered(error: unknown): boolean {
  return hasStatus(error, 0);
}

function hasStatus(error: unknown, status: number): error is KubeError {
  return error instanceof KubeError && error.status === status;
}
