import { useCallback } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { announce, notify } from '../app/announce.ts';
import { useConfirm } from '../app/confirm.tsx';
import { deleteMachine } from '../data/actions.ts';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';

/** Deletes a machine once its name was typed. It stays in lists until Proxmox has confirmed that it is gone. */
export function useDelete(): (machine: VirtualMachine) => Promise<void> {
  const texts = useText();
  const confirm = useConfirm();
  return useCallback(
    async ({ metadata, spec }) => {
      const { t } = texts;
      const { name, namespace = '', uid = '' } = metadata;
      const text = t(spec.deletionPolicy === 'Retain' ? 'delete.retain' : 'delete.text', { name });
      const question = {
        title: t('delete.title', { name }),
        text,
        action: t('delete.action'),
        danger: true,
        typed: name,
      };
      if (!(await confirm(question))) return;
      try {
        await deleteMachine({ namespace, name }, uid);
        announce(t('delete.asked', { name }));
      } catch (error) {
        notify({ kind: 'problem', ...problemOf(error, texts) });
      }
    },
    [texts, confirm],
  );
}
