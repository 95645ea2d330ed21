import { Button, Group, Modal, TextInput } from '@mantine/core';
import { useId, useState } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { announce } from '../app/announce.ts';
import { takeSnapshot } from '../data/actions.ts';
import { type Problem, problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import css from './resize-dialog.module.css';
import own from './snapshot-dialog.module.css';

/** Takes a snapshot of a machine; with its memory only while it runs. */
export function SnapshotDialog({
  machine,
  running,
  close,
}: {
  machine: VirtualMachine;
  running: boolean;
  close: () => void;
}) {
  const texts = useText();
  const { t } = texts;
  const { name, namespace = '' } = machine.metadata;
  const id = useId();
  const [description, setDescription] = useState('');
  const [memory, setMemory] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const [busy, setBusy] = useState(false);
  const take = async () => {
    setBusy(true);
    setProblem(undefined);
    const text = description.trim();
    try {
      const wanted = memory && running ? 'Include' : 'Exclude';
      await takeSnapshot({ namespace, name }, { memory: wanted, ...(text && { description: text }) });
      announce(t('snapshots.asked', { name }));
      close();
    } catch (error) {
      setProblem(problemOf(error, texts));
      setBusy(false);
    }
  };
  return (
    <Modal opened onClose={close} title={t('snapshots.takeTitle', { name })} size="md">
      <form
        className={css.form}
        onSubmit={event => {
          event.preventDefault();
          void take();
        }}
      >
        <TextInput
          label={t('snapshots.description')}
          description={t('snapshots.descriptionHint')}
          value={description}
          maxLength={200}
          autoComplete="off"
          data-autofocus
          onChange={event => setDescription(event.currentTarget.value)}
        />
        <div className={own.choice}>
          <input
            id={`${id}-memory`}
            type="checkbox"
            aria-describedby={`${id}-hint`}
            checked={memory && running}
            disabled={!running}
            onChange={event => setMemory(event.currentTarget.checked)}
          />
          <label htmlFor={`${id}-memory`}>{t('snapshots.memory')}</label>
          <p id={`${id}-hint`} className="quiet small">
            {t(running ? 'snapshots.memoryHint' : 'snapshots.memoryOff')}
          </p>
        </div>
        {problem && (
          <div className={css.over} role="alert">
            <p>{problem.text}</p>
            {problem.detail && <p className="small">{problem.detail}</p>}
          </div>
        )}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={close}>
            {t('confirm.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {t('snapshots.take')}
          </Button>
        </Group>
      </form>
    </Modal>
  );
}
