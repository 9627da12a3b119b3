import { describe, expect, it } from 'vitest';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { decisionKey, expiryAttribute } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import type { RebuildPlan } from '../../../tools/rebuild/plan.ts';
import { rebuildSinks } from '../../../tools/rebuild/plan.ts';
import { rebuild } from '../../../tools/rebuild/rebuild.ts';
import { seen } from './compare.ts';
import { play, script } from './script.ts';
import { type Stack, stackOn, startMs, tenant } from './world.ts';

const newStack = (hotDays?: number): Promise<Stack> =>
  stackOn({
    tableTelling: (onCommitted) => memoryTable({ onCommitted }),
    archive: memoryObjects(),
    checkpoints: memoryObjects(),
    ...(hotDays !== undefined && { hotDays }),
  });

const all = new Set(rebuildSinks);
const accounts = [0, 1, 2, 3, 4, 5];

describe('a rebuild after the stream lost a period', () => {
  it.each([1, 2, 3])(
    'leaves nothing that tells the stack from an undisturbed copy (seed %i)',
    async (seed) => {
      const before = script({ seed, actions: 50, name: 'before', flagged: accounts, quiet: accounts });
      const labelled = before.ids.filter((_, i) => i % 2 === 0);
      const during = script({
        seed: seed + 100,
        actions: 60,
        name: 'during',
        flagged: [2, 3, 4, 5],
        quiet: accounts,
        labelled: [],
      });
      const after = script({ seed: seed + 200, actions: 30, name: 'after', flagged: accounts, quiet: accounts, labelled });
      const [whole, broken] = [await newStack(), await newStack()];
      for (const stack of [whole, broken]) {
        await play(stack, before.actions);
        await stack.checkpoint();
      }
      const fromMs = broken.clock.nowMs();
      broken.lose(true);
      for (const stack of [whole, broken]) await play(stack, during.actions);
      broken.lose(false);
      const ids = [...before.ids, ...during.ids];
      expect(await seen(broken, ids, accounts)).not.toEqual(await seen(whole, ids, accounts));

      const sent = broken.webhooks.length;
      const plan = { fromMs, toMs: null, sinks: all, resendsWebhooks: false };
      await rebuild(broken.rebuilding(), { ...plan, toMs: broken.clock.nowMs() + 1 });
      await broken.deliver();
      expect(await seen(broken, ids, accounts)).toEqual(await seen(whole, ids, accounts));
      // Only of reviews that the rebuild opened: the stream tells of those.
      expect(broken.webhooks.slice(sent).every(({ body }) => body.includes('review.opened'))).toBe(true);

      for (const stack of [whole, broken]) {
        await stack.checkpoint();
        await play(stack, after.actions);
        await stack.checkpoint();
      }
      expect(await seen(broken, [...ids, ...after.ids], accounts)).toEqual(await seen(whole, [...ids, ...after.ids], accounts));
    },
    60_000,
  );
});

/** A stack whose stream was lost from its first payment on, and the ids of its payments. */
const lost = async ({
  seed = 7,
  hotDays,
  quiet = accounts,
}: {
  seed?: number;
  hotDays?: number;
  quiet?: readonly number[];
} = {}) => {
  const payments = script({ seed, actions: 60, name: 'p', flagged: accounts, quiet, labelled: [] });
  const [whole, broken] = [await newStack(hotDays), await newStack(hotDays)];
  broken.lose(true);
  for (const stack of [whole, broken]) await play(stack, payments.actions);
  broken.lose(false);
  const plan: RebuildPlan = { fromMs: startMs, toMs: broken.clock.nowMs() + 1, sinks: all, resendsWebhooks: false };
  return { whole, broken, ids: payments.ids, plan };
};

const items = async (table: TableStore): Promise<unknown[]> => (await table.scan({ limit: 1_000 })).items.slice();

