import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryFields, entryOfRow, rowOfEntry } from '../../../shared/parquet/entries.ts';
import { decodeFile, encodeFile, rowsOf } from '../../../shared/parquet/file.ts';
import type { ArchivedEntry } from '../../../shared/proof/archive.ts';
import { DrivenAccount } from '../../shared/domain/driven.ts';
import { bodyOf, chainOf, hashOf, sealEntry, startMs, zeros } from '../../tools/proof/builders.ts';

const read = async (entries: readonly ArchivedEntry[]) => {
  const bytes = encodeFile(entryFields, entries.map(rowOfEntry));
  return rowsOf(entryFields, await decodeFile(bytes, entryFields, 'a file'));
};

const common = { chain: 'alpha', sequence: 7, previousHash: zeros, at: '2026-11-20T10:00:00.123Z' };
const decision = bodyOf('alpha', 4, zeros, startMs);

describe('an entry through a file', () => {
  it.each<[string, ArchivedEntry]>([
    ['a decision', sealEntry(decision)],
    ['a decision with a merchant and a trigger', chainOf('alpha', 12)[11]!],
    ['a decision whose row may expire', { ...sealEntry(decision), expiresAt: 1_800_000_000 }],
    ['a decision at an offset west of UTC', sealEntry({ ...decision, occurredAt: '2026-11-20T04:29:58.500-05:30' })],
    ['a decision without a rate', sealEntry({ ...decision, spendMinor: null })],
    [
      'a review',
      sealEntry({ ...common, event: 'REVIEWED', transactionId: 'txn_1', disposition: 'CONFIRMED_FRAUD', sealed: 'c2VhbA==' }),
    ],
    ['an erasure', sealEntry({ ...common, event: 'ERASED', by: 'key_1' })],
    [
      'an event of a system chain',
      sealEntry({ ...common, chain: 'system.dev', event: 'MODEL_PUBLISHED', version: 3, nested: { a: [1, null] } }),
    ],
    ['a decision of another form: a field more', sealEntry({ ...decision, shadow: { outcome: 'BLOCK' } })],
    [
      'a decision of another form: a field less',
      sealEntry(Object.fromEntries(Object.entries(decision).filter(([name]) => name !== 'lists')) as typeof decision),
    ],
    ['a decision of another form: an amount that is no integer', sealEntry({ ...decision, amountMinor: 1.5 })],
    [
      'a decision of another form: a signal more',
      sealEntry({ ...decision, signals: { ...(decision.signals as object), NEW: 1 } }),
    ],
    ['an instant that is written otherwise', sealEntry({ ...decision, at: '2026-11-20T10:00:00+01:00' })],
  ])('%s is the same again', async (_, entry) => {
    const [row] = await read([entry]);
    expect(entryOfRow(row!)).toEqual(entry);
  });

  it('made by the engine is the same again, whatever was paid', async () => {
    const account = new DrivenAccount();
    const entries: ArchivedEntry[] = [];
    const payments = fc.sample(
      fc.record({
        amountMinor: fc.integer({ min: 1, max: 10 ** 12 }),
        afterMs: fc.integer({ min: 0, max: 10 ** 9 }),
        offsetMinutes: fc.integer({ min: -720, max: 840 }),
      }),
      { numRuns: 60, seed: 4 },
    );
    let occurredAtMs = startMs;
    for (const { amountMinor, afterMs, offsetMinutes } of payments) {
      occurredAtMs += afterMs;
      const { entry } = account.pay({ amountMinor, occurredAtMs, offsetMinutes });
      entries.push({ body: entry.body as unknown as ArchivedEntry['body'], hash: entry.hash });
    }
    const rows = await read(entries);
    expect(rows.map(entryOfRow)).toEqual(entries);
    for (const row of rows) {
      expect(row.rest).toBeNull();
      expect(hashOf(entryOfRow(row).body)).toBe(row.hash);
    }
  });
});
