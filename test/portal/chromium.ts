import { accessSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** Where Debian has it; CHROMIUM names another. */
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Why tests with a browser cannot run here, if they cannot. */
export const withoutChromium: string | undefined = (() => {
  try {
    accessSync(executablePath);
    return undefined;
  } catch {
    return `there is no ${executablePath}: apt-get install chromium, or name another in CHROMIUM`;
  }
})();

/** How long a page, or Chromium itself, may take for anything, on a machine with other things to do. */
const patienceMs = 90_000;

/** Starts Chromium without anything that it does on its own account. */
export const startChromium = (): Promise<Browser> =>
  chromium.launch({
    executablePath,
    timeout: patienceMs,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });

/** A page in a browser of its own kind: a language, a look, a size. What it complains of is kept. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}) {
  const context = await browser.newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: 1280, height: 860 },
    locale: 'en-GB',
    reducedMotion: 'reduce',
    ...options,
  });
  // Of the context, so that it holds for windows that a page opens, too.
  context.setDefaultTimeout(patienceMs);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on('pageerror', error => complaints.push(String(error)));
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  return { page, complaints, close: () => context.close() };
}

/** Signs in as people do: the button, the identity provider's page, and back to the page that was asked for. */
export async function signIn(page: Page, url: string, name: string, password = 'demo'): Promise<void> {
  await page.goto(url);
  await page.locator('a[href^="/auth/login"]').click();
  await page.locator('input[name="name"]').fill(name);
  await page.locator('input[name="password"]').fill(password);
  await page.locator('button[type="submit"]').click();
  await page.locator('[data-connection="live"]').waitFor();
}
