import type { VmQuota } from '#api/kinds.ts';
import type { Tenant } from '#portal/api.ts';
import { Card } from '../design/card.tsx';
import { useText } from '../i18n/use-text.ts';
import { ExcessList } from '../quota/excess-list.tsx';
import { excessOf, metersOf, taken } from '../quota/meters.ts';
import { QuotaMeter } from '../quota/quota-meter.tsx';
import { type Draft, machineOf } from './draft.ts';
import css from './takes-card.module.css';

/** What the machine would take of the team's quota, as it is being filled in. */
export function TakesCard({ draft, quota, teams }: { draft: Draft; quota: VmQuota | undefined; teams: Tenant[] }) {
  const { t } = useText();
  const team = teams.find(({ name }) => name === draft.team)?.displayName ?? draft.team;
  if (!quota) {
    return (
      <Card title={t('takes.title', { team })}>
        <p className="quiet">{t('takes.noQuota')}</p>
      </Card>
    );
  }
  const more = taken(machineOf(draft).spec);
  const meters = metersOf(quota);
  const excess = excessOf(meters, more);
  return (
    <Card title={t('takes.title', { team })}>
      <div className={css.meters}>
        {meters.map(meter => (
          <QuotaMeter key={meter.dimension} meter={meter} team={team} planned={more[meter.dimension]} />
        ))}
      </div>
      <div role="status" className={css.excess}>
        <ExcessList excess={excess} />
        {excess.length > 0 && <p className="quiet small">{t('takes.frees')}</p>}
      </div>
    </Card>
  );
}
