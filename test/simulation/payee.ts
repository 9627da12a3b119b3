import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { faultyTable, noFaults } from '../../shared/adapters/memory/faults.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { decisionFromItem, isDecisionItem } from '../../shared/ledger/items.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import type { Item } from '../../shared/ports/ports.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { entityFaultsOf } from './entities.ts';
import { faultsOf } from './ledgerFaults.ts';
import { ledgerOn, limitOfFivePayers, payment, simulate, startMs, submission } from './world.ts';

/** Fifty accounts that pay one payee within a minute, in any order. */
export const toOnePayee = (random: SeededRandom): Transaction[] =>
  random.shuffled(
    Array.from({ length: 50 }, (_, i) =>
      payment(i, { userId: `u${i}`, deviceId: null, beneficiaryId: 'mule', occurredAtMs: startMs - random.below(60_000) }),
    ),
  );

export const allowedIn = (items: readonly Item[]): number =>
  items.filter((item) => isDecisionItem(item) && decisionFromItem(item).decision.outcome === 'ALLOW').length;

/** How many pass a limit of five when all come by the queue, to fifty workers at once; throws when anything else does not hold. */
export async function passedByQueue(seed: number): Promise<number> {
  const world = await simulate({
    seed,
    transactions: toOnePayee(seededRandom(seed)),
    deliveries: 1,
    workers: 50,
    batchMax: 1 + (seed % 10),
    policy: limitOfFivePayers,
    faults: () => noFaults,
  });
  const faults = [...(await faultsOf(world)), ...(await entityFaultsOf(world, true))];
  if (faults.length > 0) throw new Error(`seed ${seed}: ${faults.join('; ')}`);
  return allowedIn(world.table.all());
}

/** The same by fifty calls at once. */
export async function passedByCall(seed: number): Promise<number> {
  const table = memoryTable();
  const random = seededRandom(seed);
  const store = faultyTable(table, noFaults, async () => {
    for (let waits = random.below(4); waits > 0; waits--) await null;
  });
  const ledger = ledgerOn(store, virtualClock(startMs), seededRandom(seed), limitOfFivePayers);
  await Promise.all(toOnePayee(random).map((transaction) => settle(ledger, [submission(transaction)], startMs + 5_000)));
  return allowedIn(table.all());
}
