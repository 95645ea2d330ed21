import type { Params } from './form.ts';

/** One call of the API. */
export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** The path below `/api2/json`, percent-encoded. */
  path: string;
  /** The path with its `{placeholders}`, for metrics; the path itself where it is not given. */
  route?: string;
  params?: Params;
  /** Deadline of the whole call, 35 s unless told. */
  timeoutMs?: number;
  signal?: AbortSignal;
}
