import { type ReactNode, useEffect, useRef } from 'react';
import { Link, useLocation } from 'wouter';
import { useSignedIn } from '../data/queries.ts';
import { Icon } from '../design/icon.tsx';
import { Mark } from '../design/mark.tsx';
import { useText } from '../i18n/use-text.ts';
import { Banners } from './banners.tsx';
import { ConsoleMessages } from './console-messages.tsx';
import { LiveLight } from './live-light.tsx';
import { PersonMenu } from './person-menu.tsx';
import { SessionEnd } from './session-end.tsx';
import css from './shell.module.css';

/** What stands around every page: where one is, who one is, and what is wrong at large. */
export function Shell({ children }: { children: ReactNode }) {
  const { t } = useText();
  const { tenants } = useSignedIn();
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(path);

  // A screen reader goes on with the page that was asked for, not with what is left of the old one.
  useEffect(() => {
    if (before.current !== path) main.current?.focus({ preventScroll: true });
    if (before.current !== path) window.scrollTo(0, 0);
    before.current = path;
  }, [path]);

  const current = (at: string) => (at === '/' ? path === '/' || path.startsWith('/machines') : path.startsWith(at));
  const page = (at: string) => ({ href: at, 'aria-current': current(at) ? ('page' as const) : undefined });
  return (
    <>
      <a className={css.skip} href="#main">
        {t('shell.skip')}
      </a>
      <header className={css.header}>
        <div className={css.bar}>
          <Link href="/" className={css.brand}>
            <Mark />
            <span>Berth</span>
          </Link>
          <nav className={css.nav} aria-label={t('shell.navigation')}>
            <Link {...page('/')} className={css.link}>
              <Icon name="machine" />
              <span>{t('nav.machines')}</span>
            </Link>
            {tenants.some(({ can }) => can.create) && (
              <Link {...page('/new')} className={css.link}>
                <Icon name="plus" />
                <span>{t('nav.new')}</span>
              </Link>
            )}
            <Link {...page('/help')} className={css.link}>
              <Icon name="book" />
              <span>{t('nav.help')}</span>
            </Link>
          </nav>
          <LiveLight />
          <PersonMenu />
        </div>
      </header>
      <Banners />
      <main id="main" ref={main} tabIndex={-1} className={css.main}>
        {children}
      </main>
      <SessionEnd />
      <ConsoleMessages />
    </>
  );
}
