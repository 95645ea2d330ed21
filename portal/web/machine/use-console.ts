import { useCallback } from 'react';
import type { VirtualMachine } from '#api/kinds.ts';
import type { ConsoleRequest } from '#portal/api.ts';
import { notify } from '../app/announce.ts';
import { openConsole } from '../data/actions.ts';
import { problemOf } from '../errors/words.ts';
import { useText } from '../i18n/use-text.ts';
import { rememberConsole } from './consoles.ts';

type Kind = Partial<Pick<ConsoleRequest, 'type' | 'mode'>>;

/** Opens the console of a machine in a window of its own. Must be called by a click, or the browser holds it back. */
export function useConsole(): (machine: VirtualMachine, kind?: Kind) => Promise<void> {
  const texts = useText();
  return useCallback(
    async ({ metadata }, kind) => {
      const { name, namespace = '', uid = '' } = metadata;
      const place = { name, namespace };
      const target = window.open('', `berth-console-${uid}-${kind?.type ?? 'VNC'}`);
      if (!target) {
        notify({ kind: 'problem', text: texts.t('console.blocked') });
        return;
      }
      try {
        target.document.title = name;
        target.document.body.textContent = texts.t('console.opening', { name });
      } catch {
        // The window is still open from before, with a console in it, and gets a new one.
      }
      try {
        rememberConsole(target, place);
        await openConsole(place, target, kind);
      } catch (error) {
        target.close();
        notify({ kind: 'problem', ...problemOf(error, texts) });
      }
    },
    [texts],
  );
}
