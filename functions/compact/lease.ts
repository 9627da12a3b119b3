import { type Progress, progressItem, readProgress } from '../../shared/parquet/progress.ts';
import { type Clock, ConditionFailed, type Randomness, type TableStore } from '../../shared/ports/ports.ts';

export interface LeaseStores {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** Longer than any call of the function can last, so that a holder that died is the only one who loses it. */
export const holdMs = 15 * 60_000;

/** The right to change the compacted files, for one run at a time: a compaction or an erasure. */
export class Lease {
  readonly #stores: LeaseStores;
  #progress: Progress;

  private constructor(stores: LeaseStores, progress: Progress) {
    this.#stores = stores;
    this.#progress = progress;
  }

  /** Null while somebody else holds it. */
  static async take(stores: LeaseStores): Promise<Lease | null> {
    const before = await readProgress(stores.table);
    if (before.holder !== '' && before.heldUntilMs > stores.clock.nowMs()) return null;
    const lease = new Lease(stores, before);
    try {
      await lease.save({ holder: Buffer.from(stores.randomness.bytes(8)).toString('hex') });
    } catch (error) {
      if (error instanceof LeaseLost) return null;
      throw error;
    }
    return lease;
  }

  get progress(): Progress {
    return this.#progress;
  }

  /** Stores what changed, and holds on for `holdMs` more. Throws LeaseLost when somebody else has taken it. */
  async save(change: Partial<Progress>): Promise<void> {
    const { revision } = this.#progress;
    const next = {
      ...this.#progress,
      heldUntilMs: this.#stores.clock.nowMs() + holdMs,
      ...change,
      revision: revision + 1,
    };
    try {
      await this.#stores.table.put(
        progressItem(next),
        revision === 0 ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision },
      );
    } catch (error) {
      if (error instanceof ConditionFailed) throw new LeaseLost({ cause: error });
      throw error;
    }
    this.#progress = next;
  }

  /** Holds on while a long run goes on; a write at most once a minute. */
  async keep(): Promise<void> {
    if (this.#progress.heldUntilMs - this.#stores.clock.nowMs() < holdMs - 60_000) await this.save({});
  }

  async release(): Promise<void> {
    await this.save({ holder: '', heldUntilMs: 0 });
  }
}

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost';
  constructor(options?: ErrorOptions) {
    super('another run has taken the right to change the compacted archive', options);
  }
}
