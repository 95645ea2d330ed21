import { Button, NativeSelect } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import type { Language, SessionInfo } from '#portal/api.ts';
import { notify } from '../app/announce.ts';
import { useTitle } from '../app/use-title.ts';
import { keepLanguage } from '../data/actions.ts';
import { keys } from '../data/keys.ts';
import { useQuotas, useSignedIn } from '../data/queries.ts';
import { Card } from '../design/card.tsx';
import { CopyLine } from '../design/copy-line.tsx';
import { Icon } from '../design/icon.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { QuotaStrip } from '../quota/quota-strip.tsx';
import css from './profile-page.module.css';

/** Who one is here, what one may do, and how to do the same with kubectl. */
export default function ProfilePage() {
  const texts = useText();
  const { t, moment, language } = texts;
  useTitle(t('nav.profile'));
  const { user, role, groups, tenants, expiresAt } = useSignedIn();
  const quotas = useQuotas();
  const queries = useQueryClient();
  const changeLanguage = (next: Language) => {
    queries.setQueryData<SessionInfo>(keys.session, session => session && { ...session, language: next });
    keepLanguage(next).catch((error: unknown) => notify({ kind: 'problem', ...problemOf(error, texts) }));
  };
  const fact = (label: string, value: string) => (
    <>
      <dt>{label}</dt>
      <dd>{value}</dd>
    </>
  );
  return (
    <>
      <h1 className={css.title}>{t('nav.profile')}</h1>
      {quotas.data && quotas.data.items.length > 0 ? (
        <QuotaStrip />
      ) : (
        <p className={css.none}>{t('profile.noQuota')}</p>
      )}
      <div className={css.grid}>
        <Card title={user.displayName}>
          <dl className={css.facts}>
            {fact(t('profile.name'), user.name)}
            {user.email && fact(t('profile.email'), user.email)}
            {fact(t('profile.role'), t(`role.${role}`))}
            {fact(t('profile.groups'), groups.join(', ') || '—')}
            {fact(t('profile.session'), moment(expiresAt))}
          </dl>
        </Card>
        <Card title={t('profile.teams')}>
          {tenants.length === 0 && <p className="quiet">{t('profile.noTeams')}</p>}
          <ul className={css.teams}>
            {tenants.map(({ name, displayName, can }) => (
              <li key={name}>
                <strong>{displayName}</strong>
                <span className="quiet small">
                  {(['create', 'update', 'restart', 'console', 'delete'] as const)
                    .filter(right => can[right])
                    .map(right => t(`right.${right}`))
                    .join(', ') || t('right.view')}
                </span>
              </li>
            ))}
          </ul>
        </Card>
        <Card title={t('profile.language')}>
          <NativeSelect
            aria-label={t('profile.language')}
            value={language}
            onChange={event => changeLanguage(event.currentTarget.value as Language)}
            data={[
              { value: 'en', label: 'English' },
              { value: 'fr', label: 'Français' },
            ]}
          />
        </Card>
        <Card title={t('profile.kubectl')}>
          <div className={css.stack}>
            <p className="quiet">{t('profile.kubectl.text')}</p>
            <Button
              component="a"
              href="/api/v1/kubeconfig"
              download="berth-kubeconfig.yaml"
              variant="default"
              leftSection={<Icon name="download" />}
            >
              {t('profile.kubeconfig')}
            </Button>
            <CopyLine
              label={t('yaml.command')}
              text={`kubectl --kubeconfig berth-kubeconfig.yaml get vm${tenants[0] ? ` -n ${tenants[0].name}` : ''}`}
            />
          </div>
        </Card>
      </div>
    </>
  );
}
