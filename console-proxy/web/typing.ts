import { keysymOf } from './keys.ts';

/** Keys of a phone's keyboard that are no text. */
const editing: Record<string, number> = {
  deleteContentBackward: 0xff08,
  insertLineBreak: 0xff0d,
  insertParagraph: 0xff0d,
};

/** A field that nobody sees, whose only use is that phones open their keyboard for it. */
export function typingField(press: (keysym: number) => void): HTMLTextAreaElement {
  const field = document.createElement('textarea');
  field.id = 'typing';
  field.autocapitalize = 'off';
  field.autocomplete = 'off';
  field.spellcheck = false;
  field.setAttribute('aria-hidden', 'true');
  field.tabIndex = -1;
  field.addEventListener('beforeinput', event => {
    const key = editing[event.inputType];
    if (key !== undefined) press(key);
    else for (const character of event.data ?? '') press(keysymOf(character));
    if (event.cancelable) event.preventDefault();
  });
  // What a keyboard composes cannot be prevented; it was sent already.
  field.addEventListener('input', () => {
    field.value = '';
  });
  return field;
}
