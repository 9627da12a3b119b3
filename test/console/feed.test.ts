import { describe, expect, it } from 'vitest';
import { Feed, filtered, kept, noFilter, ratePerSecond } from '../../console/src/feed.ts';
import type { DecisionItem } from '../../console/src/wire.ts';

const startMs = Date.parse('2026-11-20T13:45:00.000Z');
const item = (number: number, changed: Partial<DecisionItem> = {}): DecisionItem => ({
  transactionId: `t${number}`,
  userId: 'u_1',
  accountId: 'a_1',
  occurredAt: '2026-11-20T13:45:00.000Z',
  decidedAt: new Date(startMs + number).toISOString(),
  amountMinor: 100,
  currency: 'EUR',
  outcome: 'ALLOW',
  score: 0,
  signals: [],
  ...changed,
});
const newestFirst = (from: number, to: number): DecisionItem[] =>
  Array.from({ length: to - from + 1 }, (_, index) => item(to - index));
const names = (items: readonly DecisionItem[]) => items.map(({ transactionId }) => transactionId);

describe('the decisions of the live view', () => {
  it('come newest first, each once, however pages overlap', () => {
    const feed = new Feed();
    expect(feed.add(newestFirst(1, 3))).toBe(3);
    expect(feed.add(newestFirst(2, 5))).toBe(2);
    expect(names(feed.items)).toEqual(['t5', 't4', 't3', 't2', 't1']);
  });

  it('give a late arrival its place', () => {
    const feed = new Feed();
    feed.add([item(5), item(3), item(1)]);
    feed.add([item(4)]);
    expect(names(feed.items)).toEqual(['t5', 't4', 't3', 't1']);
  });

  it('stay as they are while paused, and hold what came since', () => {
    const feed = new Feed();
    feed.add(newestFirst(1, 2));
    const before = feed.items;
    feed.pause(true);
    feed.add(newestFirst(3, 4));
    expect(feed.items).toBe(before);
    expect(feed.waiting).toHaveLength(2);
    feed.pause(false);
    expect(names(feed.items)).toEqual(['t4', 't3', 't2', 't1']);
    expect(feed.waiting).toHaveLength(0);
  });

  it.each([false, true])('are at most ten thousand, and forget those that left (paused: %s)', (paused) => {
    const feed = new Feed();
    feed.pause(paused);
    for (let from = 1; from <= 2 * kept; from += 500) feed.add(newestFirst(from, from + 499));
    feed.pause(false);
    expect(feed.items).toHaveLength(kept);
    expect(feed.items[0]!.transactionId).toBe(`t${2 * kept}`);
    expect(feed.knows(`t${2 * kept}`)).toBe(true);
    expect(feed.knows(`t${kept}`)).toBe(false);
  });

  it.each([false, true])('begin anew where too much was missed, so that there is no hole in them (paused: %s)', (paused) => {
    const feed = new Feed();
    feed.add(newestFirst(1, 3));
    feed.pause(paused);
    feed.restart(newestFirst(8, 9));
    expect(names(feed.items)).toEqual(paused ? ['t3', 't2', 't1'] : ['t9', 't8']);
    feed.add(newestFirst(10, 10));
    feed.pause(false);
    expect(names(feed.items)).toEqual(['t10', 't9', 't8']);
    expect(feed.knows('t3')).toBe(false);
  });

  it('tell their readers of news, and only of news', () => {
    const feed = new Feed();
    let told = 0;
    const stop = feed.subscribe(() => {
      told += 1;
    });
    feed.add([item(1)]);
    feed.add([item(1)]);
    expect(told).toBe(1);
    stop();
    feed.add([item(2)]);
    expect(told).toBe(1);
  });

  const items = [
    item(4, { outcome: 'BLOCK', score: 85, signals: ['RAPID_BURST_1M'] }),
    item(3, { outcome: 'REVIEW', score: 40, accountId: 'A_Other' }),
    item(2, { userId: 'u_other' }),
    item(1, { transactionId: null, userId: null, accountId: null }),
  ];
  it.each([
    ['the outcome', { outcome: 'BLOCK' }, ['t4']],
    ['a signal', { signal: 'RAPID_BURST_1M' }, ['t4']],
    ['the least score, itself included', { scoreMin: 40 }, ['t4', 't3']],
    ['part of an id, in any case', { text: ' OTHER ' }, ['t3', 't2']],
    ['all of them together', { outcome: 'REVIEW', text: 'a_other', scoreMin: 41 }, []],
  ] as const)('are filtered by %s', (_, filter, expected) => {
    expect(names(filtered(items, { ...noFilter, ...filter }))).toEqual(expected);
  });

  it('have a rate over the last seconds', () => {
    expect(ratePerSecond(newestFirst(1, 60), startMs + 60)).toBe(2);
    expect(ratePerSecond(newestFirst(1, 60), startMs + 60_000)).toBe(0);
  });
});
