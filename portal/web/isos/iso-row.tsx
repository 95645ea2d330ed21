import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { StoredIso } from '#portal/api.ts';
import { notify } from '../app/announce.ts';
import { approveIso } from '../data/actions.ts';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { isName, partsOf, suggestedName } from './iso-name.ts';
import css from './isos-page.module.css';

interface IsoRowProps {
  cluster: string;
  iso: StoredIso;
  changed: () => void;
}

/** One image: what it is, where it is, and whether people may use it, under which name. */
export function IsoRow({ cluster, iso, changed }: IsoRowProps) {
  const texts = useText();
  const { t, size } = texts;
  const { volume, sizeMiB, nodes, name: approved } = iso;
  const { storage, file } = partsOf(volume);
  const [name, setName] = useState(() => suggestedName(volume));
  const [busy, setBusy] = useState(false);
  const write = async (next: string | null) => {
    setBusy(true);
    try {
      await approveIso(cluster, { volume, name: next });
      notify({ kind: 'done', text: t(next === null ? 'isos.withdrawn' : 'isos.approved', { file, name: next ?? '' }) });
      changed();
    } catch (error) {
      notify({ kind: 'problem', ...problemOf(error, texts) });
    } finally {
      setBusy(false);
    }
  };
  const facts = [
    t('isos.storage', { storage }),
    sizeMiB !== undefined && size(sizeMiB),
    nodes.length > 0 ? nodes.join(', ') : t('isos.gone'),
  ];
  return (
    <li className={css.iso}>
      <div className={css.what}>
        <strong>{file}</strong>
        <span className="quiet small">{facts.filter(Boolean).join(' · ')}</span>
      </div>
      {approved !== undefined ? (
        <div className={css.deed}>
          <span>{t('isos.as', { name: approved })}</span>
          <Button
            variant="default"
            loading={busy}
            aria-label={t('isos.withdraw.of', { file })}
            onClick={() => void write(null)}
          >
            {t('isos.withdraw')}
          </Button>
        </div>
      ) : (
        <form
          className={css.deed}
          onSubmit={event => {
            event.preventDefault();
            if (isName(name)) void write(name);
          }}
        >
          <TextInput
            aria-label={t('isos.name.of', { file })}
            value={name}
            error={isName(name) ? undefined : t('isos.name.wrong')}
            autoComplete="off"
            spellCheck={false}
            onChange={event => setName(event.currentTarget.value.toLowerCase())}
          />
          <Button type="submit" variant="light" loading={busy} aria-label={t('isos.approve.of', { file })}>
            {t('isos.approve')}
          </Button>
        </form>
      )}
    </li>
  );
}
