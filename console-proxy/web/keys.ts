/** A key as X names it (keysym), and as its place on the keyboard is named (KeyboardEvent.code). */
export type Key = [keysym: number, code: string];

const control: Key = [0xffe3, 'ControlLeft'];
const alt: Key = [0xffe9, 'AltLeft'];

/** Keys that a browser or its system keeps for itself, or that a phone has not got; pressed in that order. */
export const combinations: Record<string, Key[]> = {
  Esc: [[0xff1b, 'Escape']],
  Tab: [[0xff09, 'Tab']],
  'Alt-Tab': [alt, [0xff09, 'Tab']],
  'Alt-F4': [alt, [0xffc1, 'F4']],
  'Ctrl-C': [control, [0x63, 'KeyC']],
  'Ctrl-W': [control, [0x77, 'KeyW']],
  'Ctrl-Alt-F1': [control, alt, [0xffbe, 'F1']],
  'Ctrl-Alt-F2': [control, alt, [0xffbf, 'F2']],
  'Ctrl-Alt-F7': [control, alt, [0xffc4, 'F7']],
  Super: [[0xffeb, 'MetaLeft']],
  'Print Screen': [[0xff61, 'PrintScreen']],
  F2: [[0xffbf, 'F2']],
  F12: [[0xffc9, 'F12']],
  Delete: [[0xffff, 'Delete']],
  '↑': [[0xff52, 'ArrowUp']],
  '↓': [[0xff54, 'ArrowDown']],
};

/** The keysym of a character: Latin-1 is as it is, the rest is Unicode with a mark (X11 protocol, appendix A). */
export function keysymOf(character: string): number {
  const code = character.codePointAt(0) ?? 0;
  if (character === '\n') return 0xff0d;
  return code <= 0xff ? code : 0x01000000 | code;
}
