import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { scheduledEvent } from '../../tools/local/schedules.ts';
import { defaultTraffic, simulateTraffic } from '../../tools/simulation/traffic.ts';
import { isClean, reportRetry, script } from './checks.ts';
import { findChromium } from './chromium.ts';
import { startWorld, type World } from './world.ts';

const chromiumPath = findChromium();

describe.skipIf(chromiumPath === null)('the model page in a browser', () => {
  let world: World;

  beforeAll(async () => {
    world = await startWorld(chromiumPath!);
  });

  afterAll(() => world?.stop());

  afterEach(reportRetry);

  it('shows the card of a model trained on the stack’s own payments, its history, its scores and its drift', async () => {
    const payments = simulateTraffic({ ...defaultTraffic, seed: 5, tag: 'trained', attacks: [] })
      .take(300)
      .map(({ transaction }) => transaction)
      .toArray();
    expect((await world.call('POST', '/transactions/batch', { transactions: payments })).status).toBe(202);
    const train = async (): Promise<string> =>
      ((await world.stack.invoke('train', scheduledEvent('test'))) as { outcome: string }).outcome;
    await expect.poll(train, { timeout: 60_000, interval: 1_000 }).toBe('published');
    expect(await train()).toMatch(/^(published|candidate)$/);

    const { body: card } = (await world.call('GET', '/model')) as unknown as {
      body: { version: number; rows: number; sha256: string; features: string[] };
    };
    const { body: versions } = (await world.call('GET', '/model/versions')) as unknown as {
      body: { items: { version: number; drift: number | null }[] };
    };
    expect(versions.items.length).toBeGreaterThanOrEqual(2);
    const tab = await world.open({ at: '#/model' });
    const { page } = tab;
    await page.getByText(`version ${card.version}, in force`).waitFor();
    await page.locator('.facts').getByText(card.sha256, { exact: true }).waitFor();
    await page.locator('.facts').getByText(card.rows.toLocaleString('en'), { exact: true }).waitFor();
    expect(await page.locator('.model .chip').count()).toBe(card.features.length);
    const history = page.getByRole('region', { name: 'Versions of the model' }).locator('tbody th');
    expect(await history.allTextContents()).toEqual(versions.items.map(({ version }) => String(version)));
    const { drift } = versions.items.find(({ version }) => version === card.version)!;
    await page
      .getByText(drift === null ? 'no previous version' : drift.toFixed(3))
      .first()
      .waitFor();
    // Payments decided from now on are scored by it; the page looks again by itself.
    await page.getByRole('img', { name: /^Anomaly percentiles: \d/ }).waitFor({ timeout: 90_000 });
    isClean(tab);
    await tab.context.close();
  }, 180_000);

  it('shows versions that were not published, with the reason as text', async () => {
    const card = (version: number, changed: object) => ({
      version,
      kind: 'isolation-forest',
      status: 'published',
      reason: null,
      trainedAt: '2026-11-20T03:00:00.000Z',
      trainingWindow: { from: '2026-10-20T00:00:00.000Z', to: '2026-11-20T00:00:00.000Z' },
      rows: 48_211,
      features: ['amount over mean', 'hour rarity'],
      metrics: { holdout: { alertRate: 0.01 } },
      drift: null,
      sha256: 'ab'.repeat(32),
      ...changed,
    });
    const current = card(2, { status: 'active', drift: 0.0312 });
    const rejected = card(3, { status: 'candidate', reason: script });
    const tab = await world.open({ at: '#/policy' });
    const { page } = tab;
    await page.route(/\/model$/, (route) => route.fulfill({ json: current }));
    await page.route(/\/model\/versions/, (route) => route.fulfill({ json: { items: [rejected, current, card(1, {})] } }));
    await tab.go('#/model');
    await page.getByText('version 2, in force').waitFor();
    await page.getByText('48,211').first().waitFor();
    await page.getByText('0.031, stable').waitFor();
    expect(await page.getByRole('region', { name: 'Versions of the model' }).locator('tbody tr').allTextContents()).toEqual([
      expect.stringContaining(script),
      expect.stringContaining('in force'),
      expect.stringContaining('earlier'),
    ]);
    isClean(tab);
    await tab.context.close();
  });
});
