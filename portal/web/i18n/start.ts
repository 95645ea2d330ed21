import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import type { Language } from '#portal/api.ts';
import type { Text } from './en.ts';

/** Where this browser remembers the choice, so that the first paint is in the right language. */
const remembered = 'berth.language';

const texts: Record<Language, () => Promise<{ default: Text }>> = {
  en: () => import('./en.ts'),
  fr: () => import('./fr.ts'),
};

const isLanguage = (value: unknown): value is Language => value === 'en' || value === 'fr';

/** The first of the browser's languages that there are texts in. Pure. */
export const preferred = (languages: readonly string[]): Language =>
  languages.map(language => language.slice(0, 2).toLowerCase()).find(isLanguage) ?? 'en';

/** Starts in the language of the last visit, or in the browser's. */
export async function startLanguage(): Promise<void> {
  const last = localStorage.getItem(remembered);
  const language = isLanguage(last) ? last : preferred(navigator.languages);
  await i18next.use(initReactI18next).init({
    resources: { [language]: { translation: (await texts[language]()).default } },
    lng: language,
    fallbackLng: false,
    keySeparator: false,
    nsSeparator: false,
    // React escapes what it shows.
    interpolation: { escapeValue: false },
  });
  document.documentElement.lang = language;
}

/** Changes the language of the page, once its texts are here. */
export async function speak(language: Language): Promise<void> {
  if (i18next.language === language) return;
  if (!i18next.hasResourceBundle(language, 'translation')) {
    i18next.addResourceBundle(language, 'translation', (await texts[language]()).default);
  }
  await i18next.changeLanguage(language);
  localStorage.setItem(remembered, language);
  document.documentElement.lang = language;
}
