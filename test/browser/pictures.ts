import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sendTraffic } from '../../tools/local/sendTraffic.ts';
import { attackNames } from '../../tools/simulation/attacks.ts';
import { defaultTraffic } from '../../tools/simulation/traffic.ts';
import type { World } from './world.ts';

/** The pictures of the README, from real local traffic. */

const folder = fileURLToPath(new URL('../../docs/pictures/', import.meta.url));
const trafficSeed = 21;
const trafficRate = 10;
const trafficTransactions = 700;

export const takePictures = async (world: World): Promise<void> => {
  mkdirSync(folder, { recursive: true });
  await sendTraffic({
    ...defaultTraffic,
    seed: trafficSeed,
    tag: 'shop',
    attacks: attackNames,
    attackEvery: 80,
    target: { url: world.stack.url, key: world.stack.key },
    rate: trafficRate,
    transactions: trafficTransactions,
    via: 'queue',
    signal: new AbortController().signal,
    onDecision: () => {},
  });
  const { body } = (await world.call('GET', '/decisions/latest?outcome=BLOCK&limit=200')) as unknown as {
    body: { items: { transactionId: string; accountId: string; signals: string[] }[] };
  };
  const worst = body.items.toSorted((a, b) => b.signals.length - a.signals.length)[0]!;
  const shots = [
    ['live', '#/live', 'light', 1600, 1000],
    ['live-dark', '#/live', 'dark', 1600, 1000],
    ['decision', `#/decision/${worst.transactionId}`, 'light', 1600, 1000],
    ['account', `#/account/${worst.accountId}`, 'light', 1600, 1000],
    ['reviews', '#/reviews', 'dark', 1600, 800],
    ['live-narrow', '#/live', 'light', 400, 900],
  ] as const;
  for (const [name, at, colorScheme, width, height] of shots) {
    const { page, context } = await world.open({ at });
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme });
    if (at === '#/live') await page.getByRole('button', { name: '15 min' }).click();
    await page.waitForTimeout(3_000);
    await page.screenshot({ path: `${folder}${name}.png` });
    await context.close();
  }
};
