/** X11 keysyms of keys that type something other than the character they are named after. */
const TYPED = new Map([
  [0xff08, '\b'],
  [0xff09, '\t'],
  [0xff0a, '\n'],
  [0xff0d, '\r'],
  [0xff8d, '\r'],
]);

const CONTROL = [0xffe3, 0xffe4];

/** Shift, Control, Caps Lock, Meta, Alt, Super and Hyper, and the third level of a keyboard. */
export function isModifier(keysym: number): boolean {
  return (keysym >= 0xffe1 && keysym <= 0xffee) || keysym === 0xfe03;
}

/**
 * The characters that a key types; empty for keys that type none, such as the arrows.
 * @param held The keysyms of all keys that are down.
 */
export function typedText(keysym: number, held: ReadonlySet<number>): string {
  const special = TYPED.get(keysym);
  if (special !== undefined) return special;
  const isLatin1 = (keysym >= 0x20 && keysym < 0x7f) || (keysym >= 0xa0 && keysym <= 0xff);
  if (!isLatin1) return '';
  const hasControl = CONTROL.some(control => held.has(control));
  return String.fromCharCode(hasControl ? keysym & 0x1f : keysym);
}
