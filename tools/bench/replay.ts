import { parseArgs } from 'node:util';
import { historyModels, makeHistory } from '../../test/tools/proof/history.ts';
import { replayChain } from '../proof/replay.ts';

/**
 * Makes histories through the real ledger while models with a learned layer are swapped on the way, replays every decision, and prints how
 * many came out with other bytes; exit code 1 when one did.
 */
const help = `Usage: npm run bench -- replay [--decisions N] [--accounts N] [--models N] [--seed N]

  --decisions N   in all (default 100000)
  --accounts N    among which they are spread evenly (default 100)
  --models N      versions in force in turn, 0 = rules alone (default 3)`;

const { values } = parseArgs({
  options: {
    decisions: { type: 'string', default: '100000' },
    accounts: { type: 'string', default: '100' },
    models: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const accounts = Number(values.accounts);
const perAccount = Math.floor(Number(values.decisions) / accounts);
const models = historyModels(Number(values.models));
let identical = 0;
let swaps = 0;
let byModel = 0;
let byLearned = 0;
let replayMs = 0;
for (let i = 0; i < accounts; i++) {
  const { entries, world } = await makeHistory(perAccount, Number(values.seed) * 1_000 + i, models);
  const versions = entries.map(({ body }) => body.modelVersion);
  byModel += versions.filter((version) => version !== null).length;
  swaps += versions.filter((version, k) => k > 0 && version !== versions[k - 1]).length;
  const startedMs = performance.now();
  const result = await replayChain(entries, world);
  replayMs += performance.now() - startedMs;
  if (result.kind === 'identical') {
    identical += result.decisions;
    byLearned += result.last?.reasons.some(({ signal }) => signal === 'MODEL') ? 1 : 0;
  } else console.log(`account ${i}: ${JSON.stringify(result)}`);
}
const total = perAccount * accounts;
console.log(`${identical} of ${total} decisions replayed to the same bytes, ${Math.round((1000 * total) / replayMs)} a second`);
console.log(
  `${byModel} of them were made with a model and its learned layer in force, which changed ${swaps} times on the way; the last decision of ${byLearned} of ${accounts} accounts has points of the learned layer`,
);
process.exitCode = identical === total ? 0 : 1;
