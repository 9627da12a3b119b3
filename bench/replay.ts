/**
 * `node bench/replay.ts [--decisions 100000] [--accounts 100] [--seed 1]`: makes histories through the real ledger, replays every
 * decision, and prints how many came out with other bytes; exit code 1 when one did.
 */
import { parseArgs } from 'node:util';
import { replayChain } from '../shared/proof/replay.ts';
import { makeHistory } from '../test/proof/history.ts';

const { values } = parseArgs({
  options: {
    decisions: { type: 'string', default: '100000' },
    accounts: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
  },
});
const accounts = Number(values.accounts);
const perAccount = Math.floor(Number(values.decisions) / accounts);
let identical = 0;
let replayMs = 0;
for (let i = 0; i < accounts; i++) {
  const { entries, world } = await makeHistory(perAccount, Number(values.seed) * 1_000 + i);
  const startedMs = performance.now();
  const result = await replayChain(entries, world);
  replayMs += performance.now() - startedMs;
  if (result.kind === 'identical') identical += result.decisions;
  else console.log(`account ${i}: ${JSON.stringify(result)}`);
}
const total = perAccount * accounts;
console.log(`${identical} of ${total} decisions replayed to the same bytes, ${Math.round((1000 * total) / replayMs)} a second`);
process.exitCode = identical === total ? 0 : 1;
