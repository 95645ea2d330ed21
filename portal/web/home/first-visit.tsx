import { Button } from '@mantine/core';
import { Link } from 'wouter';
import { Icon, type IconName } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import css from './first-visit.module.css';

const lessons: { icon: IconName; name: 'pick' | 'watch' | 'use' }[] = [
  { icon: 'plus', name: 'pick' },
  { icon: 'clock', name: 'watch' },
  { icon: 'screen', name: 'use' },
];

/** What stands where there are no machines yet: how it goes, and where to begin. */
export function FirstVisit({ mayCreate }: { mayCreate: boolean }) {
  const { t } = useText();
  return (
    <section className={css.card} aria-labelledby="first-visit">
      <h2 id="first-visit">{t('first.title')}</h2>
      <p className="quiet">{t(mayCreate ? 'first.text' : 'first.viewer')}</p>
      <ol className={css.lessons}>
        {lessons.map(({ icon, name }) => (
          <li key={name}>
            <span className={css.icon}>
              <Icon name={icon} size={20} />
            </span>
            <h3>{t(`first.${name}`)}</h3>
            <p className="quiet small">{t(`first.${name}.text`)}</p>
          </li>
        ))}
      </ol>
      <div className={css.actions}>
        {mayCreate && (
          <Button component={Link} href="/new" size="md" leftSection={<Icon name="plus" />}>
            {t('first.button')}
          </Button>
        )}
        <Link href="/help">{t('first.help')}</Link>
      </div>
    </section>
  );
}
