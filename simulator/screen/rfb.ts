import { differences, intersect, paint, type Rectangle, sizeOf, withPart } from './paint.ts';
import { DEFAULT_FORMAT, type PixelFormat, readPixelFormat, writePixelFormat } from './pixel-format.ts';
import type { Picture, Screen } from './screen.ts';
import { CHALLENGE_LENGTH, isRightAnswer } from './vnc-auth.ts';

const VERSION = Buffer.from('RFB 003.008\n');
const VNC_AUTHENTICATION = 2;
const RAW = 0;
const DESKTOP_SIZE = -223;

/** A longer text for the clipboard ends the session; QEMU has the same limit. */
const MAX_CUT_TEXT = 1 << 20;

/** What a session needs from outside. */
export interface RfbOptions {
  screen: Screen;
  /** Its first eight characters count. */
  password: string;
  /** CHALLENGE_LENGTH random bytes. */
  challenge: Buffer;
  send(bytes: Buffer): void;
  /** The server is done with the connection: the viewer is not who it should be, or speaks no RFB. */
  end(): void;
}

/** Takes one message off the front of what was received and answers its length; 0 while it is incomplete. */
type Step = (received: Buffer) => number;

/**
 * The server's side of RFB 3.8 (RFC 6143) for one viewer of a screen: VncAuth, raw pixels, changes sent when they are
 * asked for, and a new size where the viewer understands it.
 */
export class RfbSession {
  readonly #options: RfbOptions;
  #received: Buffer = Buffer.alloc(0);
  #step: Step;
  #isOpen = true;
  #unwatch: (() => void) | undefined;
  #format: PixelFormat = DEFAULT_FORMAT;
  #knowsSizes = false;
  /** What the viewer has on its screen. */
  #shown: Picture | undefined;
  /** The part of which the viewer waits for a change. */
  #waitsFor: Rectangle | undefined;

  constructor(options: RfbOptions) {
    this.#options = options;
    this.#step = received => this.#readVersion(received);
    options.send(VERSION);
  }

  /** Takes what the viewer sent, in pieces of any size. */
  receive(bytes: Buffer): void {
    this.#received = Buffer.concat([this.#received, bytes]);
    for (let length = -1; this.#isOpen && length !== 0; ) {
      length = this.#step(this.#received);
      this.#received = this.#received.subarray(length);
    }
  }

  /** The connection is gone, or is to go. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#unwatch?.();
    this.#options.end();
  }

  #readVersion(received: Buffer): number {
    if (received.length < VERSION.length) return 0;
    if (!received.subarray(0, VERSION.length).equals(VERSION)) this.close();
    else this.#options.send(Buffer.from([1, VNC_AUTHENTICATION]));
    this.#step = rest => this.#readSecurity(rest);
    return VERSION.length;
  }

  #readSecurity(received: Buffer): number {
    if (received.length < 1) return 0;
    if (received[0] !== VNC_AUTHENTICATION) this.close();
    else this.#options.send(this.#options.challenge);
    this.#step = rest => this.#readAnswer(rest);
    return 1;
  }

  #readAnswer(received: Buffer): number {
    if (received.length < CHALLENGE_LENGTH) return 0;
    const { challenge, password, send } = this.#options;
    if (isRightAnswer(challenge, received.subarray(0, CHALLENGE_LENGTH), password)) send(uint32(0));
    else {
      // QEMU sends the end of its string too.
      const reason = Buffer.from('Authentication failed\0');
      send(Buffer.concat([uint32(1), uint32(reason.length), reason]));
      this.close();
    }
    this.#step = rest => this.#readClientInit(rest);
    return CHALLENGE_LENGTH;
  }

  /** The byte says whether others may watch too; they always may. */
  #readClientInit(received: Buffer): number {
    if (received.length < 1) return 0;
    const { screen, send } = this.#options;
    this.#shown = screen.picture();
    const { width, height } = sizeOf(this.#shown);
    const name = Buffer.from(`QEMU (${screen.guest.name()})`);
    const pixelFormat = writePixelFormat(DEFAULT_FORMAT);
    send(Buffer.concat([uint16(width), uint16(height), pixelFormat, uint32(name.length), name]));
    this.#unwatch = screen.watch(() => this.#update());
    this.#step = rest => this.#readMessage(rest);
    return 1;
  }

