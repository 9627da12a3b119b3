import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { EntityReading } from '../../../shared/domain/entities.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { type CountingServices, entityCounter } from '../../../shared/entities/counting.ts';
import type { Submission } from '../../../shared/ledger/submission.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import type { Consumed, TableStore } from '../../../shared/ports/ports.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { barePolicy, transaction } from '../policy/fixtures.ts';

export const tenant = 'dev';
/** Noon of a UTC day. */
export const noonMs = Date.UTC(2026, 10, 20, 12);
export const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'));

/** A payment to one payee, on nothing else. */
export const paid = (given: Partial<Transaction> = {}): Transaction => ({
  ...transaction,
  deviceId: null,
  beneficiaryId: 'mule@upi',
  occurredAtMs: noonMs,
  metadata: null,
  ...given,
});

/** Of the nth account, the nth payment. */
export const account = (n: number): Partial<Transaction> => ({ transactionId: `t${n}`, userId: `u${n}`, accountId: `a${n}` });

export const submitted = (given: Partial<Transaction> = {}, receivedAtMs?: number): Submission => {
  const one = paid(given);
  return {
    tenant,
    transaction: one,
    receivedAtMs: receivedAtMs ?? one.occurredAtMs,
    correlationId: null,
    queueAgeMs: null,
    redelivered: false,
  };
};

export const policyWith = (change: Partial<Policy> = {}): Policy => compilePolicy({ ...barePolicy, ...change }, 1).policy;

/** A counter on a table of its own, with what it consumes. */
export const countingWorld = (
  services: Partial<CountingServices> & { readonly around?: (table: TableStore) => TableStore } = {},
) => {
  const consumed: Consumed[] = [];
  const memory = memoryTable({ onConsumed: (units) => consumed.push(units) });
  const { around = (table: TableStore) => table, ...given } = services;
  const time = virtualClock(noonMs);
  const clock = { ...time, sleep: async (ms: number) => time.advance(ms) };
  const counter = entityCounter({ table: around(memory), clock, randomness: seededRandom(1), masterSecret, ...given });
  const policy = policyWith();
  return {
    memory,
    consumed,
    counter,
    count: (submission: Submission, under: Policy = policy): Promise<readonly EntityReading[]> =>
      counter.count(submission, under),
    /** Of the one entity that a payment names. */
    figures: async (given: Partial<Transaction> = {}, receivedAtMs?: number) => {
      const [reading] = await counter.count(submitted(given, receivedAtMs), policy);
      return reading!.figures!;
    },
  };
};
