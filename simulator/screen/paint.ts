import { CELL_HEIGHT, CELL_WIDTH, isInk, SCALE } from './font.ts';
import { type Colour, encodePixel, type PixelFormat } from './pixel-format.ts';
import type { Picture } from './screen.ts';

/** A part of a screen, in pixels. */
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

const TITLE = { ink: { red: 255, green: 255, blue: 255 }, paper: { red: 20, green: 70, blue: 140 } };
const TEXT = { ink: { red: 210, green: 210, blue: 210 }, paper: { red: 0, green: 0, blue: 0 } };

/** The size of a picture in pixels. */
export function sizeOf({ columns, rows }: Picture): { width: number; height: number } {
  return { width: columns * CELL_WIDTH, height: rows.length * CELL_HEIGHT };
}

/** The pixels of a part of a picture, from left to right and top to bottom (RFB's raw encoding). */
export function paint({ rows }: Picture, { x, y, width, height }: Rectangle, format: PixelFormat): Buffer {
  const encode = ({ ink, paper }: { ink: Colour; paper: Colour }) =>
    [encodePixel(paper, format), encodePixel(ink, format)] as const;
  const [title, text] = [encode(TITLE), encode(TEXT)];
  const length = format.bitsPerPixel / 8;
  const pixels = Buffer.allocUnsafe(width * height * length);
  // Most lines of a screen are the same as one before: nothing is on them, or the same dots.
  const painted = new Map<string, number>();
  for (let line = y, at = 0; line < y + height; line++, at += width * length) {
    const row = Math.floor(line / CELL_HEIGHT);
    const look = `${row === 0} ${Math.floor((line % CELL_HEIGHT) / SCALE)} ${rows[row]}`;
    const same = painted.get(look);
    if (same !== undefined) {
      pixels.copyWithin(at, same, same + width * length);
      continue;
    }
    painted.set(look, at);
    const [paper, ink] = row === 0 ? title : text;
    for (let column = x; column < x + width; column++) {
      const character = rows[row]?.[Math.floor(column / CELL_WIDTH)] ?? ' ';
      const pixel = isInk(character, column % CELL_WIDTH, line % CELL_HEIGHT) ? ink : paper;
      pixels.set(pixel, at + (column - x) * length);
    }
  }
  return pixels;
}

/** What both have in common; undefined if nothing. */
export function intersect(a: Rectangle, b: Rectangle): Rectangle | undefined {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.min(a.x + a.width, b.x + b.width) - x;
  const height = Math.min(a.y + a.height, b.y + b.height) - y;
  return width > 0 && height > 0 ? { x, y, width, height } : undefined;
}

/** One rectangle for each row in which two pictures of the same size differ. */
export function differences(before: Picture, after: Picture): Rectangle[] {
  return after.rows.flatMap((text, row) => {
    const old = before.rows[row] ?? '';
    if (text === old) return [];
    let first = 0;
    let end = text.length;
    while (text[first] === old[first]) first++;
    while (text[end - 1] === old[end - 1]) end--;
    const [x, width] = [first * CELL_WIDTH, (end - first) * CELL_WIDTH];
    return [{ x, y: row * CELL_HEIGHT, width, height: CELL_HEIGHT }];
  });
}

/** `before` where it is not yet replaced by the given part of `after`, in whole cells. */
export function withPart(before: Picture, after: Picture, { x, y, width, height }: Rectangle): Picture {
  const [from, to] = [Math.floor(x / CELL_WIDTH), Math.ceil((x + width) / CELL_WIDTH)];
  const [top, bottom] = [Math.floor(y / CELL_HEIGHT), Math.ceil((y + height) / CELL_HEIGHT)];
  const rows = after.rows.map((text, row) => {
    const old = (before.rows[row] ?? '').padEnd(after.columns);
    return row >= top && row < bottom ? old.slice(0, from) + text.slice(from, to) + old.slice(to) : old;
  });
  return { columns: after.columns, rows };
}
