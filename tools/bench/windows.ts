/**
 * Window steps against brute force, the codec between any two: `node tools/bench/windows.ts [--steps 1000000] [--seed 1]`. Every step's count,
 * sum and triggers over 60 s, 1 h and 24 h are compared with a plain scan of everything committed. Exit code 1 on any mismatch.
 */
import { parseArgs } from 'node:util';
import { type Arrived, randomStream, runAgainstBruteForce, seeded } from '../../test/support/windowRun.ts';

const { values } = parseArgs({
  options: { steps: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const steps = Number(values.steps);
const firstSeed = Number(values.seed);
if (!Number.isSafeInteger(steps) || steps < 1 || !Number.isSafeInteger(firstSeed)) {
  console.error(`--steps takes a whole number above 0 and --seed a whole number: ${values.steps}, ${values.seed} given`);
  process.exit(2);
}

const streamSteps = 2_000;
const progressSteps = 50_000;
const startMs = Date.UTC(2026, 0, 1);

interface Family {
  readonly name: string;
  readonly share: number;
  readonly stream: (seed: number, length: number) => Arrived[];
}

/** Evenly over the day but for half a gap of jitter, in order. */
const evenly =
  (perDay: number) =>
  (seed: number, length: number): Arrived[] => {
    const random = seeded(seed);
    const gapMs = 86_400_000 / perDay;
    return Array.from({ length }, (_, i) => ({
      occurredAtMs: Math.round(startMs + (i + random() / 2) * gapMs),
      spendMinor: Math.floor(random() * 1e6),
      triggered: random() < 0.9 ? 0 : Math.floor(random() * 512),
    }));
  };

const families: readonly Family[] = [
  { name: 'hostile: bursts, equal stamps, exact edges, late, idle years', share: 0.7, stream: randomStream },
  { name: '100 a day', share: 0.1, stream: evenly(100) },
  { name: '500 a day', share: 0.1, stream: evenly(500) },
  { name: '3,000 a day', share: 0.1, stream: evenly(3_000) },
];

let done = 0;
let reported = 0;
let seed = firstSeed;
let mismatches = 0;
console.log(
  'stream                                                        steps  mismatches  rows read per step  spans at most  bytes at most',
);
for (const { name, share, stream } of families) {
  const wanted = Math.round(steps * share);
  const figures = { steps: 0, mismatches: 0, rows: 0, spans: 0, bytes: 0 };
  while (figures.steps < wanted) {
    const length = Math.min(streamSteps * (share < 0.5 ? 5 : 1), wanted - figures.steps);
    const run = runAgainstBruteForce(stream(seed, length));
    for (const mismatch of run.mismatches.slice(0, 3)) console.error(`${name}, seed ${seed}: ${mismatch}`);
    figures.steps += length;
    figures.mismatches += run.mismatches.length;
    figures.rows += run.rowsRead;
    figures.spans = Math.max(figures.spans, run.spansMax);
    figures.bytes = Math.max(figures.bytes, run.bytesMax);
    seed++;
    done += length;
    if (done - reported >= progressSteps) {
      reported = done;
      console.error(`${done} of ${steps} steps`);
    }
  }
  mismatches += figures.mismatches;
  const cells = [
    String(figures.steps).padStart(9),
    String(figures.mismatches).padStart(10),
    (figures.rows / Math.max(1, figures.steps)).toFixed(3).padStart(18),
    String(figures.spans).padStart(13),
    String(figures.bytes).padStart(13),
  ];
  console.log(`${name.padEnd(58)}${cells.join('  ')}`);
}
console.log(`${done} steps, ${mismatches} mismatches`);
process.exitCode = mismatches > 0 ? 1 : 0;
