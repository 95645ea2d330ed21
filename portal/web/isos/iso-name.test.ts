import { expect, test } from 'vitest';
import { isName, partsOf, suggestedName } from './iso-name.ts';

test('F112: an image is offered under a name that it can have', () => {
  expect(suggestedName('local:iso/debian-12.11.0-amd64-netinst.iso')).toBe('debian-12.11.0-amd64-netinst');
  expect(suggestedName('local:iso/Win_Server+2025.ISO')).toBe('win-server-2025');
  const long = suggestedName(`local:iso/-${'x'.repeat(62)}-y.iso`);
  expect(long).toBe('x'.repeat(62));
  for (const volume of ['local:iso/_A_.iso', 'local:iso/a..img']) expect(isName(suggestedName(volume))).toBe(true);
  expect(isName('Debian')).toBe(false);
});

test('a volume is a storage and a file', () => {
  expect(partsOf('nfs-1:iso/debian.iso')).toEqual({ storage: 'nfs-1', file: 'debian.iso' });
});
