import { describe, expect, test } from 'vitest';
import { formatTags, isTag, normaliseTags } from './tags.ts';

describe('tags', () => {
  test('are compared lower-cased, each once and sorted, as Proxmox stores them', () => {
    expect(normaliseTags(['K8s', 'cap', 'cluster-x', 'CAP'])).toEqual(['cap', 'cluster-x', 'k8s']);
  });

  test('are written with semicolons', () => {
    expect(formatTags(['web', 'berth'])).toBe('berth;web');
  });

  test.each(['', 'a;b', 'a b', 'a:b', 'a/b', 'a=b', '-a', 'é'])('are not %j', tag => {
    expect(isTag(tag)).toBe(false);
    expect(() => formatTags([tag])).toThrow(RangeError);
  });
});
