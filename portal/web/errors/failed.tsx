import { Button } from '@mantine/core';
import { ApiError } from '../data/request.ts';
import { useText } from '../i18n/use-text.ts';
import { ErrorPage } from './error-page.tsx';
import { NotFoundPage } from './not-found.tsx';
import { problemOf } from './words.ts';

/** The page for an answer that was an error. */
export function FailedPage({ error, retry }: { error: unknown; retry?: () => void }) {
  const texts = useText();
  const { t } = texts;
  const { status = 500, requestId } = error instanceof ApiError ? error : {};
  if (status === 404) return <NotFoundPage requestId={requestId} />;
  const { text } = problemOf(error, texts);
  const title = status === 403 ? t('error.403') : t('error.500');
  return (
    <ErrorPage status={status ? String(status) : '—'} title={title} text={text} requestId={requestId}>
      {retry && <Button onClick={retry}>{t('error.retry')}</Button>}
    </ErrorPage>
  );
}
