import { type Draft, emptyDraft } from './draft.ts';

/** The number goes up with each change of a draft's shape; older ones are forgotten. */
const keyOf = (person: string) => `berth.draft.2.${person}`;

/** The draft that this person left in this browser. */
export function readDraft(person: string): Draft | undefined {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(person)) ?? 'null') as Partial<Draft> | null;
    return kept ? { ...emptyDraft, ...kept } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a draft over a reload, an expired session or a closed browser. */
export function keepDraft(person: string, draft: Draft): void {
  localStorage.setItem(keyOf(person), JSON.stringify(draft));
}

/** Forgets it, once the machine is made. */
export function dropDraft(person: string): void {
  localStorage.removeItem(keyOf(person));
}
