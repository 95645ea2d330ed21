/** ASN.1 in DER, as far as a certificate needs it: each function answers one encoded value. */

const TAG = {
  boolean: 1,
  integer: 2,
  bits: 3,
  octets: 4,
  oid: 6,
  utf8: 12,
  sequence: 48,
  set: 49,
  utcTime: 23,
  time: 24,
};

function encode(tag: number, ...content: Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const digits = length.toString(16);
  const bytes = Buffer.from(digits.length % 2 === 1 ? `0${digits}` : digits, 'hex');
  return Buffer.concat([Buffer.from([0x80 | bytes.length]), bytes]);
}

export const sequence = (...items: Uint8Array[]): Buffer => encode(TAG.sequence, ...items);

export const set = (...items: Uint8Array[]): Buffer => encode(TAG.set, ...items);

/** A positive integer, big-endian. */
export function integer(bytes: Uint8Array): Buffer {
  const isNegative = ((bytes[0] ?? 0) & 0x80) !== 0;
  return encode(TAG.integer, isNegative ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

export const boolean = (value: boolean): Buffer => encode(TAG.boolean, Buffer.from([value ? 0xff : 0]));

export const octets = (content: Uint8Array): Buffer => encode(TAG.octets, content);

/** A bit string; `unused` bits at its end do not count. */
export const bits = (content: Uint8Array, unused = 0): Buffer => encode(TAG.bits, Buffer.from([unused]), content);

export const utf8 = (text: string): Buffer => encode(TAG.utf8, Buffer.from(text));

/** An object identifier such as `2.5.4.3`. */
export function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return encode(TAG.oid, Buffer.from([40 * first + second, ...rest.flatMap(base128)]));
}

function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}

/** A moment, in the one of two forms that RFC 5280 asks for: UTCTime up to 2049. */
export function time(ms: number): Buffer {
  const text = `${new Date(ms).toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return text < '2050' ? encode(TAG.utcTime, Buffer.from(text.slice(2))) : encode(TAG.time, Buffer.from(text));
}

/** A value under a context-specific tag: `constructed` around others, or else as plain content. */
export const tagged = (number: number, constructed: boolean, ...content: Uint8Array[]): Buffer =>
  encode((constructed ? 0xa0 : 0x80) | number, ...content);
