import { ApiError } from '../data/request.ts';
import type { Texts } from '../i18n/use-text.ts';

/** What went wrong in the person's language, and what the server said about it where that says more. */
export interface Problem {
  text: string;
  detail?: string | undefined;
}

/** Refusals whose own words name figures, fields or limits. */
const telling = new Set([
  'Invalid',
  'QuotaExceeded',
  'Forbidden',
  'Conflict',
  'AlreadyExists',
  'BadRequest',
  'ConsoleNotReady',
]);

/** An error in plain words. */
export function problemOf(error: unknown, { t, known }: Pick<Texts, 't' | 'known'>): Problem {
  if (!(error instanceof ApiError)) return { text: t('error.Internal'), detail: String(error) };
  const seconds = error.retryAfterSeconds ?? 30;
  const text = known(`error.${error.code}`, { seconds }) ?? t('error.Internal');
  if (telling.has(error.code)) return { text, detail: error.message };
  return { text, detail: error.requestId && t('error.requestId', { id: error.requestId }) };
}
