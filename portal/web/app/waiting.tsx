import { Loader } from '@mantine/core';
import { useText } from '../i18n/use-text.ts';
import css from './waiting.module.css';

/** Stands where something is on its way. */
export function Waiting() {
  const { t } = useText();
  return (
    <div className={css.waiting} role="status">
      <Loader size="sm" />
      <span>{t('waiting')}</span>
    </div>
  );
}
