import { Button, NativeSelect } from '@mantine/core';
import { useState } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { notify } from '../app/announce.ts';
import { changeMachine } from '../data/actions.ts';
import { Card } from '../design/card.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { type Cdrom, cdromPatch } from './cdrom.ts';
import css from './cdrom-card.module.css';

interface CdromCardProps {
  machine: VirtualMachine;
  may: boolean;
  cdrom: Cdrom;
}

/** What is in the CD-ROM drive: another image is a choice away, and so is none. */
export function CdromCard({ machine, may, cdrom }: CdromCardProps) {
  const texts = useText();
  const { t } = texts;
  const { name, resourceVersion } = machine.metadata;
  // What was chosen is shown at once; the machine itself has the last word.
  const [chosen, setChosen] = useState<{ iso: string | undefined; on: string | undefined }>();
  const loaded = chosen && chosen.on === resourceVersion ? chosen.iso : cdrom.loaded;
  const load = async (iso: string | undefined) => {
    setChosen({ iso, on: resourceVersion });
    try {
      await changeMachine(machine, cdromPatch(iso));
      notify({ kind: 'done', text: t(iso ? 'cdrom.loading' : 'cdrom.ejecting', { name, iso: iso ?? '' }) });
    } catch (error) {
      setChosen(undefined);
      notify({ kind: 'problem', ...problemOf(error, texts) });
    }
  };
  return (
    <Card title={t('cdrom.title')}>
      {may ? (
        <div className={css.drive}>
          <NativeSelect
            aria-label={t('cdrom.title')}
            value={loaded ?? ''}
            onChange={event => void load(event.currentTarget.value || undefined)}
            data={[{ value: '', label: t('cdrom.empty') }, ...cdrom.offered]}
          />
          {loaded !== undefined && (
            <Button variant="default" onClick={() => void load(undefined)}>
              {t('cdrom.eject')}
            </Button>
          )}
        </div>
      ) : (
        <p>{loaded ?? t('cdrom.empty')}</p>
      )}
    </Card>
  );
}
