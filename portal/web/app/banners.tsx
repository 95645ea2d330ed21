import { connection, health } from '../data/live.ts';
import { useSignedIn } from '../data/queries.ts';
import { useValue } from '../data/value.ts';
import { Icon } from '../design/icon.tsx';
import { useText } from '../i18n/use-text.ts';
import css from './banners.module.css';

/** What is wrong at large, and what that means for the person. It goes by itself. */
export function Banners() {
  const { t } = useText();
  const session = useSignedIn();
  const told = useValue(health);
  const lost = useValue(connection) === 'lost';
  const clusters = (told?.clusters ?? session.clusters).filter(({ healthy }) => !healthy);
  const kubernetesDown = told?.kubernetes.ok === false;
  return (
    <div role="status">
      {lost && <Banner title={t('banner.lost')} text={t('banner.lost.text')} />}
      {!lost && kubernetesDown && <Banner title={t('banner.kubernetes')} text={t('banner.kubernetes.text')} />}
      {!lost && !kubernetesDown && clusters.length > 0 && (
        <Banner
          title={t('banner.proxmox', { names: clusters.map(({ name }) => name).join(', ') })}
          text={t('banner.proxmox.text')}
        />
      )}
    </div>
  );
}

function Banner({ title, text }: { title: string; text: string }) {
  return (
    <div className={css.banner}>
      <div className={css.inner}>
        <Icon name="alert" size={18} />
        <p>
          <strong>{title}</strong> {text}
        </p>
      </div>
    </div>
  );
}
