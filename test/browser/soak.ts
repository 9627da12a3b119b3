import { parseArgs } from 'node:util';
import type { Page, Route } from 'playwright-core';
import type { WireDecisionItem } from '../../shared/contract/render.ts';
import { findChromium } from './chromium.ts';
import { startWorld } from './world.ts';

/**
 * `npm run test:browser:soak [-- --minutes 10]`: ten thousand decisions in the live view and twenty new ones a second. While filters
 * change all the time, no frame may take longer than 200 ms, and memory must not grow. The API is the real one but for the list of
 * decisions, which is made up here, so that the page is what is measured. On a busy machine frames wait for a processor: what the page's
 * thread worked between two filters is printed beside, to tell the one from the other.
 */

const decisionsAtStart = 10_000;
const decisionsPerSecond = 20;
const pageSize = 200;
const warmUpMs = 15_000;
const fillMsMax = 120_000;
const filterEveryMs = 700;
const frameMsMax = 200;
/** Above the heap after the warm-up, each after a collection. */
const growthBytesMax = 8 * 1024 * 1024;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '0.5' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= 60)) throw new Error(`--minutes: given ${values.minutes}, allowed: more than 0, at most 60`);

const startedMs = Date.now();
const newestNumber = (): number => decisionsAtStart + Math.floor(((Date.now() - startedMs) / 1_000) * decisionsPerSecond);

const decision = (number: number): WireDecisionItem => {
  const outcome = number % 37 === 0 ? 'BLOCK' : number % 13 === 0 ? 'REVIEW' : 'ALLOW';
  const atMs = startedMs + ((number - decisionsAtStart) * 1_000) / decisionsPerSecond;
  return {
    transactionId: `soak-t${number}`,
    userId: `soak-u${number % 97}`,
    accountId: `soak-a${number % 97}`,
    occurredAt: new Date(atMs - (number % 1_440) * 60_000).toISOString(),
    decidedAt: new Date(atMs).toISOString(),
    amountMinor: 100 + ((number * 7_919) % 500_000),
    currency: 'EUR',
    outcome,
    score: outcome === 'BLOCK' ? 85 : outcome === 'REVIEW' ? 45 : number % 30,
    signals: outcome === 'ALLOW' ? [] : ['TXN_VELOCITY_1H', 'RAPID_BURST_1M'],
    anomalyPercentile: (number * 31) % 100,
    travelKmh: number % 900,
    distanceKm: number % 37 === 0 ? 6_000 : number % 9,
  };
};

/** Newest first; the cursor is the number to go on below. */
const answerLatest = async (route: Route): Promise<void> => {
  const query = new URL(route.request().url()).searchParams;
  const first = query.has('cursor') ? Number(query.get('cursor')) : newestNumber();
  const count = Math.min(Number(query.get('limit') ?? pageSize), first);
  const items = Array.from({ length: count }, (_, index) => decision(first - index));
  const cursor = first - count > 0 ? { cursor: String(first - count) } : {};
  await route.fulfill({ json: { items, ...cursor } });
};

/** Keeps the longest time between two frames, from the page's own clock. */
const frameProbe = `(() => {
  window.longestFrameMs = 0;
  let last = performance.now();
  const frame = (now) => {
    window.longestFrameMs = Math.max(window.longestFrameMs, now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})()`;

const filters = [
  (page: Page) => page.getByRole('group', { name: 'Outcome' }).getByRole('button', { name: 'Block' }).click(),
  (page: Page) => page.getByLabel('Account, user or transaction').fill('soak-a1'),
  (page: Page) => page.getByLabel('Signal', { exact: true }).selectOption('RAPID_BURST_1M'),
  (page: Page) => page.getByLabel('Account, user or transaction').fill(''),
  (page: Page) => page.getByLabel('Signal', { exact: true }).selectOption(''),
  (page: Page) => page.getByRole('group', { name: 'Outcome' }).getByRole('button', { name: 'All', exact: true }).click(),
  (page: Page) => page.locator('.rows').evaluate('(rows) => { rows.scrollTop = rows.scrollTop > 0 ? 0 : 90000; }'),
];

const run = async (executablePath: string): Promise<boolean> => {
  const world = await startWorld(executablePath);
  try {
    const { page, context } = await world.open({ key: null });
    await page.route('**/decisions/latest?*', answerLatest);
    await page.goto(`${world.stack.url}/docs`);
    await page.goto(`${world.stack.url}/#key=${world.stack.key}`);
    await page.locator('.rows tbody tr').first().waitFor();
    const session = await context.newCDPSession(page);
    const heapBytes = async (): Promise<number> => {
      await session.send('HeapProfiler.collectGarbage');
      return (await session.send('Runtime.getHeapUsage')).usedSize;
    };
    await session.send('Performance.enable', { timeDomain: 'threadTicks' });
    const workedMs = async (): Promise<number> => {
      const { metrics } = await session.send('Performance.getMetrics');
      return 1_000 * metrics.find(({ name }) => name === 'TaskDuration')!.value;
    };
    /** The most that the page's thread worked from one filter to the next. */
    let busiestMs = 0;
    const filterFor = async (durationMs: number): Promise<void> => {
      const untilMs = Date.now() + durationMs;
      let before = await workedMs();
      busiestMs = 0;
      for (let round = 0; Date.now() < untilMs; round += 1) {
        await filters[round % filters.length]!(page);
        await page.waitForTimeout(filterEveryMs);
        const worked = await workedMs();
        busiestMs = Math.max(busiestMs, worked - before);
        before = worked;
      }
    };
    await page.locator('.latest .hint', { hasText: /^10,000$/ }).waitFor({ timeout: fillMsMax });
    await filterFor(warmUpMs);
    const shown = await page.locator('.latest .hint').first().textContent();
    const before = await heapBytes();
    await page.evaluate(frameProbe);
    await filterFor(minutes * 60_000);
    const longestFrameMs = Math.round((await page.evaluate('window.longestFrameMs')) as number);
    const after = await heapBytes();
    const grownBytes = after - before;
    const megabytes = (bytes: number): string => `${(bytes / 1_048_576).toFixed(1)} MB`;
    console.log(`decisions in the view: ${shown}, ${decisionsPerSecond} new ones a second, filtering for ${minutes} min`);
    console.log(
      `longest frame: ${longestFrameMs} ms (at most ${frameMsMax}); most work of the page from one filter to the next: ${Math.round(busiestMs)} ms`,
    );
    console.log(`heap: ${megabytes(before)} before, ${megabytes(after)} after (grown by at most ${megabytes(growthBytesMax)})`);
    return longestFrameMs <= frameMsMax && grownBytes <= growthBytesMax;
  } finally {
    await world.stop();
  }
};

const executablePath = findChromium();
if (executablePath !== null && !(await run(executablePath))) process.exitCode = 1;
