import { parseArgs } from 'node:util';
import { noFaults, randomFaults } from '../../shared/adapters/memory/faults.ts';
import { decisionFromItem, isDecisionItem } from '../../shared/ledger/items.ts';
import type { Write } from '../../shared/ports/ports.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { entityFaultsOf } from './entities.ts';
import { faultsOf } from './ledgerFaults.ts';
import { runOutage } from './outage.ts';
import { passedByCall, passedByQueue } from './payee.ts';
import { projectedFaultsOf } from './projected.ts';
import { streamAndRebuild } from './stream.ts';
import { limitOfFive, type Plan, payment, randomTransactions, simulate, startMs } from './world.ts';

/**
 * One seed: a few accounts, random faults of every kind, every delivery repeated; then the stream of what was committed, part of which is
 * lost, and a rebuild. Returns what does not hold.
 */
export async function runSeed(seed: number): Promise<string[]> {
  const draw = seededRandom(seed);
  const transactions = randomTransactions(seed, 6 + draw.below(18), 1 + draw.below(3));
  const scale = draw.pick([0, 0.02, 0.1]);
  const committed: Write[] = [];
  const outage = drawnOutage(draw);
  const world = await simulate({
    seed,
    transactions,
    deliveries: 1 + draw.below(3),
    workers: 1 + draw.below(6),
    batchMax: draw.pick([1, 4, 10]),
    ...(outage && { outage }),
    onCommitted: (writes) => committed.push(...writes),
    faults: (_, randomness) =>
      randomFaults(randomness, {
        conflict: scale,
        throttle: scale / 2,
        unavailable: scale / 2,
        lostBeforeEffect: scale,
        lostAfterEffect: scale,
        crashBeforeEffect: scale / 4,
        crashAfterEffect: scale / 4,
      }),
  });
  const faults = [...(await faultsOf(world)), ...(await entityFaultsOf(world, false))];
  if (world.buried.length > 0)
    faults.push(`${world.buried.length} valid messages among the dead letters: ${world.buried[0]!.reason}`);
  if (world.expired > 0) faults.push(`${world.expired} messages expired`);
  const streamed = await streamAndRebuild(seed, { table: world.table, committed, nowMs: world.endMs });
  return [...faults, ...(await projectedFaultsOf(streamed))];
}

/** In one of four seeds the table is away, from somewhere within the traffic on, for up to an hour. */
const drawnOutage = (draw: SeededRandom): Plan['outage'] | null => {
  if (draw.below(4) > 0) return null;
  const fromMs = draw.below(200);
  return { fromMs, toMs: fromMs + Math.floor(hourMs ** (0.5 + draw.fraction() / 2)) };
};
const hourMs = 3_600_000;

/** The two large runs: a storm of deliveries, and one account that everybody wants. */
export async function runStorms(): Promise<string[]> {
  const faults: string[] = [];
  const many = await simulate({
    seed: 1,
    transactions: randomTransactions(1, 10_000, 200),
    deliveries: 5,
    workers: 32,
    faults: () => noFaults,
  });
  faults.push(...(await faultsOf(many)));
  console.error(
    `10000 transactions delivered 50000 times to 32 workers: ${many.invocations} invocations, ${faults.length} faults`,
  );
  for (const conflict of [0.1, 0.3, 0.5]) {
    const transactions = Array.from({ length: 1_000 }, (_, i) => payment(i, { occurredAtMs: startMs - (i % 60) * 999 }));
    const one = await simulate({
      seed: 2,
      transactions,
      deliveries: 1,
      workers: 1_000,
      batchMax: 1,
      policy: limitOfFive,
      faults: (_, randomness) => randomFaults(randomness, { conflict }),
    });
    const found = await faultsOf(one);
    const allowed = one.table
      .all()
      .filter((item) => isDecisionItem(item) && decisionFromItem(item).decision.outcome === 'ALLOW').length;
    if (allowed !== 5) found.push(`${allowed} payments passed a limit of 5`);
    console.error(
      `1000 concurrent payments of one account, ${conflict * 100} % conflicts: ${allowed} within the limit of 5, ${found.length} faults`,
    );
    faults.push(...found);
  }
  return faults;
}

const callsMax = 100;

/** One seed's traffic once for each call that its first three invocations make and each way to die or to lose the reply there. */
export async function runCrashes(seed: number): Promise<{ readonly runs: number; readonly faults: readonly string[] }> {
  const draw = seededRandom(seed);
  const transactions = randomTransactions(seed, 8, 2);
  const shape = { seed, transactions, deliveries: 2, workers: 1 + draw.below(3), batchMax: draw.pick([1, 4, 10]) };
  const faults: string[] = [];
  let runs = 0;
  for (let invocation = 0; invocation < 3; invocation++) {
    for (let number = 1; number <= callsMax; number++) {
      let reached = false;
      for (const fault of ['crashBeforeEffect', 'crashAfterEffect', 'lostBeforeEffect', 'lostAfterEffect'] as const) {
        const world = await simulate({
          ...shape,
          faults: (current) => (call) => {
            if (current !== invocation || call.number !== number) return 'none';
            reached = true;
            return call.possible.includes(fault) ? fault : 'none';
          },
        });
        runs++;
        for (const found of [...(await faultsOf(world)), ...(await entityFaultsOf(world, false))])
          faults.push(`seed ${seed}, invocation ${invocation}, call ${number}, ${fault}: ${found}`);
      }
      if (!reached) break;
    }
  }
  return { runs, faults };
}

