import { setTimeout as sleep } from 'node:timers/promises';
import axe from 'axe-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isClean, reportRetry } from './checks.ts';
import { findChromium } from './chromium.ts';
import { takeover } from './traffic.ts';
import { startWorld, type World } from './world.ts';

const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)('the accessibility of the console', () => {
  let world: World;
  const { history, attack } = takeover(11);
  const victim = attack[0]!;

  beforeAll(async () => {
    world = await startWorld(chromiumPath!);
    for (const payment of [...history, ...attack]) expect((await world.call('POST', '/decisions', payment)).status).toBe(200);
    const { body } = (await world.call('GET', '/policy')) as unknown as { body: { policy: { cutoffs: object } } };
    const policy = { ...body.policy, cutoffs: { review: 41, block: 71 } };
    expect((await world.call('PUT', '/policy', { policy, status: 'active' })).status).toBe(201);
  });

  afterAll(() => world?.stop());

  afterEach(reportRetry);

  /** Where the page scrolls sideways: what reaches beyond its edge. */
  const tooWide = `document.documentElement.scrollWidth <= innerWidth ? [] : [...document.querySelectorAll('main *')]
    .filter((element) => element.getBoundingClientRect().right > innerWidth && element.closest('.scrolls, .rows') === null)
    .map((element) => element.outerHTML.slice(0, 120))`;

  const pages = [
    ['the live view', '#/live', '.rows tbody tr'],
    ['the accounts', '#/accounts', 'table td'],
    ['an account', `#/account/${victim.accountId}`, '.verdict.verified'],
    ['a decision', `#/decision/${victim.transactionId}`, '.verdict.verified'],
    ['the reviews', '#/reviews', '.disposition button:enabled'],
    ['the policy', '#/policy', '.differences li'],
    ['the model', '#/model', '.histogram'],
    ['the sign-in page', null, 'form'],
  ] as const;

  it.each(pages)('has no accessibility violation on %s, wide or narrow, light or dark', async (_name, fragment, ready) => {
    const tab = await world.open({ initScript: axe.source, ...(fragment === null ? { key: null } : { at: fragment }) });
    const { page } = tab;
    if (fragment === '#/reviews') await page.locator('.queue li button').first().click();
    await page.locator(ready).first().waitFor();
    for (const width of [1600, 400]) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        await sleep(150);
        expect(await page.evaluate(tooWide), `scrolls sideways at ${width}`).toEqual([]);
        const found = (await page.evaluate(
          `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })`,
        )) as axe.AxeResults;
        const violations = found.violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 160)).join(' | ')}`,
        );
        expect(violations, `${width} px, ${colorScheme}`).toEqual([]);
        expect(found.passes.length).toBeGreaterThan(10);
      }
    }
    isClean(tab);
    await tab.context.close();
  });
});
