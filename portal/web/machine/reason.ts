import type { Texts } from '../i18n/use-text.ts';

/** A finding of the operator in the person's language; its own English sentence where there is none. */
export const reasonText = ({ reason, message }: { reason: string; message: string }, { known }: Pick<Texts, 'known'>) =>
  known(`reason.${reason}`) ?? message;
