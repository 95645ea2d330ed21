import { useQuotas, useSignedIn } from '../data/queries.ts';
import { useText } from '../i18n/use-text.ts';
import { metersOf } from './meters.ts';
import { QuotaMeter } from './quota-meter.tsx';
import css from './quota-strip.module.css';

/** What each of the person's teams has taken of its quota. */
export function QuotaStrip() {
  const { t } = useText();
  const { tenants } = useSignedIn();
  const { data } = useQuotas();
  if (!data || data.items.length === 0) return null;
  return (
    <section className={css.strip} aria-label={t('quota.title')}>
      {data.items.map(quota => {
        const { namespace = '', uid } = quota.metadata;
        const team = tenants.find(({ name }) => name === namespace)?.displayName ?? namespace;
        return (
          <div key={uid ?? namespace} className={css.team}>
            <h2 className={css.name}>
              <span className="quiet">{t('quota.title')}</span> {team}
            </h2>
            {metersOf(quota).map(meter => (
              <QuotaMeter key={meter.dimension} meter={meter} team={team} />
            ))}
          </div>
        );
      })}
    </section>
  );
}
