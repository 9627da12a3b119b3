import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { consoleFolder } from '../../console/build.ts';
import { canonicalText, sha256Hex } from '../../shared/proof/canonical.ts';
import { labelKey } from '../../shared/store/names.ts';
import { isClean, reportRetry, script } from './checks.ts';
import { findChromium } from './chromium.ts';
import { takePictures } from './pictures.ts';
import { takeover } from './traffic.ts';
import { startWorld, type World } from './world.ts';

const chromiumPath = findChromium();
const bytesMax = 250 * 1024;
const seenWithinMs = 3_000;

interface AuditAnswer {
  readonly items: readonly {
    readonly body: Record<string, unknown>;
    readonly hash: string;
    readonly inputs: Record<string, unknown>;
  }[];
}

describe.skipIf(chromiumPath === null)('the console in a browser', () => {
  let world: World;
  const { history, attack } = takeover(11);
  const victim = attack[0]!;

  beforeAll(async () => {
    world = await startWorld(chromiumPath!);
    for (const payment of history) expect((await world.call('POST', '/decisions', payment)).status).toBe(200);
  });

  afterAll(() => world?.stop());

  afterEach(reportRetry);

  it('weighs at most 250 KB, compressed', () => {
    const files = readdirSync(consoleFolder, { recursive: true, encoding: 'utf8' }).map((name) => join(consoleFolder, name));
    const bytes = files
      .filter((file) => statSync(file).isFile())
      .reduce((sum, file) => sum + gzipSync(readFileSync(file)).length, 0);
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThanOrEqual(bytesMax);
  });

  it('allows scripts, styles and connections of its own origin only', async () => {
    for (const path of ['/', '/console']) {
      const answer = await fetch(world.stack.url + path);
      const html = await answer.text();
      expect(answer.headers.get('content-security-policy')?.split('; ')).toEqual([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
      ]);
      expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
      expect(answer.headers.get('referrer-policy')).toBe('no-referrer');
      expect(html).not.toMatch(/<style|style=|<script(?![^>]*\bsrc=)|(?:href|src)="(?:\/|[a-z]+:)/);
    }
  });

  it('shows a takeover within three seconds, explains it, undoes a disposition and records another, and checks the audit chain', async () => {
    const tab = await world.open();
    const { page } = tab;
    await page.getByRole('heading', { name: 'Live', exact: true }).waitFor();
    await page.locator('.rows tbody tr').first().waitFor();

    // Sent through the queue, as payments are.
    for (const [index, transaction] of attack.entries()) {
      const given = index === 0 ? { ...transaction, metadata: { note: script, [script.slice(0, 60)]: 'x' } } : transaction;
      const sentMs = Date.now();
      const sent = await world.call('POST', '/transactions', given);
      expect(sent.status).toBe(202);
      await page.locator('.rows').getByText(transaction.transactionId, { exact: true }).waitFor();
      expect(Date.now() - sentMs).toBeLessThanOrEqual(seenWithinMs);
    }

    // Filters narrow the table; the row of the worst payment opens its decision.
    await page.getByLabel('Account, user or transaction').fill(victim.accountId);
    await page.getByRole('group', { name: 'Outcome' }).getByRole('button', { name: 'Block' }).click();
    const row = page.locator('.rows tbody tr.block').first();
    await row.waitFor();
    const transactionId = (await row.locator('td').last().textContent())!.trim();
    expect(attack.map((sent) => sent.transactionId)).toContain(transactionId);
    await row.locator('td').first().click();

    // The reasons, as bars and as words, add up to the score.
    await page.locator('.waterfall').waitFor();
    const { body: decision } = (await world.call('GET', `/decisions/${transactionId}`)) as unknown as {
      body: { score: number; reasons: { points: number; text: string }[]; audit: { hash: string; sequence: number } };
    };
    for (const { text } of decision.reasons) await page.locator('.waterfall').getByText(text, { exact: true }).waitFor();
    const points = await page.locator('.waterfall li:not(.total) .points').allTextContents();
    const sum = points.filter((text) => text !== 'decides').reduce((total, text) => total + Number(text), 0);
    expect(Math.min(100, sum)).toBe(decision.score);
    expect(await page.locator('.waterfall .total .points').textContent()).toBe(String(decision.score));
    await page.getByText('What would have changed this.').waitFor();

    // The browser checks the chain; other code checks it here.
    await page.locator('.verdict.verified').waitFor();
    expect(await page.locator('.verdict').textContent()).toContain(`the ${decision.audit.sequence - 1} before it`);
    expect(await page.locator('.facts .hash').first().textContent()).toBe(decision.audit.hash);

    // An undone disposition is not sent.
    await page.keyboard.press('l');
    await page.locator('.toast.held').getByText('Legitimate').waitFor();
    await page.keyboard.press('z');
    await page.locator('.toast').waitFor({ state: 'detached' });

    // This one is sent, with a note that stays text.
    await page.keyboard.press('n');
    await page.keyboard.type(script);
    await page.keyboard.press('Escape');
    await page.keyboard.press('f');
    await page.locator('.toast.sent').getByText('is recorded').waitFor();
    const reviews = tab.requests.filter((asked) => asked.startsWith('POST'));
    expect(reviews).toEqual([`POST ${world.stack.url}/decisions/${transactionId}/review`]);

    // The database holds the label, and an entry that continues the chain.
    const label = await world.stack.table.get(labelKey('dev', transactionId));
    expect(JSON.stringify(label)).toContain('CONFIRMED_FRAUD');
    const { body: audit } = (await world.call('GET', `/accounts/${victim.accountId}/audit?limit=200`)) as unknown as {
      body: AuditAnswer;
    };
    const entry = audit.items.findLast(({ body }) => body.event === 'REVIEWED')!;
    expect(entry.inputs).toMatchObject({ transactionId, disposition: 'CONFIRMED_FRAUD', note: script });
    expect(sha256Hex(canonicalText(entry.body))).toBe(entry.hash);
    expect(entry.body.previousHash).toBe(audit.items.at(audit.items.indexOf(entry) - 1)!.hash);

    // The account's page shows who reviewed it and the note.
    await tab.go(`#/account/${victim.accountId}`);
    await page.locator('.verdict.verified').waitFor();
    await page.locator('.event', { hasText: 'Confirmed fraud' }).waitFor();
    expect(await page.locator('.event q').first().textContent()).toBe(script);
    isClean(tab);
    await tab.context.close();
  }, 90_000);

  it('shows scripts in metadata as text', async () => {
    const tab = await world.open({ at: `#/decision/${victim.transactionId}` });
    await tab.page.locator('.given', { hasText: script }).waitFor();
    expect(await tab.page.locator('.given').allTextContents()).toContain(script);
    expect(await tab.page.locator('img, iframe, #console script').count()).toBe(0);
    isClean(tab);
    await tab.context.close();
  });

  it('shows scripts in rules as text, and what differs between two versions of the policy', async () => {
    const { body: inForce } = (await world.call('GET', '/policy')) as unknown as {
      body: { policy: { rules: object[]; signals: Record<string, { threshold: number; points: number }> } };
    };
    const { policy } = inForce;
    const rule = { id: 'scripted', when: 'txn.amountMinor > 999999999999', points: 1, text: script };
    const changed = {
      ...policy,
      rules: [...policy.rules, rule],
      signals: { ...policy.signals, ANOMALY: { ...policy.signals.ANOMALY!, points: 15 } },
    };
    expect((await world.call('PUT', '/policy', { policy: changed, status: 'active' })).status).toBe(201);
    const tab = await world.open({ at: '#/policy' });
    const { page } = tab;
    await page.getByText('version 2, in force').waitFor();
    await page.locator('.rules').getByText(script, { exact: true }).waitFor();
    const differences = page.getByRole('list', { name: 'Differences from version 1 to version 2' });
    await differences.waitFor();
    expect(await differences.locator('li', { hasText: 'signals.ANOMALY.points' }).textContent()).toBe(
      'signals.ANOMALY.points2015',
    );
    expect(await differences.locator('li', { hasText: 'rules.scripted.text' }).textContent()).toContain(script);
    await page.getByText('policy published').first().waitFor();
    await page.getByRole('link', { name: 'Version 1' }).click();
    await page.getByText('version 1, not in force').waitFor();
    isClean(tab);
    await tab.context.close();
  });

  it('stands still while paused, and says how much is new', async () => {
    const tab = await world.open();
    const { page } = tab;
    await page.locator('.rows tbody tr').first().waitFor();
    await page.keyboard.press('p');
    await page.getByText('Paused', { exact: true }).waitFor();
    const newest = await page.locator('.rows tbody tr').first().textContent();
    await page.getByRole('button', { name: /Resume · \d+ new/ }).waitFor();
    expect(await page.locator('.rows tbody tr').first().textContent()).toBe(newest);
    await page.keyboard.press('p');
    await expect.poll(() => page.locator('.rows tbody tr').first().textContent(), { timeout: 5_000 }).not.toBe(newest);
    isClean(tab);
    await tab.context.close();
  });

  it('explains a mark of the map under the pointer and to the arrow keys, and opens it', async () => {
    const tab = await world.open();
    const { page } = tab;
    const map = page.getByRole('application');
    await expect.poll(() => map.getAttribute('aria-label')).toMatch(/of [1-9]\d* decisions/);
    await page.getByLabel('Across').selectOption('amount');
    await page.getByLabel('Up').selectOption('distance');
    await expect.poll(() => map.getAttribute('aria-label')).toMatch(/^Distance, km against Amount of [1-9]\d* decisions/);
    await page.getByRole('combobox', { name: 'Colour' }).selectOption('percentile');
    await page.keyboard.press('p');
    await map.focus();
    await page.keyboard.press('ArrowRight');
    await page.locator('.tip', { hasText: /\d km from the usual places/ }).waitFor();
    const halo = (await page.locator('.halo').boundingBox())!;
    await page.keyboard.press('Escape');
    await page.locator('.tip').waitFor({ state: 'detached' });
    await page.mouse.move(halo.x + 9, halo.y + 9);
    await page.locator('.tip').waitFor();
    await page.mouse.click(halo.x + 9, halo.y + 9);
    await page.locator('.decisionHead').waitFor();
    isClean(tab);
    await tab.context.close();
  });

  it('has designed states for no model, no such decision, no such account and no such page', async () => {
    const tab = await world.open({ at: '#/decision/nobody-sent-this' });
    const { page } = tab;
    await page.getByText('There is no such decision').waitFor();
    await tab.go('#/account/nobody');
    await page.getByText('There is no such account').waitFor();
    await tab.go('#/nowhere');
    await page.getByText('Page not found').waitFor();
    await tab.go('#/model');
    await page.getByRole('heading', { name: 'Model', exact: true }).waitFor();
    await page
      .getByText(/No model is in force yet|version \d+, in force/)
      .first()
      .waitFor();
    await tab.context.close();
  });

  it('saves the evidence pack of a decision as a page of its own', async () => {
    const tab = await world.open({ at: `#/decision/${victim.transactionId}` });
    const { page } = tab;
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: 'Save the evidence pack' }).click();
    const download = await saved;
    expect(download.suggestedFilename()).toBe(`evidence-${victim.transactionId}.html`);
    const text = readFileSync(await download.path(), 'utf8');
    expect(text).toMatch(/^<!doctype html>/i);
    expect(text).toContain(victim.transactionId);
    isClean(tab);
    await tab.context.close();
  });

  it('says that it is offline, keeps what it has, and comes back by itself', async () => {
    const tab = await world.open();
    const { page } = tab;
    await page.locator('.rows tbody tr').first().waitFor();
    await tab.context.setOffline(true);
    await page.getByText('Offline, trying again').waitFor();
    expect(await page.locator('.rows tbody tr').count()).toBeGreaterThan(1);
    await tab.context.setOffline(false);
    await page.locator('.liveState.on').waitFor({ timeout: 30_000 });
    await tab.context.close();
  });

  it.runIf(process.env.AEGIS_PICTURES !== undefined)(
    'takes the pictures of the README',
    async () => {
      await takePictures(world);
    },
    300_000,
  );
});
