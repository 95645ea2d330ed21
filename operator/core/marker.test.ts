import { describe, expect, test } from 'vitest';
import { carries, formatMarker, identify, parseMarker, withMarker, withoutMarker } from './marker.ts';
import { clonedConfig, marker } from './testing/fixtures.ts';

describe('the marker line', () => {
  test('stands below what people wrote and is read back', () => {
    const description = withMarker('# Shop\n\nAsk Ann.', marker());
    expect(description).toBe('# Shop\n\nAsk Ann.\n\nberth: c1/team-a/web-1 uid=u-1 vmid=1000');
    expect(parseMarker(description)).toEqual(marker());
    expect(withoutMarker(description)).toBe('# Shop\n\nAsk Ann.');
  });

  test('comes once, however often it is written', () => {
    const twice = withMarker(withMarker('text', { ...marker(), uid: 'u-0' }), marker());
    expect(twice.match(/berth:/g)).toHaveLength(1);
    expect(carries(twice, marker())).toBe(true);
  });

  test('in the middle of a sentence it is no marker', () => {
    expect(parseMarker(`see ${formatMarker(marker())} for more`)).toBeUndefined();
  });
});

describe('whose machine it is', () => {
  test.each([
    ['the marker and the UUID agree', formatMarker(marker()), 'uuid-1', undefined, 'ours'],
    ['only the marker does', formatMarker(marker()), 'uuid-9', undefined, 'ours'],
    ['only the UUID does: somebody rewrote the description', 'rewritten', 'uuid-1', undefined, 'ours'],
    ['neither does', 'rewritten', 'uuid-9', undefined, 'foreign'],
    ["another resource's marker", formatMarker({ ...marker(), uid: 'u-2' }), 'uuid-9', undefined, 'foreign'],
    ['our marker under another VMID', formatMarker({ ...marker(), vmid: 1001 }), 'uuid-9', undefined, 'foreign'],
    ['another Kubernetes cluster', formatMarker({ ...marker(), clusterId: 'c2' }), 'uuid-9', undefined, 'foreign'],
    ['a clone copies its first disk', ' qmclone temporary file', 'uuid-9', 'clone', 'undecided'],
    ['it is being destroyed', '', 'uuid-9', 'destroyed', 'undecided'],
    ['it is backed up without a marker', '', 'uuid-9', 'backup', 'foreign'],
    [
      'a clone for another resource has its marker',
      formatMarker({ ...marker(), uid: 'u-2' }),
      'uuid-9',
      'clone',
      'foreign',
    ],
  ])('%s: %s', (_case, description, uuid, lock, expected) => {
    expect(identify(clonedConfig({ description, uuid, lock }), marker(), 'uuid-1')).toBe(expected);
  });
});
