import { parseArgs } from 'node:util';
import { entityFields } from '../cli/costLoad.ts';
import {
  type Bare,
  type BenchStack,
  bareCalls,
  beforeHelp,
  byClients,
  entitiesHelp,
  entitiesOf,
  nowAtNoon,
  onBenchStacks,
  stackOptions,
} from './localStack.ts';

/**
 * Payments posted in batches until each is decided and stored, against the emulator's own rate of the bare calls for items of the same
 * sizes, one payment at a time, in the same run on the same machine: a read and a transaction, before them an update and a query for
 * each entity. The stack is a process of its own, as for its callers.
 */
const help = `Usage: npm run bench -- stack [--payments N] [--rounds N] [--entities N] [--before FOLDER] [--json]

  --payments N     payments of each run (default 3000)
  --rounds N       runs of each kind, taken in turn; the best of each counts (default 3)
  ${entitiesHelp}
  ${beforeHelp}

Exit code 1 when a rate is below its share of the SDK's bare rate.`;

/** Least shares of the SDK's bare rate; payments of one account share a transaction, but each is counted by calls of its own. */
const sharesMin = { otherAccounts: 0.8, fourOfAnAccount: 1.2, fourOfAnAccountCounted: 0.8 } as const;

/** The bare rate is that of the better of these. */
const bareClients = [8, 32];
const batchRows = 500;

const { values } = parseArgs({ options: { payments: { type: 'string' }, ...stackOptions } });
if (values.help) {
  console.log(help);
  process.exit(0);
}
const payments = Number(values.payments ?? 3_000);
const rounds = Number(values.rounds ?? 3);
const entities = entitiesOf(values);
const shareMin: Readonly<Record<string, number>> = {
  otherAccounts: sharesMin.otherAccounts,
  fourOfAnAccount: entities === 0 ? sharesMin.fourOfAnAccount : sharesMin.fourOfAnAccountCounted,
};

await onBenchStacks(values.before, async (stack, before) => {
  const kinds: Readonly<Record<string, (round: number) => Promise<number>>> = {
    bareBySdk: (round) => bare(stack.bare.sdk, `s${round}`),
    bareByAdapter: (round) => bare(stack.bare.adapter, `a${round}`),
    otherAccounts: (round) => postAndWait(stack, `r${round}a`, 1, entities),
    fourOfAnAccount: (round) => postAndWait(stack, `r${round}b`, 4, entities),
    ...(entities === 0 ? {} : { otherAccountsWithout: (round: number) => postAndWait(stack, `r${round}c`, 1, 0) }),
    ...(before === null
      ? {}
      : {
          bareByAdapterBefore: (round) => bare(before.bare.adapter, `a${round}`),
          otherAccountsBefore: (round) => postAndWait(before, `r${round}a`, 1, 0),
          fourOfAnAccountBefore: (round) => postAndWait(before, `r${round}b`, 4, 0),
        }),
  };
  const best: Record<string, number> = {};
  for (const [name, run] of Object.entries(kinds)) console.error(`warming up: ${name} ${Math.round(await run(0))}`);
  for (let round = 1; round <= rounds; round++) {
    const figures: string[] = [];
    for (const [name, run] of Object.entries(kinds)) {
      const perSecond = await run(round);
      best[name] = Math.max(perSecond, best[name] ?? 0);
      figures.push(`${name} ${Math.round(perSecond)}`);
      await stack.projected();
      await before?.projected();
    }
    console.error(`round ${round} of ${rounds}: ${figures.join(', ')}`);
  }
  const rows = Object.keys(kinds).map((name) => ({
    name,
    perSecond: Math.round(best[name]!),
    toBareBySdk: Number((best[name]! / best.bareBySdk!).toFixed(2)),
    toBareByAdapter: Number((best[name]! / best.bareByAdapter!).toFixed(2)),
  }));
  if (values.json) console.log(JSON.stringify({ payments, rounds, entities, rows }));
  else {
    console.log(`decided and stored a second, ${payments} payments, entities of each: ${entities}, best of ${rounds}`);
    console.log(`${' '.repeat(26)} a second  x bare by the AWS SDK  x bare by our adapter`);
    for (const { name, perSecond, toBareBySdk, toBareByAdapter } of rows) {
      console.log(
        `${name.padEnd(26)} ${String(perSecond).padStart(8)}  ${toBareBySdk.toFixed(2).padStart(21)}  ${toBareByAdapter.toFixed(2).padStart(21)}`,
      );
    }
  }
  const below = rows.filter(({ name, toBareBySdk }) => toBareBySdk < (shareMin[name] ?? 0));
  for (const { name, toBareBySdk } of below)
    console.error(`${name}: ${toBareBySdk.toFixed(2)} x the SDK's bare rate, needed: ${shareMin[name]}`);
  if (below.length > 0) process.exitCode = 1;
});

/** The same calls for items of the same sizes, payment after payment. */
async function bare(calls: Bare, name: string): Promise<number> {
  const rates: number[] = [];
  const pay = bareCalls(calls, entities);
  for (const clients of bareClients) {
    const { allMs } = await byClients(clients, payments, (i) => pay(`${name}-${clients}-${i}`));
    rates.push((payments * 1_000) / allMs);
  }
  return Math.max(...rates);
}

async function postAndWait(to: BenchStack, name: string, perAccount: number, named: number): Promise<number> {
  const transactions = Array.from({ length: payments }, (_, i) => ({
    transactionId: `${name}-${i}`,
    userId: 'u1',
    accountId: `${name}-${Math.floor(i / perAccount)}`,
    occurredAt: nowAtNoon(),
    amountMinor: 50_000 + i,
    currency: 'INR',
    channel: 'upi',
    merchantId: `m${i % 50}`,
    merchantCategory: '5411',
    ...entityFields(named, `${name}-${Math.floor(i / perAccount)}`),
  }));
  const started = performance.now();
  for (let from = 0; from < payments; from += batchRows)
    await to.post('/transactions/batch', { transactions: transactions.slice(from, from + batchRows) }, 202);
  await to.decided(transactions.map((one) => one.transactionId));
  return (payments * 1_000) / (performance.now() - started);
}
