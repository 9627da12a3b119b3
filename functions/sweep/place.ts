import type { Condition, Item, Key, TableStore, Write } from '../../shared/ports/ports.ts';
import { sweepShares } from '../../shared/proof/sweptShares.ts';
import { prefixes } from '../../shared/store/names.ts';

/** What was counted of a share so far. */
export interface Counts {
  readonly chains: number;
  readonly entries: number;
  readonly states: number;
  readonly signed: number;
  readonly findings: number;
}

/** How far the sweep has come: kept in the table, so that a run goes on where the one before it stopped. */
export interface Place {
  readonly revision: number;
  /** When the first sweep ever began. */
  readonly firstAtMs: number;
  /** When this share may begin. */
  readonly dueAtMs: number;
  readonly share: number;
  /** When it did; 0 before. */
  readonly fromMs: number;
  /** First the share's part of the table, then its part of the chains that checkpoints hold. */
  readonly phase: 'table' | 'signed';
  /** The last key read of the table; null at the beginning. Names nobody. */
  readonly after: Key | null;
  /** The last chain looked up; empty at the beginning. */
  readonly afterChain: string;
  readonly counts: Counts;
}

/** One share begins after the other by this. */
export const shareMs = 3_600_000;
/** A sweep that was held up catches up with at most this. */
const catchUpMs = 24 * shareMs;

const noCounts: Counts = { chains: 0, entries: 0, states: 0, signed: 0, findings: 0 };
const placeKey: Key = { pk: `${prefixes.checkpoint}sweep`, sk: 'CURRENT' };

const begun = { fromMs: 0, phase: 'table', after: null, afterChain: '', counts: noCounts } as const;

/** Where the sweep goes on; its beginning when there is none yet. */
export const readPlace = async (table: TableStore, nowMs: number): Promise<Place> => {
  const item = await table.get(placeKey, { consistent: true });
  if (item === null) return { ...begun, revision: 0, firstAtMs: nowMs, dueAtMs: nowMs, share: 0 };
  const { pk: _, sk: __, ...place } = item;
  return place as unknown as Place;
};

/** The place one step on. */
export const moved = (place: Place, change: Partial<Omit<Place, 'revision'>>): Place => ({
  ...place,
  ...change,
  revision: place.revision + 1,
});

export const nextShare = (place: Place, nowMs: number): Place =>
  moved(place, {
    ...begun,
    share: (place.share + 1) % sweepShares,
    dueAtMs: Math.max(place.dueAtMs + shareMs, nowMs - catchUpMs),
  });

/** Holds while no other run has moved the place meanwhile. */
export const placeWrite = (place: Place): Write => ({
  kind: 'put',
  item: { ...placeKey, ...place } as unknown as Item,
  condition: isAt(place.revision - 1),
});

const isAt = (revision: number): Condition =>
  revision === 0 ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision };
