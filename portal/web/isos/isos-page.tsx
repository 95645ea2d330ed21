import { useTitle } from '../app/use-title.ts';
import { Waiting } from '../app/waiting.tsx';
import { useIsos, useSignedIn } from '../data/queries.ts';
import { Card } from '../design/card.tsx';
import { FailedPage } from '../errors/failed.tsx';
import { NotFoundPage } from '../errors/not-found.tsx';
import { useText } from '../i18n/use-text.ts';
import { IsoRow } from './iso-row.tsx';
import css from './isos-page.module.css';

/** For administrators: the ISO images that Proxmox has, and which of them people may use. */
export default function IsosPage() {
  const { t } = useText();
  useTitle(t('nav.isos'));
  const { role } = useSignedIn();
  const { data, error, refetch } = useIsos(role === 'Admin');
  if (role !== 'Admin') return <NotFoundPage />;
  if (error) return <FailedPage error={error} retry={() => void refetch()} />;
  if (!data) return <Waiting />;
  return (
    <>
      <h1>{t('nav.isos')}</h1>
      <p className={css.text}>{t('isos.text')}</p>
      <div className={css.clusters}>
        {data.clusters.map(({ name, isos }) => (
          <Card key={name} title={name} flush>
            {isos.length === 0 && <p className={css.none}>{t('isos.none')}</p>}
            <ul className={css.isos}>
              {isos.map(iso => (
                <IsoRow key={iso.volume} cluster={name} iso={iso} changed={() => void refetch()} />
              ))}
            </ul>
          </Card>
        ))}
      </div>
    </>
  );
}
