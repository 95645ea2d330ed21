import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { useText } from '../i18n/use-text.ts';
import { ErrorPage } from './error-page.tsx';

/** What is not there, and what is not the person's to see: both look the same on purpose. */
export function NotFoundPage({ requestId }: { requestId?: string | undefined }) {
  const { t } = useText();
  return (
    <ErrorPage status="404" title={t('error.404')} text={t('error.404.text')} requestId={requestId}>
      <Button component={Link} href="/">
        {t('error.home')}
      </Button>
    </ErrorPage>
  );
}
