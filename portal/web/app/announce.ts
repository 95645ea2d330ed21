import { createValue } from '../data/value.ts';

/** One message to the person. */
export interface Notice {
  id: number;
  kind: 'done' | 'problem';
  text: string;
  /** More of it, such as what Proxmox said. */
  detail?: string | undefined;
}

let last = 0;

/** What is shown in the corner, the oldest first. */
export const notices = createValue<Notice[]>([]);

/** What a screen reader should say next. */
export const spoken = createValue('');

/** Has a screen reader say something that is seen without it. */
export function announce(text: string): void {
  // The same words twice are two announcements: an invisible character makes them differ.
  spoken.set(text === spoken.get() ? `${text}\u200b` : text);
}

/** Notices that nobody has to act on go by themselves. */
const doneMs = 5_000;
const mostNotices = 4;

/** Tells the person something in the corner of the page. */
export function notify(notice: Omit<Notice, 'id'>): void {
  last += 1;
  const id = last;
  notices.set([...notices.get().slice(1 - mostNotices), { id, ...notice }]);
  if (notice.kind === 'done') setTimeout(() => dismiss(id), doneMs);
}

/** Takes a notice away. */
export function dismiss(id: number): void {
  notices.set(notices.get().filter(notice => notice.id !== id));
}
