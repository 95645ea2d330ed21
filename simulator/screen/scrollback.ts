/** The last lines that a terminal was told to show, as wide as its screen. */
export class Scrollback {
  readonly #width: number;
  readonly #height: number;
  #lines: string[] = [''];

  constructor(width: number, height: number) {
    this.#width = width;
    this.#height = height;
  }

  /** Shows text in which `\r\n` ends a line and `\b` goes back by one character. */
  write(text: string): void {
    for (const character of text) this.#put(character);
    this.#lines = this.#lines.slice(-this.#height);
  }

  /** The lines from the top; the last one is where text goes on. */
  lines(): readonly string[] {
    return this.#lines;
  }

  #put(character: string): void {
    const last = this.#lines.length - 1;
    const line = this.#lines[last] ?? '';
    if (character === '\n') this.#lines.push('');
    else if (character === '\b') this.#lines[last] = line.slice(0, -1);
    else if (character !== '\r') {
      if (line.length >= this.#width) this.#lines.push(character);
      else this.#lines[last] = line + character;
    }
  }
}
