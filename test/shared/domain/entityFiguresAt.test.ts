import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayMs, hourMs } from '../../../shared/domain/durations.ts';
import {
  type Attempt,
  attemptsKept,
  dayOf,
  type EntityDay,
  entityFigures,
  entityFiguresAt,
  type FraudMark,
  inOrder,
} from '../../../shared/domain/entityFigures.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);

const attempt = (atMs: number, given: Partial<Attempt> = {}): Attempt => ({
  account: 1,
  atMs,
  spendMinor: 100,
  baseCurrency: 'INR',
  ...given,
});

const daysOf = (attempts: readonly Attempt[]): EntityDay[] =>
  [...Map.groupBy(attempts, ({ atMs }) => dayOf(atMs))].map(([day, some]) => ({ day, attempts: some, isFull: false }));

const at = (attempts: readonly Attempt[], marks: readonly FraudMark[] = []) =>
  entityFiguresAt(nowMs, 'INR', daysOf(attempts), marks);

describe('the figures of an entity as of now', () => {
  it.each<[string, Attempt[], object]>([
    ['nothing: zeros', [], { accounts1h: 0, accounts24h: 0, payments1h: 0, payments24h: 0, amount24hMinor: 0, saturated: false }],
    ['an hour is open at its far end', [attempt(nowMs - hourMs), attempt(nowMs - hourMs + 1)], { payments1h: 1, payments24h: 2 }],
    ['a day too', [attempt(nowMs - dayMs), attempt(nowMs - dayMs + 1)], { payments24h: 1, amount24hMinor: 100 }],
    ['an attempt less than 60 s ahead counts', [attempt(nowMs + 59_999)], { payments1h: 1 }],
    ['one further ahead does not', [attempt(nowMs + 60_000)], { payments1h: 0, payments24h: 0 }],
    [
      'an attempt without a rate makes the amount partial',
      [attempt(nowMs), attempt(nowMs, { spendMinor: null, baseCurrency: null })],
      { amount24hMinor: 100, amountPartial: true },
    ],
    [
      'an attempt in another base currency too',
      [attempt(nowMs, { baseCurrency: 'EUR' })],
      { amount24hMinor: 0, amountPartial: true },
    ],
    [
      'one less than the kept attempts of a day: exact',
      Array.from({ length: attemptsKept - 1 }, () => attempt(nowMs)),
      { saturated: false, payments24h: attemptsKept - 1 },
    ],
    [
      'all of them, outside the window: a lower bound that never falls below them',
      Array.from({ length: attemptsKept }, () => attempt(nowMs - dayMs)),
      { saturated: true, payments24h: attemptsKept, accounts24h: 0 },
    ],
  ])('%s', (_, attempts, figures) => {
    expect(at(attempts)).toMatchObject({ late: false, ...figures });
  });

  it('count the frauds of 90 days that are known by now', () => {
    const mark = (occurredAtMs: number, knownAtMs: number): FraudMark => ({ occurredAtMs, knownAtMs });
    const marks = [
      mark(nowMs - 90 * dayMs, nowMs),
      mark(nowMs - 90 * dayMs + 1, nowMs),
      mark(nowMs, nowMs),
      mark(nowMs, nowMs + 1),
    ];
    expect(at([], marks).frauds).toBe(2);
  });

  it('are, at the time of the newest payment, those that it was decided with', () => {
    const attempts = fc.array(
      fc.record({
        account: fc.nat(3),
        atMs: fc.integer({ min: nowMs - 2 * dayMs, max: nowMs }),
        spendMinor: fc.nat(1_000),
        baseCurrency: fc.constantFrom('INR', 'EUR'),
      }),
      { maxLength: attemptsKept + 5 },
    );
    fc.assert(
      fc.property(attempts, (others) => {
        const own = { account: 9, atMs: nowMs, spendMinor: 7, baseCurrency: 'INR' };
        const decided = entityFigures(own, nowMs, daysOf(others), []);
        expect(inOrder(at([...others, own]))).toEqual(inOrder(decided));
      }),
    );
  });
});
