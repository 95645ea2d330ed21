import { button, notify } from './dom.ts';
import { messages } from './messages.ts';

/** What may be asked of the portal, which asks for confirmation and acts as the person. */
export type PowerAction = 'Start' | 'Shutdown' | 'Stop' | 'Restart' | 'Reset';

const actions: PowerAction[] = ['Start', 'Shutdown', 'Stop', 'Restart', 'Reset'];

/** Buttons for power, where a portal has opened this window: the right to a console is not the right to power. */
export function powerButtons(portals: string[], wanted: PowerAction[] = actions): HTMLButtonElement[] {
  const opener: Window | null = window.opener;
  if (!opener || portals.length === 0) return [];
  return wanted.map(action =>
    button(messages()[action], () => {
      // The browser gives it to the opener only if that is its origin.
      for (const portal of portals) opener.postMessage({ berth: 'power', action }, portal);
      notify([messages().powerAsked]);
      setTimeout(() => notify([]), 4_000);
    }),
  );
}
