/** How a viewer wants its pixels (RFC 6143, 7.4). */
export interface PixelFormat {
  bitsPerPixel: number;
  isBigEndian: boolean;
  max: Colour;
  shift: Colour;
}

/** Parts of a colour, each from 0 to 255, or what a format does with each. */
export interface Colour {
  red: number;
  green: number;
  blue: number;
}

const PARTS = ['red', 'green', 'blue'] as const;

/** 32 bits of true colour, what QEMU offers first. */
export const DEFAULT_FORMAT: PixelFormat = {
  bitsPerPixel: 32,
  isBigEndian: false,
  max: { red: 255, green: 255, blue: 255 },
  shift: { red: 16, green: 8, blue: 0 },
};

/** The 16 bytes of a format in a message. */
export function writePixelFormat({ bitsPerPixel, isBigEndian, max, shift }: PixelFormat): Buffer {
  const bytes = Buffer.alloc(16);
  bytes.set([bitsPerPixel, 24, isBigEndian ? 1 : 0, 1]);
  PARTS.forEach((part, index) => {
    bytes.writeUInt16BE(max[part], 4 + 2 * index);
    bytes[10 + index] = shift[part];
  });
  return bytes;
}

/** Reads those 16 bytes; undefined for formats with a palette, and for widths that RFB does not have. */
export function readPixelFormat(bytes: Buffer): PixelFormat | undefined {
  const [bitsPerPixel = 0, , bigEndian, trueColour] = bytes;
  if (![8, 16, 32].includes(bitsPerPixel) || trueColour === 0) return undefined;
  const colour = (read: (index: number) => number) => ({ red: read(0), green: read(1), blue: read(2) });
  return {
    bitsPerPixel,
    isBigEndian: bigEndian !== 0,
    max: colour(index => bytes.readUInt16BE(4 + 2 * index)),
    shift: colour(index => bytes[10 + index] ?? 0),
  };
}

/** The bytes of one pixel. */
export function encodePixel(colour: Colour, { bitsPerPixel, isBigEndian, max, shift }: PixelFormat): Buffer {
  const length = bitsPerPixel / 8;
  const value = PARTS.reduce((sum, part) => sum + Math.round((colour[part] * max[part]) / 255) * 2 ** shift[part], 0);
  const bytes = Buffer.alloc(length);
  if (isBigEndian) bytes.writeUIntBE(value % 2 ** bitsPerPixel, 0, length);
  else bytes.writeUIntLE(value % 2 ** bitsPerPixel, 0, length);
  return bytes;
}
