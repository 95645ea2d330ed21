import type { Texts } from '../i18n/use-text.ts';
import type { FieldError } from './check.ts';

/** The words for what is wrong with a field. */
export const errorText = (error: FieldError | undefined, { t }: Pick<Texts, 't'>): string | undefined =>
  error && ('words' in error ? error.words : t(error.key, error.values));