describe('a rebuild', () => {
  it('changes nothing where nothing is missing', async () => {
    const { broken, plan } = await lost();
    await rebuild(broken.rebuilding(), plan);
    await broken.deliver();
    const [table, archived] = [await items(broken.table), await broken.archived()];
    const report = await rebuild(broken.rebuilding(), plan);
    expect(report.itemsInPeriod).toBeGreaterThan(100);
    expect(report.handed).toMatchObject({ reviews: 0, archive: 0, features: 0 });
    expect(await items(broken.table)).toEqual(table);
    expect(await broken.archived()).toEqual(archived);
  });

  it.each([1, 2, 3])(
    'cut off anywhere goes on when it is called again, and leaves the same (seed %i)',
    async (seed) => {
      const { whole, broken, ids, plan } = await lost({ seed });
      const limits = { segments: 3, pageItems: 9, pagesPerRound: 2, heldItemsMax: 30 };
      const random = seededRandom(seed);
      let attempts = 0;
      for (let isDone = false; !isDone; attempts += 1) {
        const last = 1 + random.below(100);
        const table = faultyTable(broken.table, ({ number, possible }) => {
          if (number !== last) return 'none';
          return random.pick(possible.filter((fault) => fault.startsWith('crash')));
        });
        isDone = await rebuild(broken.rebuilding({ table }), plan, undefined, limits).then(
          () => true,
          () => false,
        );
      }
      expect(attempts).toBeGreaterThan(2);
      await broken.deliver();
      expect(await seen(broken, ids, accounts)).toEqual(await seen(whole, ids, accounts));
    },
    60_000,
  );

  it('keeps its place: what lies before it is not read again', async () => {
    const { broken, plan } = await lost();
    const limits = { segments: 1, pageItems: 10, pagesPerRound: 1, heldItemsMax: 1_000 };
    const scans: string[][] = [];
    const counting = (): TableStore => {
      const own: string[] = [];
      scans.push(own);
      return {
        ...broken.table,
        scan: (options) => {
          own.push(JSON.stringify(options.after ?? null));
          return broken.table.scan(options);
        },
      };
    };
    const stopping = (progress: { readonly report: { readonly itemsRead: number } }): void => {
      if (progress.report.itemsRead >= 50) throw new Error('the machine went away');
    };
    await expect(rebuild(broken.rebuilding({ table: counting() }), plan, stopping, limits)).rejects.toThrow(/went away/);
    await rebuild(broken.rebuilding({ table: counting() }), plan, undefined, limits);
    expect(scans[0]).toHaveLength(5);
    expect(scans[1]!.some((after) => scans[0]!.includes(after))).toBe(false);
  });

  it('restores the sinks that are named and no other', async () => {
    const { whole, broken, plan } = await lost();
    await rebuild(broken.rebuilding(), { ...plan, sinks: new Set(['archive', 'heads']) });
    await broken.deliver();
    expect((await broken.archived()).entries).toEqual((await whole.archived()).entries);
    expect(await broken.pendingHeads()).toEqual(await whole.pendingHeads());
    expect(await broken.answer('/decisions/latest')).toEqual([]);
    expect(await broken.answer('/reviews', { state: 'open' })).toEqual([]);
    expect((await broken.archived()).features).toEqual([]);
  });

  it('restores nothing from outside its period', async () => {
    const { whole, broken, plan } = await lost();
    const middleMs = (startMs + broken.clock.nowMs()) / 2;
    await rebuild(broken.rebuilding(), { ...plan, toMs: middleMs });
    const latest = (await whole.answer('/decisions/latest')) as { readonly decidedAt: string }[];
    const expected = latest.filter(({ decidedAt }) => Date.parse(decidedAt) < middleMs);
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(latest.length);
    expect(await broken.answer('/decisions/latest')).toEqual(expected);
  });

  it('resends webhooks on request alone, under the ids that they have had', async () => {
    const { whole, broken, plan } = await lost();
    const idsOf = (stack: Stack): string[] =>
      [...new Set(stack.webhooks.map(({ body }) => (JSON.parse(body) as { readonly messageId: string }).messageId))].sort();
    await rebuild(broken.rebuilding(), { ...plan, sinks: new Set() });
    expect(broken.webhooks).toEqual([]);
    await rebuild(broken.rebuilding(), { ...plan, resendsWebhooks: true });
    await broken.deliver();
    expect(idsOf(broken)).toEqual(idsOf(whole));
  });

  it('names a sink that keeps failing, and goes on once it does not', async () => {
    const { whole, broken, plan } = await lost();
    const archive = { ...broken.archive, put: () => Promise.reject(new Error('S3 is away')) };
    await expect(rebuild(broken.rebuilding({ archive }), plan)).rejects.toThrow(/archive: \d+ of \d+ items .* S3 is away/);
    await rebuild(broken.rebuilding(), plan);
    expect(await broken.archived()).toEqual(await whole.archived());
  });

  it('names items that it cannot read, and restores the others', async () => {
    const { whole, broken, plan } = await lost();
    await broken.table.put({ ...decisionKey(tenant, 'odd'), d: new Uint8Array([99]) });
    const { unreadable } = await rebuild(broken.rebuilding(), plan);
    expect(unreadable).toMatchObject([expect.stringMatching(/D#acme#odd \/ D: .*in format 99/)]);
    expect(await broken.answer('/decisions/latest')).toEqual(await whole.answer('/decisions/latest'));
  });

  it('gives archived rows the expiry that the stream would have given them', async () => {
    const { whole, broken, plan } = await lost({ hotDays: 40 });
    await rebuild(broken.rebuilding(), plan);
    const expiries = async (stack: Stack) =>
      (await stack.table.scan({ limit: 1_000 })).items
        .filter(({ pk }) => pk.startsWith('A#') && !pk.includes('system.'))
        .map((item) => [auditFromItem(item).hash, item[expiryAttribute] ?? null]);
    expect(await expiries(broken)).toEqual(await expiries(whole));
    expect((await expiries(broken)).every(([, expiry]) => expiry !== null)).toBe(true);
  });

  it('puts an erased payment into the feed and the counters without its person, and opens no review for it', async () => {
    const { whole, broken, plan } = await lost();
    for (const stack of [whole, broken]) {
      const { table, archive, clock, randomness, masterSecret } = stack;
      await erase(
        { table, archive, clock, randomness, masterSecret, parked: [] },
        { tenant, by: 'test', subjects: [{ userId: 'u_3', accountId: null }] },
      );
      await stack.deliver();
    }
    await rebuild(broken.rebuilding(), plan);
    await broken.deliver();
    for (const [path, query] of [
      ['/decisions/latest', {}],
      ['/metrics/overview', { minutes: '1440' }],
      ['/reviews', { state: 'open' }],
    ] as const) {
      expect(await broken.answer(path, query)).toEqual(await whole.answer(path, query));
    }
  });

  it('opens no review for a payment that was labelled meanwhile: nobody is left to be asked', async () => {
    const { broken, plan } = await lost({ quiet: [0] });
    const latest = await broken.answer('/accounts/a_2/decisions');
    const [{ transactionId }] = latest as [{ readonly transactionId: string }];
    await broken.label(transactionId, 'CONFIRMED_FRAUD');
    await rebuild(broken.rebuilding(), plan);
    const reviews = (await broken.answer('/reviews', { state: 'open' })) as { readonly transactionIds: readonly string[] }[];
    expect(reviews.length).toBeGreaterThan(0);
    expect(reviews.flatMap(({ transactionIds }) => transactionIds)).not.toContain(transactionId);
  });

  it('joins what was lost to the review that a later payment of the account has opened', async () => {
    const { whole, broken, plan } = await lost();
    const later = script({ seed: 9, actions: 30, name: 'later', flagged: accounts, quiet: accounts, labelled: [] });
    for (const stack of [whole, broken]) await play(stack, later.actions);
    await rebuild(broken.rebuilding(), plan);
    interface Listed {
      readonly accountId: string;
      readonly outcome: string;
      readonly transactionIds: readonly string[];
    }
    const open = async (stack: Stack) =>
      ((await stack.answer('/reviews', { state: 'open' })) as Listed[])
        .map(({ accountId, outcome, transactionIds }) => ({ accountId, outcome, transactionIds: transactionIds.toSorted() }))
        .toSorted((a, b) => (a.accountId < b.accountId ? -1 : 1));
    expect(await open(broken)).toEqual(await open(whole));
    expect(await broken.answer('/decisions/latest')).toEqual(await whole.answer('/decisions/latest'));
  });
});
