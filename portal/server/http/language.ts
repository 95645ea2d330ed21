import { type Language, languages } from '#portal/api.ts';
import type { Cookies } from '../session/cookies.ts';

/** Keeps a person's choice; scripts of the page read it too. */
export const languageCookie = '__Host-berth-language';

/** A year. */
export const languageSeconds = 31_536_000;

const isLanguage = (text: string | undefined): text is Language => languages.includes(text as Language);

/** The language of somebody: their choice, else the first of `Accept-Language` that there is, else English. */
export function languageOf(cookies: Cookies, accepted: string[]): Language {
  const chosen = cookies.get(languageCookie);
  if (isLanguage(chosen)) return chosen;
  return accepted.map(tag => tag.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';
}
