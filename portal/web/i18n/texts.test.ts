import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { errorCodes } from '#portal/api.ts';
import en from './en.ts';
import fr from './fr.ts';
import { preferred } from './start.ts';

const web = join(import.meta.dirname, '..');
const placeholders = (text: string) => [...text.matchAll(/\{\{\w+\}\}/g)].map(([name]) => name).sort();
let code: string;

beforeAll(async () => {
  const files = await readdir(web, { recursive: true });
  const sources = files.filter(file => /\.tsx?$/.test(file) && !/^(i18n|dist)\/|\.test\.ts/.test(file));
  code = sources.map(file => readFileSync(join(web, file), 'utf8')).join('\n');
});

/** Beginnings of texts' names that the code finishes with data, such as `state.` of `state.${state}`. */
const families = () => new Set([...code.matchAll(/`([a-zA-Z.]+\.)\$\{/g)].map(([, family]) => family ?? ''));

describe('F130: texts', () => {
  test('are the same in both languages, with the same values in them', () => {
    expect(Object.keys(fr).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(fr[key].trim(), key).not.toBe('');
      expect(placeholders(fr[key]), key).toEqual(placeholders(en[key]));
    }
  });

  test('are all used', () => {
    const known = families();
    const unused = Object.keys(en).filter(key => {
      const base = key.replace(/_(one|other)$/, '');
      const family = [...known].some(prefix => base.startsWith(prefix));
      return !family && !code.includes(`'${base}'`);
    });
    expect(unused).toEqual([]);
  });

  test('are all there that the code names', () => {
    const named = [...code.matchAll(/\bt\('([^']+)'/g)].map(([, key]) => key ?? '');
    const missing = named.filter(key => !(key in en) && !(`${key}_other` in en));
    expect(missing).toEqual([]);
    expect(named.length).toBeGreaterThan(100);
  });

  test('have words for every error of the server', () => {
    for (const name of errorCodes) expect(en, name).toHaveProperty([`error.${name}`]);
  });

  test('have one word for each state, and no two states the same', () => {
    for (const texts of [en, fr]) {
      const words = Object.entries(texts).flatMap(([key, word]) => (key.startsWith('state.') ? [word] : []));
      expect(new Set(words).size).toBe(words.length);
    }
  });

  test('are in the first of the browser’s languages that there is', () => {
    expect(preferred(['de-DE', 'fr-CA', 'en'])).toBe('fr');
    expect(preferred(['de'])).toBe('en');
  });
});
