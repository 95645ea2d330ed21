import { Link } from 'wouter';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import { reasonText } from '../machine/reason.ts';
import css from './attention-list.module.css';
import type { Row } from './filter.ts';

/** More than these are found with the filter. */
const most = 3;

/** Machines that a person should look at, each with the reason in a sentence. */
export function AttentionList({ rows }: { rows: readonly Row[] }) {
  const texts = useText();
  const { t } = texts;
  const found = rows.filter(({ attention }) => attention !== undefined && attention.kind !== 'notice');
  if (found.length === 0) return null;
  return (
    <section className={css.card} aria-labelledby="attention">
      <h2 id="attention" className={css.title}>
        <Icon name="alert" size={18} />
        {t('attention.title', { count: found.length })}
      </h2>
      <ul className={css.list}>
        {found.slice(0, most).map(({ key, name, namespace, attention }) => (
          <li key={key}>
            <Link href={`/machines/${namespace}/${name}`}>{name}</Link>{' '}
            <span>{attention && reasonText(attention, texts)}</span>
          </li>
        ))}
        {found.length > most && (
          <li>
            <Link href="/?show=attention">{t('attention.all', { count: found.length })}</Link>
          </li>
        )}
      </ul>
    </section>
  );
}
