import type { SQSRecord } from 'aws-lambda';
import { scoreBatch } from '../../functions/score/score.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { Crash, type FaultPlan, faultyTable } from '../../shared/adapters/memory/faults.ts';
import type { ReceivedMessage } from '../../shared/adapters/memory/queue.ts';
import { type MemoryTable, memoryTable } from '../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../shared/contract/transaction.ts';
import type { Judgement } from '../../shared/domain/decide.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { type SignalName, signalNames } from '../../shared/domain/signals/names.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { entityCounter } from '../../shared/entities/counting.ts';
import type { LedgerDependencies } from '../../shared/ledger/dependencies.ts';
import type { Submission } from '../../shared/ledger/submission.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import type { Clock, Consumed, TableStore, Write } from '../../shared/ports/ports.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';
import { type SeededRandom, seededRandom } from '../../shared/store/random.ts';
import { deployedQueue, mortal, withOutage } from './deployedQueue.ts';
import { type Placed, placedBy } from './placed.ts';

export const tenant = 'dev';
export const startMs = Date.UTC(2026, 5, 1, 9);
const secret = new Uint8Array(32).fill(5);
const sealer = new SecretSealer(secret, 1);
export const masterSecret = localMasterSecret(Buffer.from(secret).toString('base64'));

export interface Plan {
  readonly seed: number;
  readonly transactions: readonly Transaction[];
  /** Every transaction is put on the queue this often, its copies shuffled among the others. */
  readonly deliveries: number;
  readonly workers: number;
  readonly batchMax?: number;
  readonly policy?: Policy;
  /** From when to when, milliseconds after the start, every call of the table fails. */
  readonly outage?: { readonly fromMs: number; readonly toMs: number };
  /** The faults of one invocation, by its number. */
  readonly faults: (invocation: number, randomness: SeededRandom) => FaultPlan;
  readonly onConsumed?: (consumed: Consumed) => void;
  /** Told of every commit, in order: the table's stream. */
  readonly onCommitted?: (writes: readonly Write[]) => void;
}

export interface World {
  readonly table: MemoryTable;
  readonly transactions: readonly Transaction[];
  readonly policy: Policy;
  readonly buried: readonly { readonly body: string; readonly reason: string }[];
  /** Messages that the queue's retention ended. */
  readonly expired: number;
  readonly invocations: number;
  readonly crashes: number;
  readonly steps: number;
  /** The virtual time at the end, epoch milliseconds. */
  readonly endMs: number;
  /** Attempts that the records of entities took, in their order. */
  readonly placed: readonly Placed[];
}

/** A ledger on a table of its own, the way the score function has one. */
export function ledgerOn(
  table: TableStore,
  clock: Clock,
  randomness: SeededRandom,
  policy: Policy = defaultPolicy,
): LedgerDependencies {
  const judgement: Judgement = { policy: compiled(policy), model: { model: null, degraded: 'NO_MODEL' }, sealer };
  return {
    table,
    clock,
    randomness,
    judgement: async () => judgement,
    merchantFigures: async () => noFigures,
    listHits: async () => ({}),
    entities: entityCounter({ table, clock, randomness, masterSecret }),
  };
}

const compiledPolicies = new Map<Policy, ReturnType<typeof compilePolicy>>();
const compiled = (policy: Policy) => {
  const known = compiledPolicies.get(policy) ?? compilePolicy(policy, 1);
  compiledPolicies.set(policy, known);
  return known;
};

const stepsMax = 2_000_000;
const invocationMs = 20_000;

/**
 * The queue path in virtual time: workers take batches and call the score stage's own use case; between any two awaits on the store
 * the seed decides who goes on, what is delivered in which order and which fault befalls whom. Ends when the queue is empty.
 */
export async function simulate(plan: Plan): Promise<World> {
  const randomness = seededRandom(plan.seed);
  const clock = virtualClock(startMs);
  const placed: Placed[] = [];
  const table = memoryTable({
    ...(plan.onConsumed && { onConsumed: plan.onConsumed }),
    onCommitted: (writes) => {
      placed.push(...placedBy(writes));
      plan.onCommitted?.(writes);
    },
  });
  const policy = plan.policy ?? defaultPolicy;
  const buried: { body: string; reason: string }[] = [];
  const deadLetters = {
    send: async (messages: readonly { body: string; attributes: Readonly<Record<string, string>> }[]) =>
      messages.map(({ body, attributes }) => {
        buried.push({ body, reason: attributes.reason ?? '' });
        return { sent: true as const };
      }),
  };
  const queue = deployedQueue(clock, deadLetters, { randomness, duplicateProbability: 0 });
  const { fromMs, toMs } = plan.outage ?? { fromMs: 0, toMs: 0 };
  const isOut = (): boolean => clock.nowMs() >= startMs + fromMs && clock.nowMs() < startMs + toMs;
  const copies = plan.transactions.flatMap((transaction) => Array.from({ length: plan.deliveries }, () => transaction));
  await queue.send(
    randomness.shuffled(copies).map((transaction) => ({ body: serializeTransaction(transaction), attributes: {} })),
  );

  const ready: (() => void)[] = [];
  const interleave = (): Promise<void> => new Promise((resume) => ready.push(resume));
  let invocations = 0;
  let crashes = 0;
  let steps = 0;
  let running = 0;

  const worker = async (): Promise<void> => {
    running++;
    while (queue.size() > 0) {
      const messages = await queue.receive(plan.batchMax ?? 10);
      if (messages.length === 0) {
        await clock.sleep(Math.max(1, (queue.nextVisibleAtMs() ?? clock.nowMs()) - clock.nowMs()));
        continue;
      }
      const drawn = withOutage(isOut, plan.faults(invocations++, randomness));
      const { faults, alive, ...around } = mortal({ queue, deadLetters, randomness, interleave }, drawn);
      const ledger = ledgerOn(faultyTable(table, faults, interleave), clock, randomness, policy);
      const dependencies = { ledger, newId: () => 'c', log: () => undefined, ...around };
      try {
        const { batchItemFailures } = await scoreBatch(messages.map(recordOf), dependencies, clock.nowMs() + invocationMs);
        alive();
        const failed = new Set(batchItemFailures.map((failure) => failure.itemIdentifier));
        for (const message of messages) if (!failed.has(message.messageId)) queue.remove(message.receiptHandle);
      } catch (error) {
        if (!(error instanceof Crash)) throw error;
        crashes++;
      }
    }
    running--;
  };

  const workers = Promise.all(Array.from({ length: plan.workers }, worker));
  let failure: unknown = null;
  workers.catch((error) => {
    failure = error;
  });
  while (running > 0) {
    await new Promise(setImmediate);
    if (failure) throw failure;
    if (++steps > stepsMax) throw new Error(`seed ${plan.seed}: the simulation does not end`);
    const at = ready.length === 0 ? -1 : randomness.below(ready.length);
    if (at >= 0) ready.splice(at, 1)[0]!();
    else clock.wakeNext();
  }
  await workers;
  return {
    table,
    transactions: plan.transactions,
    policy,
    buried,
    expired: queue.expired(),
    invocations,
    crashes,
    steps,
    endMs: clock.nowMs(),
    placed,
  };
}

