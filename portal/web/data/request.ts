import type { ErrorBody, ErrorCode } from '#portal/api.ts';
import { ended } from './ended.ts';

/** Longer than the server takes for anything, the ten seconds of a console included. */
const deadlineMs = 30_000;

/** What the server refused, or that it could not be asked (`Offline`). */
export class ApiError extends Error {
  status: number;
  code: ErrorCode | 'Offline';
  requestId: string | undefined;
  fields: { path: string; message: string }[];
  retryAfterSeconds: number | undefined;

  constructor(status: number, body: Omit<ErrorBody['error'], 'code' | 'requestId'> & Origin) {
    super(body.message);
    this.name = 'ApiError';
    this.status = status;
    this.code = body.code;
    this.requestId = body.requestId;
    this.fields = body.fields ?? [];
    this.retryAfterSeconds = body.retryAfterSeconds;
  }
}

interface Origin {
  code: ErrorCode | 'Offline';
  requestId?: string;
}

/** A call to the portal's own API. */
export interface Call {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  body?: object;
  signal?: AbortSignal;
}

/** Calls the portal's API; resolves with the JSON of the answer (undefined without one), throws {@link ApiError}. */
export async function request<T>(path: string, { method = 'GET', body, signal }: Call = {}): Promise<T> {
  const deadline = AbortSignal.timeout(deadlineMs);
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      credentials: 'same-origin',
      headers: { accept: 'application/json', ...(body && { 'content-type': 'application/json' }) },
      ...(body && { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, { code: 'Offline', message: 'The portal did not answer.' });
  }
  if (response.status === 401) ended.set(true);
  if (!response.ok) throw errorOf(response, text);
  return (text ? JSON.parse(text) : undefined) as T;
}

function errorOf(response: Response, text: string): ApiError {
  try {
    const { error } = JSON.parse(text) as ErrorBody;
    if (typeof error.code === 'string') return new ApiError(response.status, error);
  } catch {
    // Not one of ours: a proxy in between has answered.
  }
  const requestId = response.headers.get('x-request-id') ?? undefined;
  const message = `The answer was ${response.status}.`;
  return new ApiError(response.status, { code: response.status >= 500 ? 'Offline' : 'Internal', message, requestId });
}

/** The path of a machine in the API. */
export const machinePath = (namespace: string, name: string): string =>
  `/api/v1/namespaces/${encodeURIComponent(namespace)}/machines/${encodeURIComponent(name)}`;
