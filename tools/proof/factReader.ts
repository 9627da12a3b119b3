import { availableParallelism } from 'node:os';
import { linesIn } from '../../functions/read/evidence/lines.ts';
import { type EntryFacts, entryFacts, isEntryLine, unpackFacts } from './entryFacts.ts';
import { type EntryPool, startEntryPool } from './entryPool.ts';

const threadsMax = 4;
/** Smaller bundles are done before a thread has started. */
const threadsFromBytes = 8 * 2 ** 20;

export interface BlockWithFacts {
  readonly block: Buffer;
  /** Of the block's entries, in order. */
  readonly facts: Iterator<EntryFacts>;
}

/** Finds the facts of a block's entries: in this thread while the bundle is small, then in others. Close it after use. */
export class FactReader {
  readonly #threads: number;
  #bytes = 0;
  #pool: EntryPool | null = null;

  constructor(threads: number = Math.min(threadsMax, availableParallelism())) {
    this.#threads = threads;
  }

  async read(block: Buffer): Promise<BlockWithFacts> {
    this.#bytes += block.length;
    if (this.#threads > 0 && this.#bytes > threadsFromBytes) this.#pool ??= startEntryPool(this.#threads);
    if (this.#pool) return { block, facts: unpackFacts(await this.#pool.facts(block)) };
    return { block, facts: factsOf(block) };
  }

  async close(): Promise<void> {
    await this.#pool?.close();
  }
}

function* factsOf(block: Buffer): Generator<EntryFacts> {
  for (const line of linesIn(block)) if (isEntryLine(line)) yield entryFacts(line);
}
