import { setTimeout as sleep } from 'node:timers/promises';
import type { TableStore } from '../../shared/ports/ports.ts';
import { decisionKey, defaultTenant } from '../../shared/store/names.ts';

const getManyMax = 100;
/** Payments asked for while the last ones are undecided: the table has payments to store. */
const probeMax = 5;
const pollMs = 20;

export interface WaitOptions {
  readonly waitMsMax: number;
  /** Pause between two looks while payments are undecided. Default 20 ms. */
  readonly pollMs?: number;
  /** Runs before each pause. */
  readonly whileWaiting?: () => Promise<void>;
}

/** Some payments were not decided in time. */
export class StillUndecided extends Error {
  override readonly name = 'StillUndecided';
  readonly transactionIds: readonly string[];
  constructor(transactionIds: readonly string[], waitMsMax: number) {
    super(`${transactionIds.length} payments are not decided after ${waitMsMax} ms, ${transactionIds[0]} among them`);
    this.transactionIds = transactionIds;
  }
}

/** Returns those of the transactions of which the table holds no decision, in the order given. */
export const undecided = async (table: TableStore, transactionIds: readonly string[]): Promise<readonly string[]> => {
  const open: string[] = [];
  for (let from = 0; from < transactionIds.length; from += getManyMax) {
    const asked = transactionIds.slice(from, from + getManyMax);
    const found = await table.getMany(
      asked.map((id) => decisionKey(defaultTenant, id)),
      { consistent: true },
    );
    open.push(...asked.filter((_, i) => found[i] === null));
  }
  return open;
};

/**
 * Resolves once the table holds a decision of every transaction. Asks for the last ones first, which are most likely the last to be decided.
 * Throws StillUndecided when that takes longer than `waitMsMax`.
 */
export const waitUntilDecided = async (
  table: TableStore,
  transactionIds: readonly string[],
  { waitMsMax, whileWaiting, ...options }: WaitOptions,
): Promise<void> => {
  const startedMs = performance.now();
  let open = transactionIds;
  let askedMax = probeMax;
  while (open.length > 0) {
    if (performance.now() - startedMs > waitMsMax) throw new StillUndecided(await undecided(table, open), waitMsMax);
    const asked = open.slice(-askedMax);
    const still = await undecided(table, asked);
    open = [...open.slice(0, -asked.length), ...still];
    askedMax = still.length === 0 ? getManyMax : probeMax;
    if (still.length === 0) continue;
    await whileWaiting?.();
    await sleep(options.pollMs ?? pollMs);
  }
};
