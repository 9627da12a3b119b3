import { parseArgs } from 'node:util';
import { runCardNumbers, runQueuedCardNumbers, runTokens } from './cards.ts';
import { runRepeats } from './repeats.ts';
import { refusalGoalMs, runRequests } from './requests.ts';

/** `npm run test:hostile [-- --payloads N] [-- --seed N]`: what the API must stand. Every dose grows and shrinks with the payloads. */

const fewestPayloads = 1_000;
/** Of random tokens, this share may be taken for card numbers. */
const wronglyRefusedMax = 0.001;

const shownFaults = 10;
const shownCharacters = 2_000;

const { values } = parseArgs({
  options: { payloads: { type: 'string', default: '200000' }, seed: { type: 'string', default: '1' } },
});
const payloads = Number(values.payloads);
const seed = Number(values.seed);
if (!Number.isSafeInteger(payloads) || payloads < fewestPayloads || !Number.isSafeInteger(seed)) {
  console.error(
    `--payloads must be a whole number from ${fewestPayloads} and --seed a whole number; given ${values.payloads} and ${values.seed}`,
  );
  process.exit(2);
}
const cards = payloads / 2;
const repeats = Math.max(100, Math.round(payloads / 100));

const faults: string[] = [];
process.on('uncaughtException', (error) => faults.push(`uncaught: ${error.stack}`));
process.on('unhandledRejection', (error) => faults.push(`unhandled rejection: ${String(error)}`));

/** Prints what was done and how many of it failed. */
function report(what: string, found: readonly string[]): void {
  console.log(`${what}: ${found.length} faults`);
  faults.push(...found);
}

const requests = await runRequests(seed, payloads);
const byStatus = [...requests.statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} x ${status}`);
report(`${payloads} generated requests: ${byStatus.join(', ')}`, requests.faults);
const { p50, p99, worst } = requests.refusalMs;
console.log(
  `a refusal takes ${p50.toFixed(2)} ms at p50, ${p99.toFixed(2)} ms at p99 (goal: under ${refusalGoalMs}), ${worst.toFixed(0)} ms at worst`,
);
console.log(`the heap grew by ${(requests.heapGrowthBytes / 2 ** 20).toFixed(1)} MiB from the first tenth to the last`);

report(`${cards} requests that hide a card number`, await runCardNumbers(seed, cards));
report(`${cards} messages that hide one, put on the queue`, await runQueuedCardNumbers(seed, cards));

const refused = await runTokens(seed, cards);
const tooMany = refused > wronglyRefusedMax * cards ? [`${refused} of ${cards} random tokens were refused`] : [];
report(`${cards} random tokens of letters and digits, ${refused} refused`, tooMany);

report(`${repeats} repeats written otherwise and ${repeats} changed ones`, await runRepeats(seed, repeats));

if (faults.length > 0) {
  for (const fault of faults.slice(0, shownFaults)) console.error(fault.slice(0, shownCharacters));
  process.exit(1);
}
