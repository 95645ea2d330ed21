import { CELL_HEIGHT, CELL_WIDTH, isInk } from './font.ts';
import { answerChallenge } from './vnc-auth.ts';

/** The characters by the shape of their ink. */
const CHARACTERS = new Map(
  Array.from({ length: 95 }, (_, index) => String.fromCharCode(0x20 + index)).map(character => [
    shapeOf((x, y) => isInk(character, x, y)),
    character,
  ]),
);

/** A number that no two glyphs share; cells that look alike have the same. */
function shapeOf(isSet: (x: number, y: number) => boolean): number {
  let shape = 0;
  for (let y = 0; y < CELL_HEIGHT; y++) {
    for (let x = 0; x < CELL_WIDTH; x++) shape = (Math.imul(shape, 31) + (isSet(x, y) ? 1 : 0)) | 0;
  }
  return shape;
}

/**
 * A viewer of RFB for tests: it authenticates where it has to, keeps the picture up to date, and reads the text in it. It asks for the
 * next change as soon as one has arrived, as noVNC does.
 */
export class Viewer {
  readonly #password: string;
  readonly #send: (bytes: Buffer) => void;
  readonly #changes = new Set<() => void>();
  #received: Buffer = Buffer.alloc(0);
  #phase: 'version' | 'security' | 'challenge' | 'result' | 'init' | 'running' | 'refused' = 'version';
  #pixels: Buffer = Buffer.alloc(0);
  /** The text of each row, as far as it was read since it was drawn. */
  #rows: string[] = [];
  width = 0;
  height = 0;
  /** The name that the server gives its screen. */
  name = '';
  /** Why the server refused. */
  refusal: string | undefined;

  constructor(password: string, send: (bytes: Buffer) => void) {
    this.#password = password;
    this.#send = send;
  }

  get isRunning(): boolean {
    return this.#phase === 'running';
  }

  /** Takes what the server sent. */
  receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    while (this.#step());
    for (const changed of this.#changes) changed();
  }

  /** Resolves when the text of the screen, its lines joined, matches; rejects after `timeoutMs`. */
  see(pattern: RegExp, timeoutMs = 60_000): Promise<void> {
    return this.#wait(
      () => pattern.test(this.text()),
      () => `never saw ${pattern} in\n${this.text()}`,
      timeoutMs,
    );
  }

