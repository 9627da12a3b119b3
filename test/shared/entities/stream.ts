import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { toBaseMinor } from '../../../shared/domain/money.ts';
import { entityCounter } from '../../../shared/entities/counting.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { type Attempted, entityOracle, figureFaults } from './oracle.ts';
import { masterSecret, noonMs, policyWith, submitted } from './world.ts';

/**
 * `node test/shared/entities/stream.ts 1000000`: events of many entities with redelivery, reordering and late ones, their figures
 * compared with brute force. Prints how many differ.
 */

const dayMs = 86_400_000;
/** Events of one entity: brute force looks at all of them for each. */
const perEntity = 200;

export interface StreamFigures {
  readonly events: number;
  readonly redelivered: number;
  readonly late: number;
  readonly saturated: number;
  readonly faults: readonly string[];
}

/** One entity's events through the counter, each compared with brute force. */
export async function runEntityStream(seed: number, events = perEntity): Promise<StreamFigures> {
  const random = seededRandom(seed);
  const table = memoryTable();
  const time = virtualClock(noonMs);
  const clock = { ...time, sleep: async (ms: number) => time.advance(ms) };
  const counter = entityCounter({ table, clock, randomness: random, masterSecret });
  const policy = policyWith();
  // Some entities are rarely used, some are saturated within minutes.
  const stepMs = random.pick([5_000, 60_000, 600_000, 3_600_000, 7_200_000]);
  const accounts = random.pick([1, 3, 40]);
  const taken: Attempted[] = [];
  const sent: Parameters<typeof submitted>[0][] = [];
  const faults: string[] = [];
  const count = { redelivered: 0, late: 0, saturated: 0 };
  let nowMs = noonMs;
  for (let i = 0; i < events; i++) {
    nowMs += random.below(2 * stepMs);
    const isRepeat = sent.length > 0 && random.fraction() < 0.15;
    const lateByMs = random.fraction() < 0.2 ? random.below(random.pick([59_999, 120_000, 2 * dayMs])) : 0;
    const account = random.below(accounts);
    const given = isRepeat
      ? random.pick(sent)!
      : {
          transactionId: `t${i}`,
          userId: `u${account % 2}`,
          accountId: `a${account}`,
          occurredAtMs: nowMs - lateByMs,
          amountMinor: 1 + random.below(1_000_000),
          currency: random.pick(['INR', 'INR', 'EUR', 'THB']),
        };
    if (isRepeat) count.redelivered++;
    else sent.push(given);
    const submission = submitted(given, Math.max(nowMs, given.occurredAtMs!));
    const [reading] = await counter.count(submission, policy);
    const { transactionId, userId, accountId, occurredAtMs, amountMinor, currency } = submission.transaction;
    const own: Attempted = {
      transactionId,
      account: `${userId} ${accountId}`,
      atMs: occurredAtMs,
      amountMinor: toBaseMinor(amountMinor, currency, policy.baseCurrency, policy.rates),
    };
    if (reading!.figures === null) {
      const ended = (Math.floor(occurredAtMs / dayMs) + 1) * dayMs;
      if (reading!.cause !== 'LATE' || ended + 2 * dayMs >= submission.receivedAtMs)
        faults.push(`seed ${seed}, event ${i}: ${reading!.cause}`);
      continue;
    }
    const wanted = entityOracle(taken, own, submission.receivedAtMs);
    if (!taken.some((one) => one.transactionId === transactionId)) taken.push(own);
    if (wanted.late) count.late++;
    if (wanted.saturated) count.saturated++;
    for (const fault of figureFaults(reading!.figures, wanted)) faults.push(`seed ${seed}, event ${i}: ${fault}`);
  }
  return { events, ...count, faults };
}

if (import.meta.main) {
  const wanted = Number(process.argv[2] ?? 1_000_000);
  const total = { events: 0, redelivered: 0, late: 0, saturated: 0, faults: 0 };
  for (let seed = 1; total.events < wanted && total.faults < 20; seed++) {
    const { faults, ...counts } = await runEntityStream(seed);
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) total[name] += counts[name];
    total.faults += faults.length;
    for (const fault of faults) console.error(fault);
  }
  console.log(
    `${total.events} events (${total.redelivered} redelivered, ${total.late} late, ${total.saturated} on saturated entities): ${total.faults} mismatches`,
  );
  process.exit(total.faults === 0 ? 0 : 1);
}
