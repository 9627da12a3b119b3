import { parseArgs } from 'node:util';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { parseTransactionText } from '../../shared/contract/transaction.ts';
import type { Judgement } from '../../shared/domain/decide.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import { entityCounter } from '../../shared/entities/counting.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';
import { seededRandom } from '../../shared/store/random.ts';

/**
 * The whole decision in one process: parse, windows, signals, policy, reasons, seal, hash, pack, commit to the memory store; at 100
 * and at 3,000 payments a day on the account, and against the usual way: query a day's rows, unmarshal, reduce.
 */
const help = `Usage: npm run bench -- decide [--decisions N] [--rounds N] [--json]

  --decisions N   of each kind and round (default 20000)
  --rounds N      the best of each counts (default 3)`;

const { values } = parseArgs({
  options: { decisions: { type: 'string' }, rounds: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean' } },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const decisions = Number(values.decisions ?? 20_000);
const rounds = Number(values.rounds ?? 3);
/** CPU time of the whole process, collector included: what a core is busy with, whatever else the machine does. */
const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
};
const startMs = Date.UTC(2026, 0, 1);
const bodiesAtOnce = 500;
const secret = new Uint8Array(32).fill(1);
const masterSecret = localMasterSecret(Buffer.from(secret).toString('base64'));
const judgement: Judgement = {
  policy: compilePolicy(defaultPolicy, 1),
  model: { model: null, degraded: 'NO_MODEL' },
  sealer: new SecretSealer(secret, 1),
};

const body = (i: number, atMs: number): string =>
  JSON.stringify({
    transactionId: `txn_${i}`,
    userId: 'u_42',
    accountId: 'a_7',
    occurredAt: new Date(atMs).toISOString(),
    amountMinor: 100_000 + ((i * 7919) % 90_000),
    currency: 'INR',
    channel: 'upi',
    deviceId: `d_${i % 3}`,
    merchantId: `m_${i % 50}`,
    merchantCategory: '5411',
    location: { latitude: 12.97, longitude: 77.59 },
  });

/** Decisions a second with the account's payments evenly over the day, the first `perDay` of them not counted. */
async function rate(perDay: number): Promise<number> {
  let nowMs = startMs;
  const table = memoryTable();
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  const randomness = seededRandom(1);
  const ledger = {
    table,
    clock,
    randomness,
    entities: entityCounter({ table, clock, randomness, masterSecret }),
    judgement: async () => judgement,
    merchantFigures: async () => noFigures,
    listHits: async () => ({}),
  };
  let counted = 0;
  let busyMs = 0;
  for (let from = 0; counted < decisions; from += bodiesAtOnce) {
    // What is sent is not part of deciding it: made before the clock runs.
    const bodies = Array.from({ length: bodiesAtOnce }, (_, i) => {
      const atMs = startMs + Math.floor(((from + i) * 86_400_000) / perDay);
      return { text: body(from + i, atMs), atMs };
    });
    const startedMs = cpuMs();
    for (const { text, atMs } of bodies) {
      nowMs = atMs;
      const parsed = parseTransactionText(text, nowMs);
      if (!parsed.ok) throw new Error(parsed.faults[0]!.detail);
      const [settled] = await settle(
        ledger,
        [
          {
            tenant: 'dev',
            transaction: parsed.transaction,
            receivedAtMs: nowMs,
            correlationId: 'c',
            queueAgeMs: 5,
            redelivered: false,
          },
        ],
        nowMs + 1_000,
      );
      if (settled!.kind !== 'decided') throw new Error(settled!.kind);
    }
    if (from < perDay) continue;
    busyMs += cpuMs() - startedMs;
    counted += bodies.length;
  }
  return (counted * 1000) / busyMs;
}

/** Microseconds to tell the windows of an account of 1,000 a day from its rows, as a store of rows must. */
function queryAndReduce(): number {
  const rows = Array.from({ length: 1_000 }, (_, i) =>
    marshall({
      pk: 'A#a_7',
      sk: String(i),
      occurredAtMs: startMs + i * 86_400,
      amountMinor: 100_000 + i,
      deviceId: `d_${i % 3}`,
      outcome: 'ALLOW',
    }),
  );
  const times = 200;
  let sum = 0;
  const started = cpuMs();
  for (let i = 0; i < times; i++) {
    for (const row of rows.map((one) => unmarshall(one)))
      if (row.occurredAtMs > startMs && row.outcome !== 'BLOCK') sum += row.amountMinor;
  }
  if (sum === 0) throw new Error('nothing was summed');
  return ((cpuMs() - started) * 1000) / times;
}

/** Microseconds of the window part of a decision on an account of 1,000 a day: read the state, tell the windows, write the state. */
async function windowStep(): Promise<number> {
  const { addPayment } = await import('../../shared/domain/spanMerging.ts');
  const { readSpans, writeSpans } = await import('../../shared/domain/spanCodec.ts');
  const { rowsNeeded, windowSums } = await import('../../shared/domain/windowSums.ts');
  const { ByteReader, ByteWriter } = await import('../../shared/domain/bytes.ts');
  let spans: ReturnType<typeof readSpans> = [];
  const gapMs = 86_400;
  for (let i = 0; i < 1_000; i++)
    spans = addPayment(
      spans,
      { occurredAtMs: startMs + i * gapMs, spendMinor: 100_000 + i, triggered: 0, late: false },
      startMs + i * gapMs,
      560,
    );
  const newestMs = startMs + 999 * gapMs;
  const writer = new ByteWriter();
  writeSpans(writer, spans, newestMs);
  const bytes = writer.finish();
  const end = { endMs: newestMs + 1, newestMs };
  if (rowsNeeded(spans, 1_000, end)) throw new Error('an edge crosses a span at this time: choose another');
  const times = 20_000;
  const started = cpuMs();
  for (let i = 0; i < times; i++) {
    const read = readSpans(new ByteReader(bytes), newestMs);
    windowSums(read, end);
    const next = addPayment(read, { occurredAtMs: newestMs + 1, spendMinor: i, triggered: 0, late: false }, newestMs + 1, 560);
    const out = new ByteWriter();
    writeSpans(out, next, newestMs + 1);
    out.finish();
  }
  return ((cpuMs() - started) * 1000) / times;
}

const figures = {
  at100: 0,
  at3000: 0,
  queryMicroseconds: Number.POSITIVE_INFINITY,
  windowMicroseconds: Number.POSITIVE_INFINITY,
};
for (let round = 1; round <= rounds; round++) {
  figures.at100 = Math.max(figures.at100, await rate(100));
  figures.at3000 = Math.max(figures.at3000, await rate(3_000));
  figures.queryMicroseconds = Math.min(figures.queryMicroseconds, queryAndReduce());
  figures.windowMicroseconds = Math.min(figures.windowMicroseconds, await windowStep());
}
const result = {
  decisionsPerSecondAt100ADay: Math.round(figures.at100),
  decisionsPerSecondAt3000ADay: Math.round(figures.at3000),
  costRatio3000To100: Number((figures.at100 / figures.at3000).toFixed(2)),
  queryAndReduceMicroseconds: Math.round(figures.queryMicroseconds),
  windowStepMicroseconds: Number(figures.windowMicroseconds.toFixed(1)),
  timesFaster: Math.round(figures.queryMicroseconds / figures.windowMicroseconds),
};
if (values.json) console.log(JSON.stringify(result));
else for (const [name, value] of Object.entries(result)) console.log(`${name.padEnd(32)} ${value}`);
