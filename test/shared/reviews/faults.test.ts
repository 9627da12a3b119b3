import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { joinReview } from '../../../functions/project/joinReview.ts';
import { claimReview, releaseReview } from '../../../functions/review/claims.ts';
import { type Disposition, dispose, dispositions } from '../../../functions/review/dispose.ts';
import { faultyTable, noFaults, randomFaults } from '../../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { zeroHash } from '../../../shared/domain/audit.ts';
import { decayed } from '../../../shared/domain/decayed.ts';
import { longHalfLifeMs, shortHalfLifeMs } from '../../../shared/domain/merchantLabels.ts';
import { Problem } from '../../../shared/edge/problem.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import {
  type Item,
  OutcomeUnknown,
  type TableStore,
  Throttled,
  TransactionCancelled,
  Unavailable,
} from '../../../shared/ports/ports.ts';
import { type Flagged, newReview, reviewFromItem, reviewOfKey, reviewPlace } from '../../../shared/reviews/review.ts';
import { hashOf } from '../../../shared/secrets/sealer.ts';
import {
  auditKey,
  labelKey,
  merchantKey,
  openReviewKey,
  prefixes,
  reviewMemberKey,
  stateKey,
} from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { aFlagged } from '../../functions/project/builders.ts';
import { amounts, masterSecret, world } from './world.ts';

const tenant = 'acme';
const account = { tenant, accountId: 'a_7', userId: 'u_42' };
const tries = 200;

const repeatable = [OutcomeUnknown, Throttled, TransactionCancelled, Unavailable];

/** What a caller does who is told that a repeat is safe: goes on until it is done. */
async function untilDone(act: () => Promise<unknown>): Promise<void> {
  let last: unknown;
  for (let i = 0; i < tries; i++) {
    try {
      await act();
      return;
    } catch (error) {
      if (!repeatable.some((kind) => error instanceof kind)) throw error;
      last = error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  throw new Error('never done', { cause: last });
}

type Step =
  | { readonly kind: 'dispose'; readonly transaction: number; readonly disposition: Disposition; readonly by: string }
  | { readonly kind: 'deliver'; readonly transactions: readonly number[] }
  | { readonly kind: 'claim'; readonly by: string }
  | { readonly kind: 'release'; readonly by: string }
  | { readonly kind: 'pay'; readonly number: number };

const transactionCount = 6;
const transaction = fc.nat({ max: transactionCount - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('dispose' as const),
    transaction,
    disposition: fc.constantFrom(...dispositions),
    by: fc.constantFrom('key_a', 'key_b'),
  }),
  fc.record({ kind: fc.constant('deliver' as const), transactions: fc.array(transaction, { minLength: 1, maxLength: 4 }) }),
  fc.record({ kind: fc.constant('claim' as const), by: fc.constantFrom('key_a', 'key_b') }),
  fc.record({ kind: fc.constant('release' as const), by: fc.constantFrom('key_a', 'key_b') }),
  fc.record({ kind: fc.constant('pay' as const), number: fc.nat({ max: 3 }) }),
);

/** A person claims or releases the first review, if there is one; that another has it is an answer like any other. */
async function claimed(
  dependencies: Parameters<typeof claimReview>[0],
  { kind, by }: { readonly kind: 'claim' | 'release'; readonly by: string },
  first: Flagged,
): Promise<void> {
  const { reviewId } = newReview(tenant, 'a_7', 'u_42', first);
  const request = {
    operationId: kind === 'claim' ? 'claimReview' : 'releaseReview',
    tenant,
    keyId: by,
    identity: by,
    scopes: ['review'],
    correlationId: 'c',
    parameters: { reviewId },
    query: {},
    json: undefined,
    receivedAtMs: Number.MAX_SAFE_INTEGER,
  } as const;
  const endpoint = kind === 'claim' ? claimReview(dependencies) : releaseReview(dependencies);
  await endpoint.answer(request, null).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error;
  });
}

/** What leads to reviews by name, by rank and by whoever has claimed them. */
const pointersIn = (items: readonly Item[]): string[] =>
  items
    .filter(({ pk }) => ['#id#', '#queue', '#claimed#'].some((part) => pk.startsWith(`${prefixes.review}${tenant}${part}`)))
    .map(({ pk, place }) => `${pk} ${place}`)
    .sort();

