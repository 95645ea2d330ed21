import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const dist = join(import.meta.dirname, '../../portal/web/dist');

test('F132: the first load is under 250 kB of compressed script and style', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  const named = [...page.matchAll(/(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g)].map(([, file]) => file ?? '');
  // The texts of one language come with the first load, too; French ones are the longer.
  const texts = (await readdir(join(dist, 'assets')))
    .filter(file => /^fr-.*\.js$/.test(file))
    .map(file => `assets/${file}`);
  expect(texts).toHaveLength(1);
  const files = await Promise.all([...named, ...texts].map(file => readFile(join(dist, file))));
  const bytes = files.reduce((sum, content) => sum + gzipSync(content).length, 0);
  const best = files.reduce((sum, content) => sum + brotliCompressSync(content).length, 0);
  console.log(JSON.stringify({ firstLoadKB: Math.round(bytes / 1000), brotliKB: Math.round(best / 1000) }));
  expect(bytes).toBeLessThan(250_000);
});

test('F140: the page has no script or style of its own, and asks nothing of other hosts', async () => {
  const page = await readFile(join(dist, 'index.html'), 'utf8');
  expect(page).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\ssrc=)/i);
  expect(page).not.toMatch(/(?:src|href)="(?:https?:)?\/\//i);
});
