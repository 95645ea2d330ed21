import { expect, test } from 'vitest';
import { drawingOf } from './os-mark.tsx';

const template = (spec: object) => ({
  metadata: { name: 't' },
  spec: { sources: [], cloneMode: 'Full' as const, ...spec },
});

test('a template is drawn by its name, and by its kind where the name says nothing', () => {
  expect(drawingOf('debian-12', undefined)).toBe('debian');
  expect(drawingOf('base', template({ displayName: 'Ubuntu 24.04 LTS' }))).toBe('ubuntu');
  expect(drawingOf('base', template({ osType: 'Windows' }))).toBe('windows');
  expect(drawingOf('base', template({ osType: 'Other' }))).toBe('other');
  expect(drawingOf('base', undefined)).toBe('linux');
});