const help = `Usage: npm run test:simulation -- [--seeds N] [--seed N] [--storm] [--crashes] [--payee] [--outage]

Runs the score stage against the memory store under injected faults, in virtual time; checks that nothing is lost or decided twice,
that every chain verifies and that every signal is what its definition says. Then the table's stream loses part of what was committed, and
a rebuild, cut off at random, must restore the feed, the counters, the reviews, the archive, the features and the pending heads.

  --seeds N   how many seeds, from --from on (default 10000)
  --from N    the first of them (default 1)
  --seed N    this one alone
  --crashes   a crash and a lost reply at every call, before and after its effect, for --seeds seeds (default 100)
  --outage    the table away for --minutes (default 60) under full load of --workers (default 2): nothing among the dead letters, the backlog drains
  --payee     fifty accounts pay one payee at once against a limit of five, by the queue and by the call, for --seeds runs (default 1000)
  --storm     10,000 transactions delivered 50,000 times, and 1,000 concurrent payments of one account`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      storm: { type: 'boolean' },
      payee: { type: 'boolean' },
      crashes: { type: 'boolean' },
      outage: { type: 'boolean' },
      minutes: { type: 'string' },
      workers: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
  }
  if (values.payee) {
    const runs = Number(values.seeds ?? 1_000);
    let exact = 0;
    for (let seed = 1; seed <= runs; seed++) {
      if ((await passedByQueue(seed)) === 5 && (await passedByCall(seed)) === 5) exact++;
    }
    console.log(`exactly five passed in ${exact} of ${runs} runs, by the queue and by the call`);
    process.exit(exact === runs ? 0 : 1);
  }
  if (values.storm) {
    const faults = await runStorms();
    for (const fault of faults.slice(0, 20)) console.error(fault);
    console.log(faults.length === 0 ? '4 passed, 0 failed' : `${faults.length} faults`);
    process.exit(faults.length === 0 ? 0 : 1);
  }
  if (values.outage) {
    const workers = Number(values.workers ?? 2);
    const outageMinutes = Number(values.minutes ?? 60);
    const { faults, ...found } = await runOutage({
      seed: Number(values.seed ?? 1),
      outageMinutes,
      aroundMinutes: 5,
      perSecond: 2 * workers,
      workers,
    });
    for (const fault of faults.slice(0, 20)) console.error(fault);
    console.log(
      `${outageMinutes} minutes without the table at ${2 * workers} payments a second: ${found.sent} sent, ${found.deadLetters} among the dead letters, ` +
        `${found.expired} expired, ${faults.length} lost, double or wrong; backlog ${found.backlog}, drained after ${found.drainedSeconds} s; ` +
        `at most ${found.receivesMost} receives of a message and ${found.inFlightMost} messages in flight`,
    );
    process.exit(faults.length + found.deadLetters + found.expired > 0 ? 1 : 0);
  }
  if (values.crashes) {
    let runs = 0;
    const faults: string[] = [];
    for (let seed = 1; seed <= Number(values.seeds ?? 100); seed++) {
      const one = await runCrashes(seed);
      runs += one.runs;
      faults.push(...one.faults);
    }
    for (const fault of faults.slice(0, 20)) console.error(fault);
    console.log(`${runs - faults.length} passed, ${faults.length} failed`);
    process.exit(faults.length === 0 ? 0 : 1);
  }
  const first = Number(values.seed ?? values.from ?? 1);
  const count = values.seed === undefined ? Number(values.seeds ?? 10_000) : 1;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(count) || count < 1) {
    console.error('--seeds, --from and --seed take whole numbers');
    process.exit(2);
  }
  let failed = 0;
  for (let seed = first; seed < first + count && failed < 5; seed++) {
    const faults = await runSeed(seed).catch((error: unknown) => [
      error instanceof Error ? (error.stack ?? error.message) : String(error),
    ]);
    if (faults.length > 0) {
      failed++;
      console.error(
        `seed ${seed} fails: ${faults.slice(0, 5).join('\n  ')}\n  reproduce: npm run test:simulation -- --seed ${seed}`,
      );
    }
    if ((seed - first + 1) % 500 === 0) console.error(`${seed - first + 1} of ${count} seeds`);
  }
  console.log(`${count - failed} passed, ${failed} failed`);
  process.exit(failed > 0 ? 1 : 0);
}
