import { parseArgs } from 'node:util';
import { randomFaults } from '../../shared/memory/faults.ts';
import { seededRandomness } from '../../shared/memory/random.ts';
import { faultsOf, randomTransactions, simulate } from './world.ts';

/** One seed: a few accounts, random faults of every kind, every delivery repeated. Returns what does not hold. */
export async function runSeed(seed: number): Promise<string[]> {
  const draw = seededRandomness(seed);
  const transactions = randomTransactions(seed, 6 + draw.below(18), 1 + draw.below(3));
  const scale = draw.pick([0, 0.02, 0.1]);
  const world = await simulate({
    seed,
    transactions,
    deliveries: 1 + draw.below(3),
    workers: 1 + draw.below(6),
    batchMax: draw.pick([1, 4, 10]),
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
  const faults = await faultsOf(world);
  if (world.buried.length > 0)
    faults.push(`${world.buried.length} valid messages among the dead letters: ${world.buried[0]!.reason}`);
  return faults;
}

const help = `Usage: npm run test:simulation -- [--seeds N] [--seed N]

Runs the score stage against the memory store under injected faults, in virtual time; checks that nothing is lost or decided twice,
that every chain verifies and that every signal is what its definition says.

  --seeds N   how many seeds, from --from on (default 10000)
  --from N    the first of them (default 1)
  --seed N    this one alone`;

if (import.meta.main) {
  const { values } = parseArgs({
    options: { seeds: { type: 'string' }, from: { type: 'string' }, seed: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(help);
    process.exit(0);
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
