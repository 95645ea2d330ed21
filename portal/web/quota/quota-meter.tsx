import { MeterBar } from '../design/meter.tsx';
import type { Texts } from '../i18n/use-text.ts';
import { useText } from '../i18n/use-text.ts';
import type { Dimension, Meter } from './meters.ts';
import css from './quota-meter.module.css';

/** An amount as people write it. */
export const amountText = (dimension: Dimension, amount: number, { number, size }: Texts): string =>
  dimension === 'memoryMiB' || dimension === 'storageMiB' ? size(amount) : number(amount);

interface QuotaMeterProps {
  meter: Meter;
  /** Whose quota it is, for those who do not see where it stands. */
  team: string;
  /** What would be added. */
  planned?: number;
}

/** One dimension of a quota: its name, the figures, and a bar. */
export function QuotaMeter({ meter: { dimension, used, hard }, team, planned = 0 }: QuotaMeterProps) {
  const texts = useText();
  const { t } = texts;
  const name = t(`dimension.${dimension}`);
  const figures = { used: amountText(dimension, used, texts), hard: amountText(dimension, hard ?? 0, texts) };
  const text = hard === undefined ? t('quota.unlimited', figures) : t('quota.ratio', figures);
  return (
    <div className={css.meter}>
      <div className={css.line}>
        <span className={css.name}>{name}</span>
        <span className={css.figures}>
          {hard === undefined ? (
            text
          ) : (
            <>
              <strong>{figures.used}</strong> <span className="quiet">/ {figures.hard}</span>
            </>
          )}
          {planned > 0 && <span className={css.planned}> +{amountText(dimension, planned, texts)}</span>}
        </span>
      </div>
      {hard === undefined ? (
        <div className={css.open} />
      ) : (
        <MeterBar label={`${team}: ${name}`} text={text} used={used} planned={planned} hard={hard} />
      )}
    </div>
  );
}