/** One by name for each review; for each open one also one by rank, and two of whoever has claimed it. */
const pointersExpected = (items: readonly Item[]): string[] =>
  items
    .filter((item) => reviewOfKey(item) !== null)
    .flatMap((item) => {
      const review = reviewFromItem(item);
      const open = review.state === 'open' ? ['queue'] : [];
      const { assignee } = review.claim ?? {};
      const own =
        assignee === undefined || open.length === 0 ? [] : ['rank', 'place'].map((order) => `claimed#${order}#${assignee}`);
      return [`id#${review.reviewId}`, ...open, ...own].map(
        (name) => `${prefixes.review}${tenant}#${name} ${reviewPlace(review)}`,
      );
    })
    .sort();

describe('reviews under lost replies, conflicts, throttling and concurrency', () => {
  it('count each label once, keep the chain whole and leave every flagged transaction in one review or labelled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), fc.nat(), async (steps, seed) => {
        const table = memoryTable();
        const calm = world(table);
        const ids = Array.from({ length: transactionCount }, (_, i) => `t${i}`);
        const flagged: Flagged[] = [];
        for (const transactionId of ids) {
          const decision = await calm.pay({ transactionId, merchantId: 'm_1', amountMinor: amounts.BLOCK });
          const { decidedAtMs, score } = decision;
          flagged.push(aFlagged({ transactionId, outcome: 'BLOCK', decidedAtMs, score, amountMinor: amounts.BLOCK }));
        }
        const chance = seededRandom(seed);
        const plan = randomFaults(chance, {
          conflict: 0.1,
          lostBeforeEffect: 0.1,
          lostAfterEffect: 0.1,
          throttle: 0.05,
          unavailable: 0.05,
        });
        const yielding = async (): Promise<void> => {
          for (let i = chance.below(4); i > 0; i--) await Promise.resolve();
        };
        const faulty = faultyTable(table, plan, yielding);
        const dependencies = { table: faulty, clock: calm.clock, randomness: calm.randomness, masterSecret };

        let paid = 0;
        await Promise.all(
          steps.map((one) =>
            untilDone(async () => {
              if (one.kind === 'deliver')
                await joinReview(
                  dependencies,
                  account,
                  one.transactions.map((i) => flagged[i]!),
                );
              else if (one.kind !== 'pay' && one.kind !== 'dispose') await claimed(dependencies, one, flagged[0]!);
              else if (one.kind === 'pay') await calm.pay({ transactionId: `p${paid++}` });
              else {
                const disposal = {
                  tenant,
                  transactionId: ids[one.transaction]!,
                  disposition: one.disposition,
                  note: null,
                  by: one.by,
                };
                const done = await dispose(dependencies, disposal, Number.POSITIVE_INFINITY);
                expect(done.kind).toBe('disposed');
              }
            }),
          ),
        );
        await joinReview({ ...dependencies, table }, account, flagged);

        const state = accountFromItem((await table.get(stateKey(tenant, 'a_7', 'u_42')))!);
        const { items } = await table.query({ pk: auditKey(state.chain, 1).pk, limit: 1_000 });
        let previousHash = zeroHash;
        for (const [i, item] of items.entries()) {
          const { body, hash } = auditFromItem(item);
          expect(body).toMatchObject({ sequence: i + 1, previousHash, chain: state.chain });
          expect(hashOf(body)).toBe(hash);
          previousHash = hash;
        }
        expect(state).toMatchObject({ sequence: items.length, head: previousHash });

        const words = items.map((item) => auditFromItem(item).body).filter(({ event }) => event === 'REVIEWED');
        const last = new Map(
          words
            .filter(({ disposition }) => disposition !== 'UNSURE')
            .map(({ transactionId, ...word }) => [String(transactionId), word]),
        );
        for (const id of ids) {
          const label = await table.get(labelKey(tenant, id));
          expect(label?.disposition).toBe(last.get(id)?.disposition);
          expect(label?.sequence).toBe(last.get(id)?.sequence);
        }

        const merchant = await table.get(merchantKey(tenant, 'm_1'));
        const frauds = [...last.values()].filter(({ disposition }) => disposition === 'CONFIRMED_FRAUD');
        expect(merchant?.labelled ?? 0).toBe(last.size);
        expect(merchant?.frauds ?? 0).toBe(frauds.length);
        if (merchant !== null) {
          const asOfMs = Number(merchant.asOfMs);
          const weightOf = (of: { at?: unknown }[], halfLifeMs: number): number =>
            of.reduce((sum, { at }) => sum + decayed(1, Date.parse(String(at)), asOfMs, halfLifeMs), 0);
          expect(merchant.labelledShort).toBeCloseTo(weightOf([...last.values()], shortHalfLifeMs), 6);
          expect(merchant.fraudsShort).toBeCloseTo(weightOf(frauds, shortHalfLifeMs), 6);
          expect(merchant.labelledLong).toBeCloseTo(weightOf([...last.values()], longHalfLifeMs), 6);
          expect(merchant.fraudsLong).toBeCloseTo(weightOf(frauds, longHalfLifeMs), 6);
        }

        const counters = table.all().filter(({ pk }) => pk.startsWith(prefixes.counter));
        const counted = (name: string) => counters.reduce((sum, counter) => sum + Number(counter[name] ?? 0), 0);
        expect([counted('confirmedFraud'), counted('falsePositives')]).toEqual([frauds.length, last.size - frauds.length]);

        expect(pointersIn(table.all())).toEqual(pointersExpected(table.all()));

        const reviews = table
          .all()
          .filter((item) => reviewOfKey(item) !== null)
          .map(reviewFromItem);
        const open = reviews.filter(({ state: is }) => is === 'open');
        expect(open.length).toBeLessThanOrEqual(1);
        expect((await table.get(openReviewKey(tenant, 'a_7', 'u_42'))) !== null).toBe(open.length === 1);
        const listed = reviews.flatMap(({ transactionIds }) => transactionIds);
        expect(new Set(listed).size).toBe(listed.length);
        for (const id of ids) {
          expect(listed.includes(id)).toBe((await table.get(reviewMemberKey(tenant, id))) !== null);
          expect(listed.includes(id) || last.has(id)).toBe(true);
        }
        for (const { transactionIds } of open) for (const id of transactionIds) expect(last.has(id)).toBe(false);
        for (const review of reviews.filter(({ state: is }) => is === 'closed')) {
          expect(last.get(review.closed!.transactionId)?.disposition).toBe(review.closed!.disposition);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each(dispositions)('%s whose reply is lost is in the chain once', async (disposition) => {
    const { table, pay, clock, randomness } = world();
    await pay({ transactionId: 't1' });
    let lost = false;
    const losing = faultyTable(table, ({ operation }) => {
      if (operation !== 'transact' || lost) return 'none';
      lost = true;
      return 'lostAfterEffect';
    });
    const disposal = { tenant, transactionId: 't1', disposition, note: null, by: 'key_a' };
    const dependencies = { table: losing, clock, randomness, masterSecret };
    const done = await dispose(dependencies, disposal, Number.POSITIVE_INFINITY);
    const state = accountFromItem((await table.get(stateKey(tenant, 'a_7', 'u_42')))!);
    expect(state.sequence).toBe(2);
    const entry = auditFromItem((await table.get(auditKey(state.chain, 2)))!);
    expect(done).toMatchObject({ kind: 'disposed', knownAtMs: Date.parse(String(entry.body.at)) });
  });

  it('never leave a labelled transaction in an open review, whatever point of the one the other comes at', async () => {
    for (const outer of ['dispose', 'join'] as const) {
      for (let point = 0; point < 12; point++) {
        const { table, pay, clock, randomness } = world();
        const { decidedAtMs } = await pay({ transactionId: 't1', amountMinor: amounts.BLOCK });
        const acts = (through: TableStore) => {
          const dependencies = { table: through, clock, randomness, masterSecret };
          const disposal = { tenant, transactionId: 't1', disposition: 'LEGITIMATE', note: null, by: 'key_a' } as const;
          return {
            dispose: () => dispose(dependencies, disposal, Number.POSITIVE_INFINITY),
            join: () => joinReview(dependencies, account, [aFlagged({ transactionId: 't1', outcome: 'BLOCK', decidedAtMs })]),
          };
        };
        let calls = 0;
        const interrupted = faultyTable(table, noFaults, async (at) => {
          if (at.startsWith('before') && calls++ === point) await acts(table)[outer === 'dispose' ? 'join' : 'dispose']();
        });
        await acts(interrupted)[outer]();
        expect(table.all().some((item) => reviewOfKey(item)?.state === 'open')).toBe(calls <= point && outer === 'join');
      }
    }
  });
});
