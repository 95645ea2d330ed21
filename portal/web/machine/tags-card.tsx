import { useState } from 'react';
import type { VirtualMachine, VmQuota } from '#api/kinds.ts';
import type { Catalogue } from '#portal/api.ts';
import { notify } from '../app/announce.ts';
import { changeMachine } from '../data/actions.ts';
import { Card } from '../design/card.tsx';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { TagPicker } from './tag-picker.tsx';

interface TagsCardProps {
  machine: VirtualMachine;
  may: boolean;
  catalogue: Catalogue | undefined;
  quota: VmQuota | undefined;
}

/** The tags of a machine: a click switches one on or off. */
export function TagsCard({ machine, may, catalogue, quota }: TagsCardProps) {
  const texts = useText();
  const { t } = texts;
  const { metadata, spec, status } = machine;
  // What was clicked is shown at once; the machine itself has the last word.
  const [clicked, setClicked] = useState<{ tags: string[]; on: string | undefined }>();
  const own = spec.tags ?? [];
  const tags = clicked && clicked.on === metadata.resourceVersion ? clicked.tags : own;
  const cluster = catalogue?.clusters.find(({ name: known, default: usual }) =>
    status?.cluster ? known === status.cluster : usual,
  );
  const offered = (cluster?.tags ?? []).filter(
    tag => own.includes(tag.name) || (quota?.spec.allowed?.tags?.includes(tag.name) ?? true),
  );
  const all = [
    ...offered,
    ...own.filter(tag => !offered.some(other => other.name === tag)).map(tag => ({ name: tag })),
  ];
  if (all.length === 0) return null;
  const choose = async (next: string[]) => {
    if (!may) return;
    setClicked({ tags: next, on: metadata.resourceVersion });
    try {
      await changeMachine(machine, { tags: next });
    } catch (error) {
      setClicked(undefined);
      notify({ kind: 'problem', ...problemOf(error, texts) });
    }
  };
  return (
    <Card title={t('field.tags')}>
      {may ? (
        <TagPicker catalogue={all} chosen={tags} choose={next => void choose(next)} bare />
      ) : (
        <p>{own.join(', ') || '—'}</p>
      )}
    </Card>
  );
}
