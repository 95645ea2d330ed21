import type { Place } from '../data/actions.ts';

const opened = new Map<MessageEventSource, Place>();

/** Remembers which machine the console in a window is of. */
export function rememberConsole(window: Window, place: Place): void {
  for (const [known] of opened) if ('closed' in known && known.closed) opened.delete(known);
  opened.set(window, place);
}

/** The machine whose console has sent a message; undefined for windows that this page has not opened. */
export const consoleOf = (source: MessageEventSource | null): Place | undefined =>
  source ? opened.get(source) : undefined;
