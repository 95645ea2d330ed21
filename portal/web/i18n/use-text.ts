import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import type { Language } from '#portal/api.ts';
import type { Text } from './en.ts';
import { formatsOf } from './formats.ts';

type Key = keyof Text;

/** Names of texts; those that come in a singular and a plural go without that ending. */
export type TextKey = Key extends infer K ? (K extends `${infer Base}_${'one' | 'other'}` ? Base : K) : never;

/** What stands for the `{{names}}` in a text. */
export type TextValues = Record<string, string | number>;

/** Texts and formats in the language of the page. */
export function useText() {
  const { t: translate, i18n } = useTranslation();
  const language = i18n.language as Language;
  return useMemo(() => {
    const t = (key: TextKey, values?: TextValues): string => translate(key, values);
    /** The text of a key that is made from data, or undefined where there is none. */
    const known = (key: string, values?: TextValues): string | undefined =>
      i18n.exists(key) ? translate(key, values) : undefined;
    return { t, known, language, ...formatsOf(language) };
  }, [translate, i18n, language]);
}

export type Texts = ReturnType<typeof useText>;