export const recordOf = (message: ReceivedMessage): SQSRecord => ({
  messageId: message.messageId,
  receiptHandle: message.receiptHandle,
  body: message.body,
  attributes: {
    ApproximateReceiveCount: String(message.receiveCount),
    SentTimestamp: String(message.sentAtMs),
    SenderId: 'simulation',
    ApproximateFirstReceiveTimestamp: String(message.sentAtMs),
  },
  messageAttributes: {},
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:queue',
  awsRegion: 'local',
});

/** Traffic of a few accounts, bunched so that windows, lateness and outcomes of every kind occur. */
export function randomTransactions(seed: number, count: number, accounts: number): Transaction[] {
  const randomness = seededRandom(seed ^ 0x5eed);
  const cities = [
    { latitude: 12.97, longitude: 77.59 },
    { latitude: 19.07, longitude: 72.87 },
    { latitude: 51.5, longitude: -0.12 },
  ];
  const spreadMs = randomness.pick([30_000, 600_000, 7_200_000, 100_000_000]);
  return Array.from({ length: count }, (_, i) => ({
    transactionId: `t${seed}-${i}`,
    userId: `u${randomness.below(accounts)}`,
    accountId: 'a1',
    occurredAtMs: startMs - Math.floor(randomness.fraction() * spreadMs),
    offsetMinutes: randomness.pick([0, 330, -480]),
    amountMinor: 1 + randomness.below(randomness.pick([1_000, 100_000, 30_000_000])),
    currency: randomness.pick(['INR', 'INR', 'INR', 'EUR', 'JPY', 'KWD']),
    channel: null,
    deviceId: randomness.pick([null, 'd1', 'd1', 'd2', `d${randomness.below(40)}`]),
    merchantId: randomness.pick([null, 'm1', 'm2']),
    merchantCategory: null,
    ...randomness.pick<Pick<Transaction, 'ipAddress' | 'beneficiaryId' | 'instrumentId'>>([
      { ipAddress: null, beneficiaryId: null, instrumentId: null },
      { ipAddress: `10.0.0.${randomness.below(3)}`, beneficiaryId: `b${randomness.below(2)}`, instrumentId: null },
      { ipAddress: null, beneficiaryId: 'b1', instrumentId: `i${randomness.below(9)}` },
    ]),
    location: randomness.pick([null, ...cities]),
    metadata: null,
  }));
}

/** An ordinary payment, the same for the same number. */
export const payment = (number: number, change: Partial<Transaction> = {}): Transaction => ({
  transactionId: `p${number}`,
  userId: 'u1',
  accountId: 'a1',
  occurredAtMs: startMs,
  offsetMinutes: 0,
  amountMinor: 50_000,
  currency: 'INR',
  channel: 'upi',
  deviceId: 'd1',
  merchantId: 'm1',
  merchantCategory: '5411',
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
  ...change,
});

export const submission = (transaction: Transaction): Submission => ({
  tenant,
  transaction,
  receivedAtMs: startMs,
  correlationId: 'c',
  queueAgeMs: null,
  redelivered: false,
});

/** More than five accounts that pay one beneficiary in 24 h are BLOCKed, nothing else counts. */
export const limitOfFivePayers: Policy = limitedBy('BENEFICIARY_PAYERS_24H');

/** More than five payments in an hour are BLOCKed, nothing else counts. */
export const limitOfFive: Policy = limitedBy('TXN_VELOCITY_1H');

function limitedBy(limited: SignalName): Policy {
  const signals = signalNames.map((name) => [
    name,
    name === limited ? { threshold: 6, points: 100 } : { threshold: 1e15, points: 0 },
  ]);
  return { ...defaultPolicy, rules: [], signals: Object.fromEntries(signals) as Policy['signals'] };
}
