import { useTitle } from '../app/use-title.ts';
import { health } from '../data/live.ts';
import { useSignedIn, useVersion } from '../data/queries.ts';
import { useValue } from '../data/value.ts';
import { Card } from '../design/card.tsx';
import { Mark } from '../design/mark.tsx';
import { useText } from '../i18n/use-text.ts';
import css from './about-page.module.css';

/** What this is, in which version, and whether all of it works. */
export default function AboutPage() {
  const { t } = useText();
  useTitle(t('nav.about'));
  const { data: version } = useVersion();
  const session = useSignedIn();
  const told = useValue(health);
  const parts = [
    { name: 'Kubernetes', healthy: told?.kubernetes.ok ?? true, message: told?.kubernetes.message },
    ...(told?.clusters ?? session.clusters).map(({ name, healthy, message }) => ({
      name: `Proxmox VE: ${name}`,
      healthy,
      message,
    })),
  ];
  return (
    <div className={css.page}>
      <div className={css.head}>
        <Mark size={56} />
        <div>
          <h1>Berth</h1>
          <p className="quiet">
            {version ? t('about.version', { version: version.version, build: version.build }) : ' '}
          </p>
        </div>
      </div>
      <p>{t('about.text')}</p>
      <Card title={t('about.parts')}>
        <ul className={css.parts}>
          {parts.map(({ name, healthy, message }) => (
            <li key={name} className={healthy ? css.fine : css.down}>
              <strong>{name}</strong>
              <span>{healthy ? t('about.fine') : (message ?? t('about.down'))}</span>
            </li>
          ))}
        </ul>
      </Card>
      <p className="quiet small">{t('about.licence')}</p>
    </div>
  );
}
