import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatPropertyString, parsePropertyString } from './property-string.ts';

// The same cases in each run: whoever looks for another counterexample takes this line out.
fc.configureGlobal({ seed: 1 });

describe('parsePropertyString', () => {
  test('takes one part without key for the default key', () => {
    expect(parsePropertyString('local:200/vm-200-disk-0.qcow2,size=1G', 'file')).toEqual({
      file: 'local:200/vm-200-disk-0.qcow2',
      size: '1G',
    });
  });

  test('takes everything behind the first = for the value', () => {
    expect(parsePropertyString('serial=ZHM9bm9jbG91ZA==,base64=1')).toEqual({
      serial: 'ZHM9bm9jbG91ZA==',
      base64: '1',
    });
  });

  test('ignores empty parts, as in the boot order of a VM without disks', () => {
    expect(parsePropertyString(' ')).toEqual({});
  });

  test.each(['a=1,a=2', 'vmbr0', '=1', 'a='])('refuses %j', text => {
    expect(() => parsePropertyString(text)).toThrow(RangeError);
  });
});

describe('formatPropertyString', () => {
  test('puts the default key first and bare, the others in order', () => {
    expect(formatPropertyString({ size: '1G', discard: true, file: 'local:1', cache: undefined }, 'file')).toBe(
      'local:1,discard=1,size=1G',
    );
  });

  test('names the default key where its value has an =', () => {
    const text = formatPropertyString({ file: 'a=b', size: '1G' }, 'file');
    expect(parsePropertyString(text, 'file')).toEqual({ file: 'a=b', size: '1G' });
  });

  test.each(['vmbr0,tag=1', 'vmbr0\ntag: 1', '', ' vmbr0', 'vmbr0\u0000', 'vmbr0\u2028'])(
    'refuses %j as a value',
    bridge => {
      expect(() => formatPropertyString({ bridge })).toThrow(RangeError);
    },
  );

  test.each(['tag,bridge', 'tag=1', '', 'a b'])('refuses %j as a key', key => {
    expect(() => formatPropertyString({ [key]: '1' })).toThrow(RangeError);
  });

  test('never yields another key or value than it was given', () => {
    const hostile = fc.string({ unit: fc.constantFrom(...'ab01,=; \n\t\0:/;&%\u2028é') });
    const properties = fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z][a-z0-9_-]*$/), hostile), hostile, {
      maxKeys: 5,
    });
    fc.assert(
      fc.property(properties, fc.boolean(), (properties, hasDefault) => {
        const defaultKey = hasDefault ? Object.keys(properties)[0] : undefined;
        let text: string;
        try {
          text = formatPropertyString(properties, defaultKey);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
          return;
        }
        expect(parsePropertyString(text, defaultKey)).toEqual({ ...properties });
      }),
      { numRuns: 20_000 },
    );
  });
});
