import { parseArgs } from 'node:util';
import { emulatorCredentials, emulatorRegion } from '../local/emulators.ts';
import { startLocalStack } from '../local/stack.ts';
import { dynamoTable } from '../shared/aws/table.ts';

/** The synchronous route on the local stack against a bare transaction (and read) of items of the same sizes, in the same run. */
const help = `Usage: npm run bench -- sync [--requests N] [--rounds N] [--json]

  --requests N   of each kind and round (default 1000)
  --rounds N     taken in turn; the best of each figure counts (default 3)`;

const { values } = parseArgs({
  options: { requests: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const requests = Number(values.requests ?? 1_000);
const rounds = Number(values.rounds ?? 3);

interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

const stack = await startLocalStack({ onFailure: (text) => console.error(text) });
const table = dynamoTable({
  table: stack.environment.AEGIS_TABLE!,
  endpoint: stack.endpoints.dynamodb,
  region: emulatorRegion,
  credentials: emulatorCredentials,
});
let calls = 0;

/** `times` calls by `clients` at a time. */
async function run(clients: number, times: number, call: (i: number) => Promise<void>): Promise<Run> {
  const tookMs: number[] = [];
  let next = 0;
  const started = performance.now();
  const client = async (): Promise<void> => {
    for (let i = next++; i < times; i = next++) {
      const calledAt = performance.now();
      await call(calls++);
      tookMs.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  tookMs.sort((a, b) => a - b);
  const at = (share: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))]!;
  return { perSecond: (times * 1000) / (performance.now() - started), p50Ms: at(0.5), p99Ms: at(0.99) };
}

const transaction = async (i: number): Promise<void> =>
  table.transact(
    (['s', 'd', 'a'] as const).map((sk, at) => ({
      kind: 'put',
      item: { pk: `Z#${i}`, sk, b: new Uint8Array([420, 215, 330][at]!) },
      condition: { kind: 'absent' },
    })),
  );

const readAndTransaction = async (i: number): Promise<void> => {
  await table.get({ pk: `Z#${i}`, sk: 's' }, { consistent: true });
  await transaction(i);
};

const decide = async (i: number): Promise<void> => {
  const answer = await fetch(`${stack.url}/decisions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      transactionId: `sync-${i}`,
      userId: 'u1',
      accountId: `a${i}`,
      occurredAt: new Date().toISOString(),
      amountMinor: 50_000 + i,
      currency: 'INR',
      deviceId: 'd1',
      merchantId: `m${i % 50}`,
    }),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${answer.status}: ${text}`);
};

try {
  await run(8, 300, decide);
  const best = new Map<string, Run>();
  for (let round = 1; round <= rounds; round++) {
    for (const [name, clients, call] of [
      ['bare transaction, 1 client', 1, transaction],
      ['POST /decisions, 1 client', 1, decide],
      ['bare read + transaction, 8 clients', 8, readAndTransaction],
      ['POST /decisions, 8 clients', 8, decide],
      ['POST /decisions, 64 clients', 64, decide],
    ] as const) {
      const one = await run(clients, requests, call);
      const known = best.get(name);
      best.set(name, {
        perSecond: Math.max(one.perSecond, known?.perSecond ?? 0),
        p50Ms: Math.min(one.p50Ms, known?.p50Ms ?? Number.POSITIVE_INFINITY),
        p99Ms: Math.min(one.p99Ms, known?.p99Ms ?? Number.POSITIVE_INFINITY),
      });
    }
    console.error(`round ${round} of ${rounds}`);
  }
  const shareAtP99Ms = best.get('POST /decisions, 1 client')!.p99Ms - best.get('bare transaction, 1 client')!.p99Ms;
  const ratioAt8 = best.get('POST /decisions, 8 clients')!.perSecond / best.get('bare read + transaction, 8 clients')!.perSecond;
  if (values.json) console.log(JSON.stringify({ requests, rounds, runs: Object.fromEntries(best), shareAtP99Ms, ratioAt8 }));
  else {
    for (const [name, one] of best) {
      console.log(
        `${name.padEnd(38)} ${one.perSecond.toFixed(0).padStart(6)}/s  p50 ${one.p50Ms.toFixed(2)} ms  p99 ${one.p99Ms.toFixed(2)} ms`,
      );
    }
    console.log(`our share at p99, 1 client: ${shareAtP99Ms.toFixed(2)} ms; 8 clients: ${ratioAt8.toFixed(2)} x the bare rate`);
  }
} finally {
  table.close();
  await stack.stop();
}