  /** Resolves when so many pixels are not black. */
  seeLight(pixels: number, timeoutMs = 60_000): Promise<void> {
    return this.#wait(
      () => this.litPixels() >= pixels,
      () => `never saw ${pixels}: ${this.litPixels()}`,
      timeoutMs,
    );
  }

  #wait(isSeen: () => boolean, describe: () => string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(describe())), timeoutMs);
      const look = () => {
        if (!isSeen()) return;
        clearTimeout(timer);
        this.#changes.delete(look);
        resolve();
      };
      this.#changes.add(look);
      look();
    });
  }

  /** What is written on the screen. */
  text(): string {
    const rows = Array.from({ length: this.height / CELL_HEIGHT }, (_, row) => {
      this.#rows[row] ??= this.#readRow(row);
      return this.#rows[row];
    });
    return rows.join('\n');
  }

  /** How many pixels are not black. */
  litPixels(): number {
    let lit = 0;
    for (let at = 0; at < this.#pixels.length; at += 4) if (this.#pixels.readUIntLE(at, 3) !== 0) lit++;
    return lit;
  }

  /** Presses and releases a key for each character; a line's end is Return. */
  type(text: string): void {
    for (const character of text) {
      const keysym = character === '\n' ? 0xff0d : character.charCodeAt(0);
      this.key(keysym, true);
      this.key(keysym, false);
    }
  }

  key(keysym: number, isDown: boolean): void {
    const message = Buffer.from([4, isDown ? 1 : 0, 0, 0, 0, 0, 0, 0]);
    message.writeUInt32BE(keysym, 4);
    this.#send(message);
  }

  pointer(x: number, y: number, buttons: number): void {
    const message = Buffer.from([5, buttons, 0, 0, 0, 0]);
    message.writeUInt16BE(x, 2);
    message.writeUInt16BE(y, 4);
    this.#send(message);
  }

  #readRow(row: number): string {
    const [left, top] = [(column: number) => column * CELL_WIDTH, row * CELL_HEIGHT];
    const cells = Array.from({ length: this.width / CELL_WIDTH }, (_, column) => {
      // The last line of dots of a cell's right edge is never ink.
      const paper = this.#pixel(left(column) + CELL_WIDTH - 1, top);
      return CHARACTERS.get(shapeOf((x, y) => this.#pixel(left(column) + x, top + y) !== paper)) ?? '\uFFFD';
    });
    return cells.join('').trimEnd();
  }

  #pixel(x: number, y: number): number {
    return this.#pixels.readUInt32LE((y * this.width + x) * 4);
  }

  /** Handles one message if it is there whole. */
  #step(): boolean {
    switch (this.#phase) {
      case 'version':
        return this.#take(12, version => {
          this.#send(version);
          this.#phase = 'security';
        });
      case 'security':
        return this.#take(2, types => {
          const needsNone = types[1] === 1;
          this.#send(Buffer.from([needsNone ? 1 : 2]));
          this.#phase = needsNone ? 'result' : 'challenge';
        });
      case 'challenge':
        return this.#take(16, challenge => {
          this.#send(answerChallenge(challenge, this.#password));
          this.#phase = 'result';
        });
      case 'result':
        return this.#take(4, result => {
          this.#phase = result.readUInt32BE(0) === 0 ? 'init' : 'refused';
          if (this.#phase === 'init') this.#send(Buffer.from([1]));
        });
      case 'refused':
        return this.#takeText(0, reason => {
          this.refusal = reason;
        });
      case 'init':
        return this.#takeText(20, (name, head) => {
          this.name = name;
          this.#resize(head.readUInt16BE(0), head.readUInt16BE(2));
          this.#phase = 'running';
          // Raw pixels, and new sizes.
          this.#send(Buffer.from([2, 0, 0, 2, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0x21]));
          this.#ask(false);
        });
      default:
        return this.#readUpdate();
    }
  }

  #take(length: number, act: (bytes: Buffer) => void): boolean {
    if (this.#received.length < length) return false;
    const bytes = this.#received.subarray(0, length);
    this.#received = this.#received.subarray(length);
    act(bytes);
    return true;
  }

  /** A head, then a text behind its length. */
  #takeText(head: number, act: (text: string, head: Buffer) => void): boolean {
    if (this.#received.length < head + 4) return false;
    const length = this.#received.readUInt32BE(head);
    return this.#take(head + 4 + length, bytes => act(bytes.subarray(head + 4).toString(), bytes));
  }

  #readUpdate(): boolean {
    if (this.#received.length < 4) return false;
    let at = 4;
    const draw: (() => void)[] = [];
    let isResized = false;
    for (let rest = this.#received.readUInt16BE(2); rest > 0; rest--) {
      if (this.#received.length < at + 12) return false;
      const [x = 0, y = 0, width = 0, height = 0] = [0, 2, 4, 6].map(offset =>
        this.#received.readUInt16BE(at + offset),
      );
      isResized = this.#received.readInt32BE(at + 8) === -223;
      const length = isResized ? 0 : width * height * 4;
      const pixels = this.#received.subarray(at + 12, at + 12 + length);
      if (pixels.length < length) return false;
      draw.push(isResized ? () => this.#resize(width, height) : () => this.#draw(x, y, width, pixels));
      at += 12 + length;
    }
    return this.#take(at, () => {
      for (const each of draw) each();
      this.#ask(!isResized);
    });
  }

  #resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.#pixels = Buffer.alloc(width * height * 4);
    this.#rows = [];
  }

  #draw(x: number, y: number, width: number, pixels: Buffer): void {
    for (let line = 0; line * width * 4 < pixels.length; line++) {
      delete this.#rows[Math.floor((y + line) / CELL_HEIGHT)];
      pixels.copy(this.#pixels, ((y + line) * this.width + x) * 4, line * width * 4, (line + 1) * width * 4);
    }
  }

  #ask(isIncremental: boolean): void {
    const message = Buffer.from([3, isIncremental ? 1 : 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    message.writeUInt16BE(this.width, 6);
    message.writeUInt16BE(this.height, 8);
    this.#send(message);
  }
}
