import { useCallback } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import { announce, notify } from '../app/announce.ts';
import { useConfirm } from '../app/confirm.tsx';
import { changePower } from '../data/actions.ts';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { dangerous, type PowerAction } from './abilities.ts';

/** Changes the power of a machine, after asking where something would be interrupted. */
export function usePower(): (action: PowerAction, machine: VirtualMachine) => Promise<void> {
  const texts = useText();
  const confirm = useConfirm();
  return useCallback(
    async (action, machine) => {
      const { t } = texts;
      const { name, namespace = '' } = machine.metadata;
      const question = {
        title: t(`power.${action}.title`, { name }),
        text: t(`power.${action}.text`, { name }),
        action: t(`power.${action}`),
        danger: dangerous.has(action),
      };
      if (action !== 'Start' && !(await confirm(question))) return;
      try {
        await changePower({ namespace, name }, action, machine);
        const text = t('power.asked', { name, action: t(`power.${action}`) });
        // Of a restart the machine's state shows little.
        if (action === 'Restart' || action === 'Reset') notify({ kind: 'done', text });
        else announce(text);
      } catch (error) {
        notify({ kind: 'problem', ...problemOf(error, texts) });
      }
    },
    [texts, confirm],
  );
}
