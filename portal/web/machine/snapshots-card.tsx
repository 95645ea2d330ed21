import { Button } from '@mantine/core';
import { useState } from 'react';
import type { VirtualMachine, VmQuota, VmSnapshot } from '#api/kinds.ts';
import type { MachineRights } from '#portal/api.ts';
import { useNow } from '../app/use-now.ts';
import { useSnapshots } from '../data/queries.ts';
import { Card } from '../design/card.tsx';
import { Icon } from '../design/icon.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { SnapshotDialog } from './snapshot-dialog.tsx';
import { snapshotNote, snapshotQuota, snapshotState } from './snapshots.ts';
import css from './snapshots-card.module.css';
import type { State } from './state.ts';
import { useSnapshotActions } from './use-snapshots.ts';

interface SnapshotsCardProps {
  machine: VirtualMachine;
  state: State;
  can: MachineRights | undefined;
  quota: VmQuota | undefined;
}

/** The snapshots of a machine, the newest first: to take one, to go back to one, to remove one. */
export function SnapshotsCard({ machine, state, can, quota }: SnapshotsCardProps) {
  const texts = useText();
  const { t } = texts;
  const { name, namespace = '' } = machine.metadata;
  const { data, error } = useSnapshots(namespace, name);
  const actions = useSnapshotActions(machine);
  const [taking, setTaking] = useState(false);
  const counted = snapshotQuota(quota);
  const there = machine.status?.createdAt !== undefined && state !== 'Deleting' && state !== 'Missing';
  const take = can?.snapshot && there && (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<Icon name="plus" size={14} />}
      onClick={() => setTaking(true)}
    >
      {t('snapshots.take')}
    </Button>
  );
  return (
    <Card title={t('snapshots.title')} aside={take}>
      {error && !data && <p className="quiet">{problemOf(error, texts).text}</p>}
      {data?.items.length === 0 && <p className="quiet">{t('snapshots.none')}</p>}
      <ul className={css.snapshots}>
        {data?.items.map(snapshot => (
          <SnapshotLine
            key={snapshot.metadata.uid}
            snapshot={snapshot}
            back={can?.rollback && there ? actions.back : undefined}
            remove={can?.snapshot ? actions.remove : undefined}
          />
        ))}
      </ul>
      {counted && <p className="quiet small">{t('snapshots.quota', counted)}</p>}
      {taking && (
        <SnapshotDialog
          machine={machine}
          running={machine.status?.powerState === 'Running'}
          close={() => setTaking(false)}
        />
      )}
    </Card>
  );
}

interface SnapshotLineProps {
  snapshot: VmSnapshot;
  /** Absent where that cannot be done. */
  back: ((snapshot: VmSnapshot) => Promise<void>) | undefined;
  remove: ((snapshot: VmSnapshot) => Promise<void>) | undefined;
}

function SnapshotLine({ snapshot, back, remove }: SnapshotLineProps) {
  const { t, known, ago, moment } = useText();
  const now = useNow();
  const { metadata, spec, status } = snapshot;
  const called = spec.description ?? metadata.name;
  const state = snapshotState(snapshot);
  const note = snapshotNote(snapshot);
  const told = note && (known(`snapshots.reason.${note.reason}`) ?? known(`reason.${note.reason}`) ?? note.reason);
  return (
    <li className={state === 'failed' ? css.failed : undefined}>
      <div className={css.what}>
        <strong>{called}</strong>
        <p className="quiet small">
          {status?.createdAt && (
            <time dateTime={status.createdAt} title={moment(status.createdAt)}>
              {ago(status.createdAt, now)}
            </time>
          )}
          {status?.memory === 'Included' && <span className={css.memory}>{t('snapshots.withMemory')}</span>}
          {status?.expiresAt && <span>{t('snapshots.expires', { time: moment(status.expiresAt) })}</span>}
          {told && <span className={css.note}>{told}</span>}
        </p>
        {note?.message && <p className="quiet small">{note.message}</p>}
      </div>
      <div className={css.actions}>
        {back && state === 'taken' && (
          <Button
            variant="default"
            size="compact-sm"
            aria-label={t('snapshots.backTo', { name: called })}
            leftSection={<Icon name="restart" size={14} />}
            onClick={() => void back(snapshot)}
          >
            {t('rollback.button')}
          </Button>
        )}
        {remove && state !== 'leaving' && (
          <Button
            variant="subtle"
            color="var(--bad)"
            size="compact-sm"
            aria-label={t('snapshots.deleteOne', { name: called })}
            leftSection={<Icon name="trash" size={14} />}
            onClick={() => void remove(snapshot)}
          >
            {t('snapshots.delete')}
          </Button>
        )}
      </div>
    </li>
  );
}
