import type { ObjectStore } from '../../../shared/ports/ports.ts';
import { type ArchivedEntry, archiveFolder, entriesOfObject } from '../../../shared/proof/archive.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { inParallel } from '../../../shared/store/parallel.ts';

/** Objects of a day that are looked into for lines that expire: the setting is a deployment's, not a payment's. */
const sampleObjects = 3;
const keysAtOnce = 1_000;
const objectsAtOnce = 32;
const daysAtOnce = 8;
/** Entries of the chains asked for, held in memory. */
const entriesMax = 1_000_000;
const dayMs = 86_400_000;

/**
 * Entries whose rows may be gone from the table by now, out of the archive. It is read only for days on which rows were given an expiry, and only
 * when it is asked: a year of traffic makes an object a second.
 */
export class ExpiredEntries {
  readonly #archive: ObjectStore;
  readonly #nowMs: number;
  #days: Promise<readonly string[]> | null = null;

  constructor(archive: ObjectStore, nowMs: number) {
    this.#archive = archive;
    this.#nowMs = nowMs;
  }

  /** Hands over every expired entry, copies included, in no order. Throws store errors. */
  async each(take: (entry: AuditEntry) => void): Promise<void> {
    this.#days ??= this.#expiringDays();
    for (const day of await this.#days) {
      for (let after: string | undefined; ; ) {
        const page: Awaited<ReturnType<ObjectStore['list']>> = await this.#archive.list(`${archiveFolder}${day}/`, {
          limit: keysAtOnce,
          ...(after !== undefined && { after }),
        });
        await inParallel(page.keys, objectsAtOnce, async (key) => {
          for (const { expiresAt = Infinity, ...entry } of await this.#entries(key))
            if (expiresAt * 1_000 <= this.#nowMs) take(entry);
        });
        after = page.after;
        if (after === undefined) break;
      }
    }
  }

  /** The expired entries of some chains, each chain's in order, without copies. Throws an Error when there are more than fit. */
  async of(chains: Iterable<string>): Promise<ReadonlyMap<string, readonly AuditEntry[]>> {
    const found = new Map([...chains].map((chain) => [chain, new Map<string, AuditEntry>()]));
    let count = 0;
    await this.each((entry) => {
      const own = found.get(entry.body.chain);
      if (own === undefined || own.has(entry.hash)) return;
      own.set(entry.hash, entry);
      if (++count > entriesMax)
        throw new Error(`more than ${entriesMax} entries come from the archive: verify smaller shares (--share)`);
    });
    return new Map(
      [...found].map(([chain, own]) => [chain, [...own.values()].sort((a, b) => a.body.sequence - b.body.sequence)]),
    );
  }

  async #entries(key: string): Promise<readonly ArchivedEntry[]> {
    const bytes = await this.#archive.get(key);
    if (bytes === null) throw new Error(`the archive lists ${key} but does not hold it`);
    return entriesOfObject(bytes);
  }

  /** Days with lines that expire, and the days beside them: the setting may have changed in the middle of one. */
  async #expiringDays(): Promise<readonly string[]> {
    const samples: (readonly string[])[] = [];
    for (let after: string | undefined; ; ) {
      const { keys } = await this.#archive.list(archiveFolder, {
        limit: sampleObjects,
        ...(after !== undefined && { after }),
      });
      const [first] = keys;
      if (first === undefined) break;
      const day = dayOf(first);
      samples.push(keys.filter((key) => dayOf(key) === day));
      after = `${archiveFolder}${day}/~`;
    }
    const expiring = await inParallel(samples, daysAtOnce, async (keys) => {
      for (const key of keys) if ((await this.#entries(key)).some(({ expiresAt }) => expiresAt !== undefined)) return true;
      return false;
    });
    const days = samples.map((keys) => dayOf(keys[0]!));
    const wanted = new Set(days.filter((_, i) => expiring[i]).flatMap((day) => [-1, 0, 1].map((step) => dayBeside(day, step))));
    return days.filter((day) => wanted.has(day));
  }
}

const dayOf = (key: string): string => key.slice(archiveFolder.length, archiveFolder.length + 10);

const dayBeside = (day: string, step: number): string => new Date(Date.parse(day) + step * dayMs).toISOString().slice(0, 10);
