import { button, menu, paragraph, toggle } from './dom.ts';
import { messages } from './messages.ts';

/** The clipboard of a machine, by choice: what it copies is shown only once somebody has switched that on. */
export class Clipboard {
  #isShared = false;
  /** What was copied last; a machine may copy more often than a browser can follow. */
  #received: string | undefined;
  readonly #text = document.createElement('textarea');
  readonly #send: (text: string) => void;

  constructor(send: (text: string) => void) {
    this.#send = send;
  }

  /** The machine has copied something. */
  receive(text: string): void {
    if (!this.#isShared) return;
    if (this.#received === undefined) requestAnimationFrame(() => this.#show());
    this.#received = text;
  }

  #show(): void {
    const text = this.#received ?? '';
    this.#received = undefined;
    this.#text.value = text;
    // A browser may refuse where the page has not the focus; the text is to be had from the field then.
    void navigator.clipboard?.writeText(text).catch(() => {});
  }

  menu(): HTMLElement {
    const said = messages();
    this.#text.setAttribute('aria-label', said.clipboardText);
    return menu(
      said.clipboard,
      toggle(said.clipboardShare, this.#isShared, isOn => {
        this.#isShared = isOn;
      }),
      paragraph(said.clipboardWhy),
      this.#text,
      button(said.send, () => this.#send(this.#text.value)),
    );
  }
}
