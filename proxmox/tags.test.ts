import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatTags, isTag, normaliseTags } from './tags.ts';
import { describeOracle, readFormats } from './testing/oracle.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

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

describeOracle('a tag', () => {
  test('is what the API takes for one', () => {
    const pattern = new RegExp(readFormats().formats['pve-tag']?.regexJs ?? '');
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'aZ0_-+.;:/= é\n') }), text => {
        expect(isTag(text)).toBe(pattern.test(text));
      }),
    );
  });
});
