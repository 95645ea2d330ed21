/** A piece of DER, the binary form of certificates (ITU-T X.690). */
export type Der = Buffer;

/** One value with its tag and length. */
export function der(tag: number, ...content: (Der | number[])[]): Der {
  const body = Buffer.concat(content.map(part => Buffer.from(part)));
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body.length)]), body]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  return length < 0x1_00 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

export const sequence = (...content: Der[]): Der => der(0x30, ...content);
export const setOf = (content: Der): Der => der(0x31, content);
export const octets = (content: Der): Der => der(0x04, content);
export const bits = (content: Der): Der => der(0x03, [0], content);
export const objectId = (...bytes: number[]): Der => der(0x06, bytes);
export const text = (value: string): Der => der(0x0c, Buffer.from(value));
export const yes: Der = der(0x01, [0xff]);

/** A time until 2049, as RFC 5280 wants it. */
export const utcTime = (date: Date): Der =>
  der(0x17, Buffer.from(`${date.toISOString().replace(/\D/g, '').slice(2, 14)}Z`));
