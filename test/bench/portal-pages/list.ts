import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';

/** Compressed kB of script and style that a browser loads before it shows anything. */
export async function firstLoadKB(pages: string): Promise<number | undefined> {
  const index = await readFile(join(pages, 'index.html'), 'utf8').catch(() => undefined);
  if (index === undefined) return undefined;
  const files = new Set(Array.from(index.matchAll(/\/assets\/[\w.-]+\.(?:js|css)/g), ([file]) => file));
  const sizes = await Promise.all([...files].map(async file => gzipSync(await readFile(join(pages, file))).length));
  return Math.round(sizes.reduce((sum, size) => sum + size, 0) / 100) / 10;
}

/**
 * Milliseconds from the moment at which a page has the data of its list until it has drawn it: the median of some loads.
 * Undefined without Chromium.
 */
export async function listMs(url: string, cookie: string, rows: number): Promise<number | undefined> {
  const browser = await chromium
    .launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
    .catch(() => undefined);
  if (!browser) return undefined;
  try {
    const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width: 1280, height: 860 } });
    const cookies = cookie.split('; ').map(pair => {
      const at = pair.indexOf('=');
      return {
        name: pair.slice(0, at),
        value: pair.slice(at + 1),
        url,
        secure: true,
        httpOnly: true,
        sameSite: 'Strict' as const,
      };
    });
    await context.addCookies(cookies);
    const times: number[] = [];
    for (let load = 0; load < 5; load += 1) {
      const page = await context.newPage();
      await page.addInitScript(noteData);
      await page.goto(url);
      times.push(Number(await page.evaluate(drawnAfterData(Math.min(rows, 10)))));
      await page.close();
    }
    return Math.round(times.sort((a, b) => a - b)[2] ?? 0);
  } finally {
    await browser.close();
  }
}

/** Runs in the page before its own scripts: notes when the last snapshot of the stream was taken from the network. */
const noteData = `{
  const listen = EventSource.prototype.addEventListener;
  EventSource.prototype.addEventListener = function (name, handler, ...rest) {
    const noting = event => {
      window.dataAt = performance.now();
      return handler.call(this, event);
    };
    return listen.call(this, name, name === 'snapshot' ? noting : handler, ...rest);
  };
}`;

/** Runs in the page: waits until the list shows machines, and answers how long after the data that was. */
const drawnAfterData = (rows: number) => `(async () => {
  const frame = () => new Promise(resolve => requestAnimationFrame(resolve));
  const limit = performance.now() + 30000;
  const isDrawn = () => document.querySelectorAll('a[href^="/machines/"]').length >= ${rows};
  while (!isDrawn()) {
    if (performance.now() > limit) throw new Error('the list does not show: ' + document.body.innerText.slice(0, 500));
    await frame();
  }
  await frame();
  return performance.now() - window.dataAt;
})()`;
