import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NewerRow } from '../../../shared/domain/rowFormat.ts';
import { type SignalName, signalNames } from '../../../shared/domain/signals/names.ts';
import { type FeedEntry, pageEntries, pageItem, pagesWith } from '../../../shared/projection/feed.ts';
import { aTransaction } from '../../functions/project/builders.ts';

const added = ['LATER_A', 'LATER_B', 'LATER_C'];
const newer = pagesWith([...signalNames, ...added]);

const { transactionId, userId, accountId, occurredAtMs, offsetMinutes, amountMinor, currency } = aTransaction();
const transaction = { transactionId, userId, accountId, occurredAtMs, offsetMinutes, amountMinor, currency };

const entry = (triggered: readonly string[], measures?: FeedEntry['measures']): FeedEntry => ({
  transaction,
  decidedAtMs: Date.UTC(2026, 10, 20, 8),
  outcome: 'REVIEW',
  score: 40.25,
  triggered: triggered.reduce((mask, name) => mask | (1 << [...signalNames, ...added].indexOf(name)), 0),
  hits: triggered.map((name, i) => ({ signal: name as SignalName, value: 7 + i, threshold: 5 })),
  ...(measures !== undefined && { measures }),
});

const old = entry(['TOTAL_SPEND_24H', 'ANOMALY'], { anomalyPercentile: 99.5, travelKmh: null, distanceKm: 3 });
const grown = entry(['TOTAL_SPEND_24H', 'LATER_B']);

describe('a feed page', () => {
  it('of the signals of 0.1 is what 0.1 wrote: columns by position', () => {
    const item = newer.pageItem('acme', 'all', [old, entry([])]);
    expect(item).toEqual(pageItem('acme', 'all', [old, entry([])]));
    expect(JSON.parse(gunzipSync(item.entries as Uint8Array).toString())[0]).toEqual([
      ...['txn_1', 'u_42', 'a_7', Date.parse('2026-11-20T08:15:00.000Z'), 330, 129_900, 'INR'],
      ...[Date.UTC(2026, 10, 20, 8), 1, 40.25, 1 + 256],
      [
        [0, 7, 5],
        [8, 8, 5],
      ],
      [99.5, null, 3],
    ]);
    expect(pageEntries(item)).toEqual([old, entry([])]);
  });

  it('of later signals reads back by the version that wrote it', () => {
    const item = newer.pageItem('acme', 'all', [old, grown]);
    expect(item).toMatchObject({ format: 2, signals: signalNames.length + 2 });
    expect(newer.pageEntries(item)).toEqual([old, grown]);
  });

  it('of later signals is refused by name, and holds nothing where 0.1 looks', () => {
    const item = newer.pageItem('acme', 'all', [old, grown]);
    expect(item).not.toHaveProperty('entries');
    expect(() => pageEntries(item)).toThrow(NewerRow);
    expect(() => pageEntries(item)).toThrow(
      /the feed page F#acme#all#2026-11-20 .* is in format 2 and refers to 16 signals, of which 14 are known/,
    );
    expect(() => pageEntries({ ...item, format: 3 })).toThrow(/is in format 3; this version reads formats up to 2/);
  });

  it('without entries is damaged', () => {
    const { entries, ...item } = pageItem('acme', 'all', [old]);
    expect(() => pageEntries(item)).toThrow(/the feed page .* has no entries/);
  });
});