  #readMessage(received: Buffer): number {
    if (received.length < 1) return 0;
    const length = this.#lengthOf(received);
    if (length === undefined) {
      this.close();
      return 0;
    }
    if (length === 0 || received.length < length) return 0;
    this.#act(received.subarray(0, length));
    return length;
  }

  /** The length of the message in front; 0 while it cannot be told, undefined if there is no such message. */
  #lengthOf(received: Buffer): number | undefined {
    switch (received[0]) {
      case 0:
        return 20;
      case 2:
        return received.length < 4 ? 0 : 4 + 4 * received.readUInt16BE(2);
      case 3:
        return 10;
      case 4:
        return 8;
      case 5:
        return 6;
      case 6: {
        const text = received.length < 8 ? 0 : received.readUInt32BE(4);
        return text > MAX_CUT_TEXT ? undefined : 8 + text;
      }
      default:
        return undefined;
    }
  }

  #act(message: Buffer): void {
    const { screen } = this.#options;
    switch (message[0]) {
      case 0: {
        const format = readPixelFormat(message.subarray(4));
        if (format) this.#format = format;
        else this.close();
        break;
      }
      case 2:
        this.#knowsSizes = false;
        for (let at = 4; at < message.length; at += 4) this.#knowsSizes ||= message.readInt32BE(at) === DESKTOP_SIZE;
        break;
      case 3:
        this.#request(message);
        break;
      case 4:
        screen.key(message.readUInt32BE(4), message[1] === 1);
        break;
      case 5:
        screen.pointer(message.readUInt16BE(2), message.readUInt16BE(4), message[1] ?? 0);
        break;
      default: // The clipboard has no use here.
    }
  }

  #request(message: Buffer): void {
    const [x = 0, y = 0, width = 0, height = 0] = [2, 4, 6, 8].map(at => message.readUInt16BE(at));
    const isIncremental = message[1] !== 0;
    this.#waitsFor = { x, y, width, height };
    if (!this.#sendSize()) this.#sendPixels(isIncremental);
  }

  /** Something may have changed. A viewer that waits is told; any other is told when it asks. */
  #update(): void {
    if (this.#waitsFor && !this.#sendSize()) this.#sendPixels(true);
  }

  /** Tells a viewer that can follow it of a new size; the picture is sent when it asks again. */
  #sendSize(): boolean {
    const next = this.#options.screen.picture();
    if (!this.#knowsSizes || !this.#shown || sameSize(this.#shown, next)) return false;
    const { width, height } = sizeOf(next);
    this.#options.send(Buffer.concat([updateHeader(1), rectangleHeader({ x: 0, y: 0, width, height }, DESKTOP_SIZE)]));
    this.#shown = { columns: next.columns, rows: next.rows.map(() => '') };
    this.#waitsFor = undefined;
    return true;
  }

  /** Sends the part that the viewer waits for: what changed in it, if anything did, or all of it. */
  #sendPixels(onlyChanges: boolean): void {
    const [part, shown] = [this.#waitsFor, this.#shown];
    if (!part || !shown) return;
    const next = this.#cut(this.#options.screen.picture());
    const changes = onlyChanges ? differences(shown, next) : [{ x: 0, y: 0, ...sizeOf(next) }];
    const rectangles = changes.map(change => intersect(change, part)).filter(change => change !== undefined);
    if (onlyChanges && rectangles.length === 0) return;
    const parts = rectangles.flatMap(each => [rectangleHeader(each, RAW), paint(next, each, this.#format)]);
    this.#options.send(Buffer.concat([updateHeader(rectangles.length), ...parts]));
    this.#shown = withPart(shown, next, part);
    this.#waitsFor = undefined;
  }

  /** The picture in the size that the viewer knows. */
  #cut(picture: Picture): Picture {
    const { columns, rows } = this.#shown ?? picture;
    if (sameSize(picture, { columns, rows })) return picture;
    return { columns, rows: rows.map((_, row) => (picture.rows[row] ?? '').slice(0, columns).padEnd(columns)) };
  }
}

function sameSize(a: Picture, b: Picture): boolean {
  return a.columns === b.columns && a.rows.length === b.rows.length;
}

/** The head of a FramebufferUpdate. */
function updateHeader(rectangles: number): Buffer {
  return Buffer.concat([Buffer.from([0, 0]), uint16(rectangles)]);
}

function rectangleHeader({ x, y, width, height }: Rectangle, encoding: number): Buffer {
  const kind = Buffer.alloc(4);
  kind.writeInt32BE(encoding);
  return Buffer.concat([uint16(x), uint16(y), uint16(width), uint16(height), kind]);
}

function uint16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
