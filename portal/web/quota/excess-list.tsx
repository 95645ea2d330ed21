import { useText } from '../i18n/use-text.ts';
import css from './excess-list.module.css';
import type { Excess } from './meters.ts';
import { amountText } from './quota-meter.tsx';

/** What does not fit into the quota, a sentence for each dimension; nothing where all fits. */
export function ExcessList({ excess }: { excess: readonly Excess[] }) {
  const texts = useText();
  const { t } = texts;
  return excess.map(({ dimension, asked, free, hard }) => (
    <p key={dimension} className={css.over}>
      {t('takes.over', {
        what: t(`dimension.${dimension}`),
        asked: amountText(dimension, asked, texts),
        free: amountText(dimension, free, texts),
        hard: amountText(dimension, hard, texts),
      })}
    </p>
  ));
}
