/**
 * What `aegis verify --live` costs: `node tools/bench/live.ts [--accounts 100] [--payments 200] [--shares 1]`. Builds a deployment in memory (that
 * time is printed apart), verifies it, and prints what a million entries cost: calls, read units, bytes, processor time.
 */
import { parseArgs } from 'node:util';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { liveWorld } from '../../test/tools/proof/live/world.ts';
import { type LiveStores, verifyStores } from '../proof/live/liveCheck.ts';

const help = `Usage: npm run bench -- live [--accounts N] [--payments N] [--shares N]

  --accounts N   ordinary ones, beside a few of other kinds (default 100)
  --payments N   of each (default 200)
  --shares N     verify the table in so many parts, one after the other (default 1)`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    accounts: { type: 'string', default: '100' },
    payments: { type: 'string', default: '200' },
    shares: { type: 'string', default: '1' },
  },
});

if (values.help) {
  console.log(help);
  process.exit(0);
}
const [accounts, payments, of] = [values.accounts, values.payments, values.shares].map(Number);
const startedMs = performance.now();
const world = await liveWorld({ seed: 1, accounts: accounts!, payments: payments! });
const items = world.table.all();
console.log(`made ${items.length} items in ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);

let readUnits = 0;
const table = memoryTable({
  onConsumed: (consumed) => {
    readUnits += consumed.readUnits;
  },
});
for (const item of items) await table.put(item);
const closed = () => Promise.reject(new Error('not asked for here'));
const whole = await measured('everything', { ...world, table });
const plain = await measured('without the secret: no decision is made anew', {
  ...world,
  table,
  masterSecret: { current: closed, version: closed },
});
process.exitCode = whole && plain ? 0 : 1;

async function measured(what: string, stores: LiveStores): Promise<boolean> {
  readUnits = 0;
  const total = { entries: 0, tableCalls: 0, objectCalls: 0, objectBytes: 0, processorMs: 0 };
  let isIntact = true;
  for (let number = 1; number <= of!; number++) {
    const { verdict, entries, live } = await verifyStores(stores, { share: { number, of: of! } });
    isIntact &&= verdict === 'intact';
    total.entries += entries;
    for (const name of ['tableCalls', 'objectCalls', 'objectBytes', 'processorMs'] as const) total[name] += live.cost[name];
  }
  const million = (count: number): number => (count / total.entries) * 1e6;
  console.log(`${what}: ${total.entries} entries, ${isIntact ? 'intact' : 'NOT INTACT'}; for a million entries:`);
  console.log(`  table      ${thousands(million(total.tableCalls))} calls, ${thousands(million(readUnits))} read units`);
  console.log(`  buckets    ${thousands(million(total.objectCalls))} calls, ${(million(total.objectBytes) / 1e6).toFixed(0)} MB`);
  console.log(`  processor  ${(million(total.processorMs) / 1e3).toFixed(0)} s`);
  console.log(
    `  memory     ${(process.resourceUsage().maxRSS / 1_024).toFixed(0)} MB at most so far, the deployment itself included`,
  );
  return isIntact;
}

function thousands(count: number): string {
  return Math.round(count).toLocaleString('en');
}
