import { Button } from '@mantine/core';
import type { Language } from '#portal/api.ts';
import { Icon } from '../design/icon.tsx';
import { Mark } from '../design/mark.tsx';
import { speak } from '../i18n/start.ts';
import { useText } from '../i18n/use-text.ts';
import css from './sign-in.module.css';
import { signInPath } from './sign-in-path.ts';

const languages: Record<Language, string> = { en: 'English', fr: 'Français' };

/** The page of who is not signed in; it says why a sign-in failed. */
export function SignIn() {
  const { t, known, language } = useText();
  const outcome = new URLSearchParams(window.location.search).get('signin');
  const told = outcome === null ? undefined : (known(`signIn.${outcome}`) ?? t('signIn.failed'));
  return (
    <main className={css.page}>
      <div className={css.card}>
        <Mark size={56} />
        <h1>Berth</h1>
        <p className="quiet">{t('signIn.claim')}</p>
        {told && (
          <p className={outcome === 'out' ? css.fine : css.problem} role="alert">
            <Icon name={outcome === 'out' ? 'check' : 'alert'} size={18} />
            {told}
          </p>
        )}
        <Button component="a" href={signInPath(window.location)} size="md" fullWidth>
          {t('signIn.button')}
        </Button>
        <p className={css.languages}>
          {(['en', 'fr'] as const).map(code => (
            <button
              key={code}
              type="button"
              lang={code}
              aria-pressed={language === code}
              className={css.language}
              onClick={() => void speak(code)}
            >
              {languages[code]}
            </button>
          ))}
        </p>
      </div>
    </main>
  );
}
