import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { findQemu } from '#simulator/screen/qemu-machine.ts';
import { openPage, startChromium, withoutChromium } from '../portal/chromium.ts';
import { type Attack, bearable, hostileConsole, mute, unreadable } from './hostile.ts';
import { type ConsoleLab, consoleLab, portalOrigin } from './lab.ts';
import { type Invitation, invite, Visitor, watchScreen } from './visitor.ts';

const hasQemu = findQemu(process.env.PATH ?? '') !== undefined;

/** What a portal does to open a console, and what it hears of it. */
const portalPage = `<!doctype html><title>portal</title><script>
  const heard = [];
  addEventListener('message', event => heard.push({ origin: event.origin, data: event.data }));
  function openConsole(url, verifier) {
    const form = document.createElement('form');
    Object.assign(form, { method: 'post', action: url, target: 'console' });
    form.innerHTML = '<input type="hidden" name="verifier">';
    form.firstChild.value = verifier;
    document.body.append(form);
    open('about:blank', 'console');
    form.submit();
  }
</script><body>`;

/** Opens a console as the portal's page does. */
async function openFromPortal(portal: Page, { url, verifier }: Invitation): Promise<Page> {
  await portal
    .context()
    .route(`${portalOrigin}/**`, route =>
      route.fulfill({ contentType: 'text/html', body: portalPage, headers: { 'referrer-policy': 'strict-origin' } }),
    );
  await portal.goto(`${portalOrigin}/`);
  const popup = portal.waitForEvent('popup');
  await portal.evaluate(`openConsole(${JSON.stringify(url)}, ${JSON.stringify(verifier)})`);
  const console = await popup;
  await console.waitForURL(/\/(screen|serial)\//);
  return console;
}

/** How many pixels of the picture are not black. */
const lit = (page: Page): Promise<number> =>
  page.evaluate(`(() => {
    const canvas = document.querySelector('canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let lit = 0;
    for (let at = 0; at < data.length; at += 4) if (data[at] + data[at + 1] + data[at + 2] > 60) lit++;
    return lit;
  })()`);

/** Memory of the largest of a browser's processes that show pages. */
async function largestRendererMiB(browser: Browser): Promise<number> {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  await session.detach();
  const sizes = processInfo
    .filter(({ type }) => type === 'renderer')
    .map(({ id }) => {
      try {
        return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${id}/status`, 'utf8'))?.[1] ?? 0) / 1024;
      } catch {
        return 0; // The page was closed, and its process has ended meanwhile.
      }
    });
  return Math.max(...sizes);
}

/** Without what Chromium says of our looking at the picture. */
const ofThePage = (complaints: string[]): string[] => complaints.filter(text => !text.includes('getImageData'));

const title = withoutChromium === undefined ? 'in Chromium' : `in Chromium (skipped: ${withoutChromium})`;

describe.skipIf(withoutChromium)(title, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  describe('a simulated machine', () => {
    let lab: ConsoleLab;
    beforeAll(async () => {
      lab = await consoleLab();
      await lab.allow('ada', { user: 'ada' });
    });
    afterAll(() => lab?.close());

    test('F80, F84: shows its screen, takes keys, and asks the portal for power', async () => {
      const { page, complaints, close } = await openPage(browser);
      const console = await openFromPortal(page, await invite(lab, 'ada'));
      await expect.poll(() => lit(console)).toBeGreaterThan(500);
      const visitor = new Visitor(lab);
      const other = await invite(lab, 'ada');
      const { viewer, socket } = watchScreen(await visitor.upgrade(other, { cookie: await visitor.open(other) }));
      await viewer.see(/web/);
      await console.locator('canvas').click();
      await console.keyboard.type('echo from-chromium\n');
      await viewer.see(/^from-chromium$/m);
      socket.close(1000);
      await visitor.close();

      await console.getByText('Power', { exact: true }).click();
      await console.getByRole('button', { name: 'Shut down' }).click();
      await expect
        .poll(() => page.evaluate('heard'))
        .toEqual([{ origin: lab.console.url, data: { berth: 'power', action: 'Shutdown' } }]);
      expect(console.url()).toMatch(/\/screen\/[^/?#]+\/[^/?#]+$/);
      await console.getByRole('button', { name: 'Disconnect' }).click();
      await console.getByText('The console was closed.').waitFor();
      expect(ofThePage(complaints)).toEqual([]);
      await close();
    });

    test('F86: has a serial console that answers; no other page may have styles of its own', async () => {
      const { page, close } = await openPage(browser);
      const console = await openFromPortal(page, await invite(lab, 'ada', { type: 'Serial' }));
      const violations: string[] = [];
      console.on('console', message => violations.push(message.text()));
      const rows = console.locator('.xterm-rows');
      await expect.poll(() => rows.textContent()).toContain('root@web');
      await console.keyboard.type('hostname\n');
      await expect.poll(() => rows.textContent()).toMatch(/hostname\s*web\s*root@web/);
      expect(violations.filter(text => text.includes('Content Security Policy'))).toEqual([]);
      await close();
      const visitor = new Visitor(lab);
      const policy = async (path: string) => (await visitor.get(path)).headers['content-security-policy'];
      expect(await policy('/serial/a/b')).toContain("style-src 'self' 'unsafe-inline';");
      expect(await policy('/screen/a/b')).toContain("style-src 'self';");
      for (const path of ['/serial/a/b', '/screen/a/b', '/open']) {
        expect(await policy(path)).toContain("script-src 'self';");
        expect(await policy(path)).toContain("frame-ancestors 'none'");
      }
      await visitor.close();
    });

    test('opens from an address that a command printed, once; nothing secret stays in the address', async () => {
      const args = ['cli/berth.ts', 'console', 'web', '--namespace', lab.namespace, '--print'];
      const { stdout } = await promisify(execFile)(process.execPath, [
        ...args,
        '--kubeconfig',
        lab.controlPlane.kubeconfig,
      ]);
      const { page, complaints, close } = await openPage(browser, { locale: 'fr-FR' });
      await page.goto(stdout.trim());
      await page.waitForURL(/\/screen\//);
      await expect.poll(() => lit(page)).toBeGreaterThan(500);
      await page.getByRole('button', { name: 'Lecture seule' }).waitFor();
      expect(ofThePage(complaints)).toEqual([]);
      await page.goBack();
      expect(page.url()).not.toContain('#');
      await page.goto('about:blank');
      await page.goto(stdout.trim());
      await page.getByText('Cette console a déjà été ouverte.').waitFor();
      await close();
    });

    describe('F80: with a server that attacks it', () => {
      let shown: ConsoleLab['proxmox']['console'];
      beforeAll(() => {
        shown = lab.proxmox.console;
      });
      afterEach(() => {
        lab.proxmox.console = shown;
      });

      /** Opens a console of this server, and looks whether the page has come through it. */
      async function attacked(attack: Attack, see: (console: Page) => Promise<void>): Promise<void> {
        lab.proxmox.console = hostileConsole(attack);
        const { page, close } = await openPage(browser);
        const console = await openFromPortal(page, await invite(lab, 'ada'));
        const violations: string[] = [];
        console.on('console', message => violations.push(message.text()));
        await see(console);
        expect(await console.evaluate('[window.pwned, document.title]')).toEqual([undefined, 'web – Berth']);
        expect(violations.filter(text => text.includes('Content Security Policy'))).toEqual([]);
        // What was thrown away may still be there for a moment.
        await expect.poll(() => largestRendererMiB(browser)).toBeLessThan(512);
        await close();
      }

      test.each(Object.entries(unreadable))('%s: says that this is no picture, and stays alive', (_, attack) =>
        attacked(attack, console => console.getByText('something that is no picture').waitFor()),
      );

      test.each(Object.entries(bearable))('%s: goes on', (_, attack) =>
        attacked(attack, console => expect.poll(() => lit(console)).toBeGreaterThan(9_000)),
      );

      test('that is silent: says so after a while, and connects again when asked', async () => {
        lab.proxmox.console = hostileConsole(mute);
        const { page, close } = await openPage(browser);
        await page.context().clock.install();
        const console = await openFromPortal(page, await invite(lab, 'ada'));
        const notice = async () => {
          await console.clock.fastForward(21_000);
          return console.locator('#notice').textContent();
        };
        await expect.poll(notice).toContain('nothing comes from the machine');
        lab.proxmox.console = shown;
        await console.getByRole('button', { name: 'Connect again' }).click();
        await expect.poll(() => lit(console)).toBeGreaterThan(500);
        await expect.poll(() => console.locator('#notice').isHidden()).toBe(true);
        await close();
      });
    });

    test('fits a phone, and takes what its keyboard types', async () => {
      const { page, close } = await openPage(browser, { viewport: { width: 390, height: 760 }, hasTouch: true });
      const console = await openFromPortal(page, await invite(lab, 'ada'));
      await expect.poll(() => lit(console)).toBeGreaterThan(500);
      expect(await console.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
      const before = await lit(console);
      await console.getByRole('button', { name: 'Keyboard' }).click();
      await console.keyboard.insertText('WWWWWWWWWW');
      await expect.poll(() => lit(console)).not.toBe(before);
      await close();
    });
  });

  const real = hasQemu ? 'a real QEMU' : 'a real QEMU (skipped: apt-get install qemu-system-x86)';
  describe.skipIf(!hasQemu)(real, () => {
    let lab: ConsoleLab;
    beforeAll(async () => {
      lab = await consoleLab({ qemu: true });
      await lab.allow('ada', { user: 'ada' });
    });
    afterAll(() => lab?.close());

    test('F80: its firmware’s screen is seen, and keys change it', async () => {
      const { page, close } = await openPage(browser);
      const console = await openFromPortal(page, await invite(lab, 'ada'));
      await expect.poll(() => lit(console)).toBeGreaterThan(500);
      // Far more than the firmware writes by itself.
      const typed = async () => {
        await console.keyboard.type('WWWWWWWWWWWWWWWWWWWW');
        return lit(console);
      };
      await expect.poll(typed, { interval: 200 }).toBeGreaterThan(15_000);
      await close();
    });
  });
});
