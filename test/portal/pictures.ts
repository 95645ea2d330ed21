import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { openPage, signIn, startChromium, withoutChromium } from './chromium.ts';
import { type DemoRun, startDemo } from './demo-run.ts';

const folder = join(import.meta.dirname, '../../docs/pictures/portal');

/** How the pages are shown. */
const looks: { name: string; options: BrowserContextOptions }[] = [
  { name: 'light', options: {} },
  { name: 'dark', options: { colorScheme: 'dark' } },
  { name: 'french', options: { locale: 'fr-FR' } },
  { name: 'phone', options: { viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true } },
];

/** Proxmox has a figure a minute; a chart needs a few. */
const figuresMs = 4 * 60_000;

const pages = {
  machines: '/',
  machine: '/machines/team-a/web-1',
  new: '/new',
  profile: '/profile',
  help: '/help',
  about: '/about',
  'not-found': '/machines/team-b/runner',
};

/** Photographs every page in every look, from the demo; WebP keeps the files small. */
async function main(): Promise<void> {
  if (withoutChromium) throw new Error(withoutChromium);
  await mkdir(folder, { recursive: true });
  const demo = await startDemo();
  const chromium = await startChromium();
  try {
    await prepare(demo);
    for (const look of looks) await photograph(demo, chromium, look);
  } finally {
    await chromium.close();
    await demo.stop();
  }
}

/** Machines in several states, and figures of a few minutes. */
async function prepare({ kubectl }: DemoRun): Promise<void> {
  const stop = '{"spec":{"powerState":"Stopped"}}';
  await kubectl('-n', 'team-a', 'patch', 'vm', 'smallest', '--type=merge', '-p', stop);
  const paused = '{"spec":{"powerState":"Paused"}}';
  await kubectl('-n', 'team-a', 'patch', 'vm', 'web-2', '--type=merge', '-p', paused);
  await kubectl('-n', 'team-a', 'wait', '--for=jsonpath={.status.powerState}=Paused', 'vm/web-2', '--timeout=60s');
  await kubectl('-n', 'team-a', 'wait', '--for=jsonpath={.status.powerState}=Stopped', 'vm/smallest', '--timeout=60s');
  await new Promise(resolve => setTimeout(resolve, figuresMs));
}

async function photograph({ portalUrl }: DemoRun, chromium: Browser, { name, options }: (typeof looks)[number]) {
  const { page, close } = await openPage(chromium, options);
  await page.goto(portalUrl);
  await page.locator('h1').waitFor();
  await shoot(page, `${name}-sign-in`);
  await signIn(page, portalUrl, 'ada');
  for (const [what, path] of Object.entries(pages)) {
    await page.goto(`${portalUrl}${path}`);
    await page.locator('h1').waitFor();
    await page.locator('[data-connection="live"]').waitFor();
    if (what === 'new') await page.locator('label', { hasText: 'Debian 12' }).click();
    await page.waitForLoadState('networkidle').catch(() => {});
    await shoot(page, `${name}-${what}`);
  }
  await close();
}

/** Playwright writes PNG and JPEG only, so Chromium is asked itself. */
async function shoot(page: Page, name: string): Promise<void> {
  const client = await page.context().newCDPSession(page);
  const { cssContentSize } = await client.send('Page.getLayoutMetrics');
  const { width } = page.viewportSize() ?? cssContentSize;
  const height = Math.min(cssContentSize.height, Math.round(width * (width < 600 ? 2.6 : 1.05)));
  const { data } = await client.send('Page.captureScreenshot', {
    format: 'webp',
    quality: 82,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width, height, scale: 1 },
  });
  await client.detach();
  await writeFile(join(folder, `${name}.webp`), Buffer.from(data, 'base64'));
}

await main();
