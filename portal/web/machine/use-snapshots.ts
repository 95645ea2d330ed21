import { useCallback } from 'react';
import type { VirtualMachine, VmOperation, VmSnapshot } from '#api/kinds.ts';
import { announce, notify } from '../app/announce.ts';
import { useConfirm } from '../app/confirm.tsx';
import { deleteSnapshot, rollBack } from '../data/actions.ts';
import { lastOperation } from '../data/live.ts';
import { problemOf } from '../errors/words.ts';
import { type Texts, useText } from '../i18n/use-text.ts';

/** What can be done with a snapshot, each after asking. */
export function useSnapshotActions(machine: VirtualMachine): {
  back: (snapshot: VmSnapshot) => Promise<void>;
  remove: (snapshot: VmSnapshot) => Promise<void>;
} {
  const texts = useText();
  const confirm = useConfirm();
  const { name, namespace = '' } = machine.metadata;
  const back = useCallback(
    async (snapshot: VmSnapshot) => {
      const { t, moment } = texts;
      const taken = moment(snapshot.status?.createdAt ?? '');
      const text = t(snapshot.status?.memory === 'Included' ? 'rollback.textMemory' : 'rollback.text', { name, taken });
      const question = { title: t('rollback.title', { name }), text, action: t('rollback.action'), danger: true };
      if (!(await confirm(question))) return;
      try {
        const operation = await rollBack({ namespace, name }, snapshot);
        announce(t('rollback.asked', { name }));
        follow(operation, name, texts);
      } catch (error) {
        notify({ kind: 'problem', ...problemOf(error, texts) });
      }
    },
    [texts, confirm, namespace, name],
  );
  const remove = useCallback(
    async (snapshot: VmSnapshot) => {
      const { t } = texts;
      const called = snapshot.spec.description ?? snapshot.metadata.name;
      const question = {
        title: t('snapshots.deleteTitle'),
        text: t('snapshots.deleteText', { name: called }),
        action: t('snapshots.delete'),
        danger: true,
      };
      if (!(await confirm(question))) return;
      try {
        await deleteSnapshot({ namespace, name }, snapshot);
        announce(t('snapshots.deleteAsked'));
      } catch (error) {
        notify({ kind: 'problem', ...problemOf(error, texts) });
      }
    },
    [texts, confirm, namespace, name],
  );
  return { back, remove };
}

/** Tells how the operation ended, on whatever page that is. */
function follow({ metadata }: VmOperation, name: string, { t, known }: Texts): void {
  const look = () => {
    const told = lastOperation.get();
    if (told?.metadata.uid !== metadata.uid) return;
    const ended = told?.status?.conditions?.find(
      ({ type, status }) => status === 'True' && /^(Complete|Failed)$/.test(type),
    );
    if (!ended) return;
    stop();
    if (ended.type === 'Complete') notify({ kind: 'done', text: t('rollback.done', { name }) });
    else {
      const text = known(`reason.${ended.reason}`) ?? t('rollback.failed', { name });
      notify({ kind: 'problem', text, detail: ended.message });
    }
  };
  const stop = lastOperation.subscribe(look);
  look();
}
