import { dayMs } from '../../../shared/domain/durations.ts';
import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { type ArchivedEntry, readArchive } from '../../../shared/proof/archive.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';

/** The part of a chain that an export is about. */
export interface Stretch {
  readonly chain: string;
  readonly first: number;
  readonly last: number;
  /** A sequence that the chain is known to have; 0 = none. */
  readonly reached: number;
}

/** Where the table has no row of a chain: from `from` up to, without, `to`. */
export interface Hole {
  readonly chain: string;
  readonly from: number;
  readonly to: number;
  /** The chain is known to have every entry of the hole up to this one; less than `from`: none. */
  readonly reached: number;
  /** When the entries beside the hole were made; null: there is none. */
  readonly afterMs: number | null;
  readonly beforeMs: number | null;
}

/** Entries that are no longer in the table, held in memory. */
const archivedMax = 1_000_000;
/** An object lies under the day of its oldest entry; a batch of the stream spans a day at most. */
const objectSpanMs = 2 * dayMs;

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/**
 * What the archive holds in place of rows that have expired; a row that went before its time is the verifier's to name. The compacted files are
 * read first, one share of each day for a chain; only for what they lack the small objects, each day once.
 */
export class ExpiredEntries {
  readonly #archive: ObjectStore;
  readonly #stretches: ReadonlyMap<string, Stretch>;
  readonly #nowMs: number;
  readonly #found = new Map<string, Map<string, AuditEntry>>();
  #count = 0;
  #compacted: Promise<void> | null = null;
  /** The small objects of all days before this one were read. */
  #readBefore = '';

  constructor(archive: ObjectStore, stretches: readonly Stretch[], nowMs: number) {
    this.#archive = archive;
    this.#stretches = new Map(stretches.map((stretch) => [stretch.chain, stretch]));
    this.#nowMs = nowMs;
  }

  /** The expired entries of a hole in their order, forks included. Holes of a chain come in order. Throws store errors. */
  async of(hole: Hole): Promise<readonly AuditEntry[]> {
    this.#compacted ??= this.#readCompacted();
    await this.#compacted;
    if (!isFull(hole, this.#within(hole))) await this.#readObjects(hole);
    return this.#within(hole);
  }

  #within({ chain, from, to }: Hole): AuditEntry[] {
    const own = [...(this.#found.get(chain)?.values() ?? [])];
    return own
      .filter(({ body }) => body.sequence >= from && body.sequence < to)
      .sort((a, b) => a.body.sequence - b.body.sequence || (a.hash < b.hash ? -1 : 1));
  }

  async #readCompacted(): Promise<void> {
    // Loaded only here: whoever finds every row in the table needs no Parquet.
    const { compactedEntries } = await import('./entryFiles.ts');
    const chains = new Set(this.#stretches.keys());
    const isWanted = (chain: string, sequence: number, expiresAtMs: number | null): boolean =>
      this.#isExpired(chain, sequence, expiresAtMs ?? Infinity);
    for await (const entries of compactedEntries(this.#archive, chains, isWanted)) this.#keep(entries);
  }

  /** Of several chains all days at once; of one the days around the hole. */
  async #readObjects({ afterMs, beforeMs }: Hole): Promise<void> {
    const isOne = this.#stretches.size === 1;
    const startMs = isOne && afterMs !== null ? afterMs - objectSpanMs : null;
    const from = [startMs === null ? '' : dayOf(startMs), this.#readBefore].toSorted().at(-1)!;
    const through = isOne ? dayOf(beforeMs ?? this.#nowMs) : '9999-99-99';
    if (from > through) return;
    for await (const entries of readArchive(this.#archive, from, through)) {
      this.#keep(
        entries.filter(({ body, expiresAt = Infinity }) => this.#isExpired(body.chain, body.sequence, expiresAt * 1_000)),
      );
    }
    this.#readBefore = `${through}~`;
  }

  #isExpired(chain: string, sequence: number, expiresAtMs: number): boolean {
    const stretch = this.#stretches.get(chain);
    return stretch !== undefined && sequence >= stretch.first && sequence <= stretch.last && expiresAtMs <= this.#nowMs;
  }

  #keep(entries: readonly ArchivedEntry[]): void {
    for (const { expiresAt: _, ...entry } of entries) {
      const own = this.#found.get(entry.body.chain) ?? new Map<string, AuditEntry>();
      this.#found.set(entry.body.chain, own);
      if (own.has(entry.hash)) continue;
      this.#count += 1;
      if (this.#count > archivedMax) throw new Error(`more than ${archivedMax} entries come from the archive: narrow the export`);
      own.set(entry.hash, entry);
    }
  }
}

/** Whether every entry that the chain is known to have there was found; of an open hole at least one. */
const isFull = ({ from, to, reached }: Hole, found: readonly AuditEntry[]): boolean => {
  const sequences = new Set(found.map(({ body }) => body.sequence));
  const last = Math.max(from, Math.min(to - 1, reached));
  for (let sequence = from; sequence <= last; sequence += 1) if (!sequences.has(sequence)) return false;
  return true;
};
