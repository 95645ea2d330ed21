import type { ReactNode } from 'react';
import { useText } from '../i18n/use-text.ts';
import css from './error-page.module.css';

interface ErrorPageProps {
  /** As HTTP has it; it stands large and pale behind the words. */
  status: string;
  title: string;
  text: string;
  requestId?: string | undefined;
  children?: ReactNode;
}

/** A page that could not be shown: what it means, what to do, and the number to name when asking for help. */
export function ErrorPage({ status, title, text, requestId, children }: ErrorPageProps) {
  const { t } = useText();
  return (
    <div className={css.page} role="alert">
      <p className={css.status} aria-hidden="true">
        {status}
      </p>
      <h1>{title}</h1>
      <p className={css.text}>{text}</p>
      <div className={css.actions}>{children}</div>
      {requestId && <p className="quiet small">{t('error.requestId', { id: requestId })}</p>}
    </div>
  );
}
