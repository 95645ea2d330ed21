import type { Call } from './call.ts';
import { classify } from './classify.ts';
import { ProxmoxError } from './errors.ts';

/** An answer as it came over the wire. */
export interface Answer {
  status: number;
  /** The text of the status line: for a 401, a 595 or a 596 all that there is. */
  phrase: string;
  body: string;
}

/**
 * Reads an answer: `{data}`, with `message` and `errors` beside it on failure. Some failures have an empty body or plain
 * text; then the status line speaks. @throws ProxmoxError
 */
export function dataOf({ method, path }: Call, { status, phrase, body }: Answer): unknown {
  const json = parseJson(body);
  if (status >= 200 && status < 300 && json !== undefined && 'data' in json) return json.data;
  if (status >= 200 && status < 300) {
    const reason = 'the answer is not the JSON of the Proxmox API';
    throw new ProxmoxError({ kind: 'failed', method, path, status, reason, outcomeUnknown: method !== 'GET' });
  }
  // The status line has the first line only, and `message` is missing before 8.3.
  const reason = (typeof json?.message === 'string' ? json.message : phrase).trim();
  const errors = textsOf(json?.errors);
  throw new ProxmoxError({
    ...classify(status, reason, errors),
    method,
    path,
    status,
    reason,
    errors,
    // The proxy lost the daemon that does the work, which may go on.
    outcomeUnknown: method !== 'GET' && (status >= 595 || [502, 504].includes(status)),
  });
}

function parseJson(body: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? { ...value } : undefined;
  } catch {
    return undefined;
  }
}

function textsOf(errors: unknown): Record<string, string> | undefined {
  if (typeof errors !== 'object' || errors === null) return undefined;
  return Object.fromEntries(Object.entries(errors).map(([name, text]) => [name, String(text)]));
}
