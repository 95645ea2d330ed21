import { KubeError } from '#kube/errors.ts';
import type { ErrorCode } from '#portal/api.ts';

interface Details {
  fields?: { path: string; message: string }[];
  retryAfterSeconds?: number;
  cause?: unknown;
}

/** An answer that is no success: its code and message go to the page as they are. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: ErrorCode;
  readonly fields: { path: string; message: string }[] | undefined;
  readonly retryAfterSeconds: number | undefined;

  constructor(status: number, code: ErrorCode, message: string, { fields, retryAfterSeconds, cause }: Details = {}) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.fields = fields;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** What is foreign and what does not exist are told in the same words. */
export const notFound = (): ApiError => new ApiError(404, 'NotFound', 'There is nothing here that you may see.');

/** What to answer for whatever was thrown. */
export function apiErrorOf(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof KubeError) return fromKubernetes(error);
  const { type, status } = error as { type?: unknown; status?: unknown };
  if (type === 'entity.too.large') return new ApiError(413, 'TooLarge', 'The request is too large.');
  if (type === 'encoding.unsupported' || type === 'charset.unsupported') {
    return new ApiError(415, 'UnsupportedMediaType', 'Send uncompressed JSON in UTF-8.');
  }
  // What express and its parsers call a mistake of the client's: broken JSON, a path that cannot be decoded.
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new ApiError(400, 'BadRequest', 'The request cannot be read.', { cause: error });
  }
  return new ApiError(500, 'Internal', 'Something went wrong here.', { cause: error });
}

function fromKubernetes(error: KubeError): ApiError {
  const { status, reason, message, causes } = error;
  const fields = causes.flatMap(cause =>
    cause.field && cause.field !== '<nil>' ? [{ path: cause.field, message: cause.message }] : [],
  );
  const details = { cause: error, ...(fields.length > 0 && { fields }) };
  const retryAfterSeconds = Math.ceil((error.retryAfterMs ?? 2000) / 1000);
  switch (status) {
    case 400:
      return new ApiError(400, 'BadRequest', message, details);
    case 403:
      return new ApiError(403, isOverQuota(message) ? 'QuotaExceeded' : 'Forbidden', plain(message), details);
    case 404:
      return notFound();
    case 409:
      return new ApiError(409, reason === 'AlreadyExists' ? 'AlreadyExists' : 'Conflict', message, details);
    case 413:
      return new ApiError(413, 'TooLarge', message, details);
    case 422:
      return new ApiError(422, 'Invalid', message, details);
    case 429:
      return new ApiError(429, 'TooManyRequests', 'Kubernetes is busy.', { cause: error, retryAfterSeconds });
    default: {
      const words = 'Kubernetes does not answer as it should; what you wrote is not lost. Try again in a moment.';
      return new ApiError(503, 'KubernetesUnavailable', words, { cause: error, retryAfterSeconds });
    }
  }
}

/** Refused for its size, rather than for who asks: the words are those of webhook, policies and native quotas. */
const isOverQuota = (message: string): boolean =>
  /exceeded VmQuota|exceeded quota|Vm(Policy|Quota|Template) "[^"]*": .*( limit| is above | is below )/i.test(message);

/** The words of a webhook or a policy, without the API server's preface. */
const plain = (message: string): string =>
  message
    .replace(/^admission webhook "[^"]*" denied the request: /, '')
    .replace(/^\S+ "[^"]*" is forbidden: ValidatingAdmissionPolicy '[^']*' with binding '[^']*' denied request: /, '');
