import { createValue } from './value.ts';

/** Whether the server has said that nobody is signed in any more. */
export const ended = createValue(false);
