import { describe, expect, it } from 'vitest';
import {
  ago,
  duration,
  money,
  paidWords,
  payersHour,
  payersTime,
  percent,
  plural,
  signalValue,
} from '../../console/src/format.ts';
import { dimensions, shadeOf } from '../../console/src/parts/dimensions.ts';
import { changes, signalSentence } from '../../console/src/policyWords.ts';
import { placeOf, toAccount, toDecision } from '../../console/src/router.ts';
import type { DecisionItem } from '../../console/src/wire.ts';

describe('amounts, times and values in words', () => {
  it.each([
    ['euros', money(129_900, 'EUR'), 'EUR 1,299.00'],
    ['yen, which have no decimals', money(500, 'JPY'), 'JPY 500'],
    ['dinars, which have three', money(1_250, 'KWD'), 'KWD 1.250'],
    ['the payer’s own clock', payersTime('2026-11-20T13:45:09.123+05:30'), '2026-11-20 13:45:09 +05:30'],
    ['a share', percent(0.0838, 2), '8.38 %'],
    ['milliseconds', duration(80.4), '80 ms'],
    ['days', duration(3 * 86_400_000), '3 days'],
    ['just now', ago('2026-11-20T13:45:00.000Z', Date.parse('2026-11-20T13:45:04.999Z')), 'now'],
    ['seconds ago', ago('2026-11-20T13:45:00.000Z', Date.parse('2026-11-20T13:45:25.390Z')), '25 s ago'],
    ['a value that could not be computed', signalValue('ANOMALY', null), '–'],
    ['a yes', signalValue('NEW_DEVICE_USED', 1), 'yes'],
    ['a speed', signalValue('IMPOSSIBLE_TRAVEL', 73_977.45), '73,977 km/h'],
    ['a threshold', signalSentence('TXN_VELOCITY_1H', 15, 'INR'), 'from 15 payments in an hour'],
  ])('%s', (_, given, expected) => {
    expect(given).toBe(expected);
  });

  it('reads the hour from the text, whatever its offset', () => {
    expect(payersHour('2026-11-20T02:30:00.000-08:00')).toBe(2.5);
  });
});

describe('how a payment was made', () => {
  const occurredAt = '2026-11-20T13:45:09.123+05:30';
  it.each([
    [
      'with merchant and channel',
      { occurredAt, merchantId: 'm_1', channel: 'card' },
      'paid 2026-11-20 13:45:09 +05:30 to m_1 by card',
    ],
    ['without a merchant', { occurredAt, merchantId: null, channel: 'card' }, 'paid 2026-11-20 13:45:09 +05:30 by card'],
    ['without a channel', { occurredAt, merchantId: 'm_1', channel: null }, 'paid 2026-11-20 13:45:09 +05:30 to m_1'],
    ['without either', { occurredAt, merchantId: null, channel: null }, 'paid 2026-11-20 13:45:09 +05:30'],
    ['once the account is erased', { occurredAt: null }, ''],
  ])('is told %s', (_, payment, expected) => {
    expect(paidWords(payment)).toBe(expected);
  });
  it('counts in singular and plural', () => {
    expect([plural(1, 'entry', 'entries'), plural(2, 'entry', 'entries'), plural(1_200, 'payment')]).toEqual([
      '1 entry',
      '2 entries',
      '1,200 payments',
    ]);
  });
});

describe('the differences of two policies', () => {
  it('are named leaf by leaf, rules by their id', () => {
    const before = {
      cutoffs: { review: 40 },
      rules: [
        { id: 'a', points: 5 },
        { id: 'b', points: 1 },
      ],
      lists: {},
    };
    const after = {
      cutoffs: { review: 45 },
      rules: [
        { id: 'b', points: 1 },
        { id: 'c', points: 2 },
      ],
      lists: {},
    };
    expect(changes(before, after)).toEqual([
      { where: 'cutoffs.review', before: '40', after: '45' },
      { where: 'rules.c.id', before: null, after: 'c' },
      { where: 'rules.c.points', before: null, after: '2' },
      { where: 'rules.a.id', before: 'a', after: null },
      { where: 'rules.a.points', before: '5', after: null },
    ]);
  });

  it('are none between equal ones', () => {
    expect(changes({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toEqual([]);
  });
});

describe('places in the console', () => {
  it.each([
    ['', { page: 'live', id: null }],
    ['#/reviews', { page: 'reviews', id: null }],
    [toDecision('a/b?c'), { page: 'decision', id: 'a/b?c' }],
    ['#/decision/%', { page: 'decision', id: '%' }],
  ])('%s', (fragment, expected) => {
    expect(placeOf(fragment)).toMatchObject(expected);
  });

  it('carry the user of an account', () => {
    const place = placeOf(toAccount('a_1', 'u:1'));
    expect([place.page, place.id, place.query.get('user')]).toEqual(['account', 'a_1', 'u:1']);
  });
});

describe('the axes of the map', () => {
  const item = (amountMinor: number, changed: Partial<DecisionItem> = {}): DecisionItem => ({
    transactionId: 't',
    userId: 'u',
    accountId: 'a',
    occurredAt: '2026-11-20T06:00:00.000Z',
    decidedAt: '2026-11-20T06:00:00.000Z',
    amountMinor,
    currency: 'EUR',
    outcome: 'ALLOW',
    score: 50,
    signals: [],
    ...changed,
  });

  it('put amounts on decades', () => {
    const scale = dimensions.amount.scale([item(100), item(100_000)]);
    expect(scale.ticks).toEqual([1, 10, 100, 1_000]);
    expect([1, 10, 1_000].map(scale.share)).toEqual([0, expect.closeTo(1 / 3), 1]);
  });

  it('put a quarter of the day at a quarter of the way', () => {
    expect(dimensions.hour.scale([]).share(dimensions.hour.value(item(1))!)).toBe(0.25);
  });

  it.each([
    [undefined, 'none'],
    [null, 'none'],
    [0, 'p0'],
    [50, 'p1'],
    [94.9, 'p2'],
    [99, 'p4'],
  ])('shade percentile %s as %s', (percentile, shade) => {
    expect(shadeOf(item(1, percentile === undefined ? {} : { anomalyPercentile: percentile }))).toBe(shade);
  });
});
