import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { MachineList } from '#portal/api.ts';
import { keys } from '../data/keys.ts';
import { useSignedIn } from '../data/queries.ts';
import { type PowerAction, powerActions } from '../machine/abilities.ts';
import { consoleOf } from '../machine/consoles.ts';
import { usePower } from '../machine/use-power.ts';

/** Does what the power buttons of a console ask for, as the person and after the usual question. */
export function ConsoleMessages() {
  const { consoleOrigin } = useSignedIn();
  const queries = useQueryClient();
  const power = usePower();
  useEffect(() => {
    const take = ({ origin, source, data }: MessageEvent<unknown>) => {
      if (consoleOrigin === undefined || origin !== consoleOrigin) return;
      const place = consoleOf(source);
      const action = actionOf(data);
      const machine = queries
        .getQueryData<MachineList>(keys.machines)
        ?.items.find(({ metadata }) => metadata.name === place?.name && metadata.namespace === place?.namespace);
      if (!action || !machine) return;
      window.focus();
      void power(action, machine);
    };
    window.addEventListener('message', take);
    return () => window.removeEventListener('message', take);
  }, [consoleOrigin, queries, power]);
  return null;
}

/** The action of a message, if it is one of ours. Pure. */
export function actionOf(data: unknown): PowerAction | undefined {
  if (typeof data !== 'object' || data === null || !('berth' in data) || data.berth !== 'power') return undefined;
  const action = 'action' in data ? data.action : undefined;
  return powerActions.find(known => known === action);
}
