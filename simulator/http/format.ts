import type { PveError } from '../engine/errors.ts';
import { JsonText } from './json-text.ts';
import type { Answer } from './message.ts';

/** How a call ended: its data, or its failure. */
export type Result = { data: unknown; total?: number } | { failure: PveError };

const JSON_TYPE = 'application/json;charset=UTF-8';

/** The formats that bodies come in; anything else is 501. */
export const FORMATS = new Set(['json', 'extjs', 'htmljs', 'html', 'png', 'spiceconfig']);

/** Writes the body and status of an API call in the format of its path. */
export function formatResult(format: string, result: Result): Answer {
  if ('failure' in result) {
    return format === 'extjs' || format === 'htmljs' ? extjsFailure(result.failure) : jsonFailure(result.failure);
  }
  const { data = null, total } = result;
  const rest = JSON.stringify({ ...(total ? { total } : {}), ...(format === 'extjs' ? { success: 1 } : {}) });
  const text = data instanceof JsonText ? data.text : JSON.stringify(data);
  const body = rest === '{}' ? `{"data":${text}}` : `{"data":${text},${rest.slice(1)}`;
  return { status: 200, reason: 'OK', headers: { 'Content-Type': JSON_TYPE }, body, close: false };
}

/** Texts end with a newline, but that of a missing route, which is not thrown. */
function message(failure: PveError): string {
  return failure.status === 501 ? failure.message : `${failure.message}\n`;
}

function jsonFailure(failure: PveError): Answer {
  const [reason = ''] = failure.message.split('\n');
  const body = { data: null, ...(failure.errors ? { errors: failure.errors } : {}), message: message(failure) };
  const headers = { 'Content-Type': JSON_TYPE };
  return { status: failure.status, reason, headers, body: JSON.stringify(body), close: true };
}

/** Always 200: the status is in the body. */
function extjsFailure(failure: PveError): Answer {
  const { status, errors } = failure;
  const body = { data: null, ...(errors ? { errors } : {}), message: message(failure), status, success: 0 };
  return {
    status: 200,
    reason: 'OK',
    headers: { 'Content-Type': JSON_TYPE },
    body: JSON.stringify(body),
    close: false,
  };
}
