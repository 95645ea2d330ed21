import { expect, test } from 'vitest';
import { formatsOf } from './formats.ts';

const spaces = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');

test('F130: sizes, rates and times are written as each language does', () => {
  const [en, fr] = [formatsOf('en'), formatsOf('fr')];
  expect(spaces(en.size(512))).toBe('512 MiB');
  expect(spaces(en.size(1536))).toBe('1.5 GiB');
  expect(spaces(fr.size(1536))).toBe('1,5 Gio');
  expect(spaces(en.size(2 * 1024 ** 2))).toBe('2 TiB');
  expect(spaces(en.rate(1_234_567))).toBe('1.2 MB/s');
  expect(spaces(fr.rate(999))).toBe('999 o/s');
  expect(spaces(en.span(90_061))).toBe('1 d 1 h');
  const now = Date.parse('2026-01-01T12:00:00Z');
  expect(en.ago('2026-01-01T11:57:00Z', now)).toBe('3 minutes ago');
  expect(fr.ago('2025-12-31T12:00:00Z', now)).toBe('hier');
});
