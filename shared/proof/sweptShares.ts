import type { Item, Key, TableStore, Write } from '../ports/ports.ts';
import { prefixes } from '../store/names.ts';
import { queryItems } from '../store/pages.ts';
import { inParallel } from '../store/parallel.ts';
import { isSweepRecord, type SweepRecord } from './sweepRecord.ts';

/**
 * What is known of each share of the sweep, one small item each in the table: its last sweep, and the last one that a signed checkpoint
 * records. A help for the stages: what counts is in the checkpoints.
 */

/** Into how many shares the table is divided. */
export const sweepShares = 128;

const pk = `${prefixes.checkpoint}swept`;
const pageSize = 200;
const writesAtOnce = 16;

export interface SweptShare {
  readonly record: SweepRecord;
  /** When the last sweep began, and ended, that a checkpoint records; null for none yet. */
  readonly signed: { readonly from: string; readonly to: string } | null;
}

const keyOf = ({ share }: SweepRecord): Key => ({ pk, sk: String(share).padStart(5, '0') });

/** Notes a share that was swept, for the next checkpoint. */
export const sweptWrite = (record: SweepRecord): Write => ({
  kind: 'update',
  key: keyOf(record),
  change: { set: { ...record } },
});

/** Every share that was swept. */
export const readSweptShares = async (table: TableStore): Promise<readonly SweptShare[]> => {
  const found: SweptShare[] = [];
  for await (const item of queryItems(table, { pk, limit: pageSize, consistent: true })) {
    const share = sweptShareOf(item);
    if (share !== null && share.record.shares === sweepShares) found.push(share);
  }
  return found;
};

/** Records that no checkpoint holds yet, by share. */
export const unsignedSweeps = async (table: TableStore): Promise<readonly SweepRecord[]> =>
  (await readSweptShares(table)).filter(({ record, signed }) => signed?.to !== record.to).map(({ record }) => record);

/** Notes that a checkpoint holds these records; again is no change. */
export const markSweepsSigned = async (table: TableStore, records: readonly SweepRecord[]): Promise<void> => {
  await inParallel(records, writesAtOnce, (record) =>
    table.update(keyOf(record), { set: { signedFrom: record.from, signedTo: record.to } }),
  );
};

/** Null for an item that somebody else made. */
const sweptShareOf = ({ pk: _, sk: __, signedFrom, signedTo, ...record }: Item): SweptShare | null => {
  if (!isSweepRecord(record)) return null;
  const isSigned = typeof signedFrom === 'string' && typeof signedTo === 'string';
  return { record, signed: isSigned ? { from: signedFrom, to: signedTo } : null };
};
