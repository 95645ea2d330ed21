import { Button, Group, Textarea } from '@mantine/core';
import { lazy, Suspense, useState } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { notify } from '../app/announce.ts';
import { changeMachine } from '../data/actions.ts';
import { Card } from '../design/card.tsx';
import { Icon } from '../design/icon.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';

const Markdown = lazy(() => import('./markdown.tsx'));

/** Notes on a machine, in Markdown; what is being written outlives a reload. */
export function NotesCard({ machine, may }: { machine: VirtualMachine; may: boolean }) {
  const texts = useText();
  const { t } = texts;
  const { uid = '' } = machine.metadata;
  const kept = `berth.notes.${uid}`;
  const [text, setText] = useState<string | undefined>(() => sessionStorage.getItem(kept) ?? undefined);
  const [busy, setBusy] = useState(false);
  const description = machine.spec.description ?? '';
  const write = (next: string | undefined) => {
    setText(next);
    if (next === undefined) sessionStorage.removeItem(kept);
    else sessionStorage.setItem(kept, next);
  };
  const save = async () => {
    setBusy(true);
    try {
      await changeMachine(machine, { description: text?.trim() || null });
      write(undefined);
    } catch (error) {
      notify({ kind: 'problem', ...problemOf(error, texts) });
    } finally {
      setBusy(false);
    }
  };
  const edit = may && text === undefined && (
    <Button
      variant="subtle"
      size="compact-sm"
      leftSection={<Icon name="edit" size={14} />}
      onClick={() => write(description)}
    >
      {t('notes.edit')}
    </Button>
  );
  return (
    <Card title={t('notes.title')} aside={edit}>
      {text !== undefined ? (
        <>
          <Textarea
            aria-label={t('notes.title')}
            description={t('notes.hint')}
            value={text}
            rows={6}
            maxLength={4096}
            data-autofocus
            onChange={event => write(event.currentTarget.value)}
          />
          <Group mt="sm" gap="sm">
            <Button loading={busy} onClick={() => void save()}>
              {t('save')}
            </Button>
            <Button variant="default" onClick={() => write(undefined)}>
              {t('confirm.cancel')}
            </Button>
          </Group>
        </>
      ) : description ? (
        <Suspense fallback={<p>{description}</p>}>
          <Markdown text={description} />
        </Suspense>
      ) : (
        <p className="quiet">{t('notes.none')}</p>
      )}
    </Card>
  );
}
