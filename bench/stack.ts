import { parseArgs } from 'node:util';
import { emulatorCredentials, emulatorRegion } from '../local/emulators.ts';
import { startLocalStack } from '../local/stack.ts';
import { dynamoTable } from '../shared/aws/table.ts';
import type { Item } from '../shared/ports.ts';

/**
 * Payments posted in batches until each is decided and stored, against the emulator's own rate of the bare read and transaction of
 * the same items, one payment at a time, in the same run on the same machine.
 */
const help = `Usage: npm run bench -- stack [--payments N] [--rounds N] [--json]

  --payments N   payments of each run (default 3000)
  --rounds N     runs of each kind, taken in turn; the best of each counts (default 3)`;

const clients = 32;
const batchRows = 500;
const waitMaxMs = 120_000;

interface Figures {
  readonly barePerSecond: number;
  readonly otherAccountsPerSecond: number;
  readonly fourOfAnAccountPerSecond: number;
}

const { values } = parseArgs({
  options: { payments: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const payments = Number(values.payments ?? 3_000);
const rounds = Number(values.rounds ?? 3);

const stack = await startLocalStack({ onFailure: (text) => console.error(text) });
const table = dynamoTable({
  table: stack.environment.AEGIS_TABLE!,
  endpoint: stack.endpoints.dynamodb,
  region: emulatorRegion,
  credentials: emulatorCredentials,
});

try {
  const runs: Figures[] = [];
  await postAndWait('warm', 500, (i) => `w${i}`);
  for (let round = 1; round <= rounds; round++) {
    const figures = {
      barePerSecond: await bare(round),
      otherAccountsPerSecond: await postAndWait(`r${round}a`, payments, (i) => `r${round}a${i}`),
      fourOfAnAccountPerSecond: await postAndWait(`r${round}b`, payments, (i) => `r${round}b${Math.floor(i / 4)}`),
    };
    console.error(`round ${round}: ${JSON.stringify(figures)}`);
    runs.push(figures);
  }
  const best = (name: keyof Figures): number => Math.max(...runs.map((run) => run[name]));
  const rows = (['barePerSecond', 'otherAccountsPerSecond', 'fourOfAnAccountPerSecond'] as const).map((name) => ({
    name,
    perSecond: Math.round(best(name)),
    ratio: Number((best(name) / best('barePerSecond')).toFixed(2)),
  }));
  if (values.json) console.log(JSON.stringify({ payments, rounds, rows }));
  else {
    console.log(`decided and stored a second, ${payments} payments, best of ${rounds}; ratio to the bare read + transaction`);
    for (const { name, perSecond, ratio } of rows)
      console.log(`${name.padEnd(26)} ${String(perSecond).padStart(6)}  ${ratio.toFixed(2)}`);
  }
} finally {
  table.close();
  await stack.stop();
}

/** A read and a transaction of items of the same sizes, by `clients` at a time. */
async function bare(round: number): Promise<number> {
  const started = performance.now();
  let next = 0;
  const client = async (): Promise<void> => {
    for (let i = next++; i < payments; i = next++) {
      const name = `bare${round}-${i}`;
      await table.get({ pk: `Z#${name}`, sk: 's' }, { consistent: true });
      await table.transact(
        (['s', 'd', 'a'] as const).map((sk, at) => ({
          kind: 'put',
          item: { pk: `Z#${name}`, sk, b: new Uint8Array([420, 215, 330][at]!) } satisfies Item,
          condition: { kind: 'absent' },
        })),
      );
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (payments * 1000) / (performance.now() - started);
}

async function postAndWait(name: string, count: number, account: (i: number) => string): Promise<number> {
  const transactions = Array.from({ length: count }, (_, i) => ({
    transactionId: `${name}-${i}`,
    userId: 'u1',
    accountId: account(i),
    occurredAt: new Date().toISOString(),
    amountMinor: 50_000 + i,
    currency: 'INR',
    channel: 'upi',
    deviceId: 'd1',
    merchantId: `m${i % 50}`,
    merchantCategory: '5411',
  }));
  const started = performance.now();
  for (let from = 0; from < count; from += batchRows) {
    const answer = await fetch(`${stack.url}/transactions/batch`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ transactions: transactions.slice(from, from + batchRows) }),
    });
    if (answer.status !== 202) throw new Error(`${answer.status}: ${await answer.text()}`);
  }
  // The last of the list is most likely among the last decided; all are looked for, in steps of their absence.
  let open = transactions.map((one) => one.transactionId);
  while (open.length > 0) {
    if (performance.now() - started > waitMaxMs)
      throw new Error(`${open.length} of ${count} payments are not decided after ${waitMaxMs} ms`);
    const keys = open.slice(-100).map((id) => ({ pk: `D#dev#${id}`, sk: 'D' }));
    const found = await table.getMany(keys, { consistent: true });
    const decided = new Set(found.filter((item) => item !== null).map((item) => item.pk));
    if (decided.size === 0) await new Promise((resume) => setTimeout(resume, 20));
    else open = open.filter((id) => !decided.has(`D#dev#${id}`));
  }
  return (count * 1000) / (performance.now() - started);
}
