import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { virtualMachines } from '#api/kinds.ts';
import { machine } from '../quota/stage.ts';
import { openPage, signIn, startChromium, withoutChromium } from './chromium.ts';
import { type PortalStage, portalStage, type RunningPortal } from './stage.ts';

/** More than any team has. */
const many = 1_000;

const pages = join(import.meta.dirname, '../../portal/web/dist');

/** How many are made at a time. */
const together = 25;

describe.skipIf(withoutChromium)('F71: the page of a thousand machines', () => {
  let stage: PortalStage;
  let portal: RunningPortal;
  let chromium: Browser;
  let opened: Awaited<ReturnType<typeof openPage>>;

  beforeAll(async () => {
    stage = await portalStage();
    const names = Array.from({ length: many }, (_, index) => `m-${index + 1}`);
    for (let at = 0; at < many; at += together) {
      const batch = names.slice(at, at + together);
      await Promise.all(batch.map(name => stage.kube.create(virtualMachines, machine(stage.teamA, name))));
    }
    portal = await stage.start({ pages });
    chromium = await startChromium();
    opened = await openPage(chromium);
    await signIn(opened.page, stage.origin, 'ada');
  });
  afterAll(async () => {
    await chromium?.close();
    await stage?.close();
  });

  test('has all of them, and makes only the rows that can be seen', async () => {
    const { page } = opened;
    const table = page.getByRole('table');
    await table.waitFor();
    await expect.poll(() => table.getAttribute('aria-rowcount')).toBe(String(many + 1));
    expect(await page.getByRole('row').count()).toBeLessThan(100);
    expect(await page.getByRole('row').nth(1).textContent()).toContain('m-1');
  });

  test('scrolls to its end', async () => {
    const { page } = opened;
    const last = page.locator(`tr[aria-rowindex="${many + 1}"]`);
    const scroll = async () => {
      await page.evaluate('window.scrollTo(0, document.body.scrollHeight)');
      return last.count();
    };
    await expect.poll(scroll).toBe(1);
    expect(await last.textContent()).toContain(`m-${many}`);
    expect(await page.getByRole('row').count()).toBeLessThan(100);
  });

  test('F70: finds one by a part of its name, and shows a change of it', async () => {
    const { page } = opened;
    await page.getByRole('searchbox').fill('M-777');
    await expect.poll(() => page.getByRole('row').count()).toBe(2);
    await stage.kube.remove(virtualMachines, { namespace: stage.teamA, name: 'm-777' });
    await page.getByText('No machine matches.').waitFor();
    expect(opened.complaints.filter(text => !/status of 40[14]/.test(text))).toEqual([]);
  });

  test('F72: whose team has no machine yet is told how to make one', async () => {
    const grace = await openPage(chromium);
    await signIn(grace.page, stage.origin, 'grace');
    await grace.page.getByRole('heading', { name: 'Make your first machine' }).waitFor();
    await grace.page.locator('main').getByRole('link', { name: 'New machine' }).click();
    await grace.page.getByRole('button', { name: 'Create machine' }).waitFor();
    await grace.close();
  });

  test('F131 F133: goes on by itself when the portal was away, and nothing that was typed is lost', async () => {
    const { page } = opened;
    await page.getByRole('searchbox').fill('m-778');
    await portal.stop();
    await page.locator('[data-connection="lost"]').waitFor();
    await page.getByText('It is made again by itself; what you type stays.').waitFor();
    await stage.kube.remove(virtualMachines, { namespace: stage.teamA, name: 'm-778' });
    portal = await stage.start({ pages, sessions: { idleMs: 4 * 60_000, absoluteMs: 86_400_000 } });
    await page.locator('[data-connection="live"]').waitFor();
    await page.getByText('No machine matches.').waitFor();
    expect(await page.getByRole('searchbox').inputValue()).toBe('m-778');
  });

  test('F17: tells that the session is about to end, and offers to prolong it', async () => {
    const grace = await openPage(chromium);
    await signIn(grace.page, stage.origin, 'grace');
    await grace.page.locator('p', { hasText: /Your session ends in \d minutes/ }).waitFor();
    await grace.page.getByRole('button', { name: 'Stay signed in' }).click();
    expect(grace.complaints.filter(text => !/status of 40[14]/.test(text))).toEqual([]);
    await grace.close();
  });
});
