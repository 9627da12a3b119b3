import { expect, it } from 'vitest';
import { scoreBatch } from '../../../functions/score/score.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { seededRandomness } from '../../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../../shared/contract/transaction.ts';
import { addLabel, type MerchantLabels, merchantFigures, noLabels } from '../../../shared/domain/merchantLabels.ts';
import type { CompiledModel } from '../../../shared/domain/model.ts';
import { zeroHash } from '../../../shared/domain/state.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { readPayments } from '../../../tools/cli/csv.ts';
import { EngineStream } from '../../../tools/evaluation/stream.ts';
import { ledgerOn, recordOf } from '../../simulation/world.ts';

const payments = 600;
/** Few, so that each has a history. */
const accountsMax = 8;
const dayMs = 86_400_000;
const delayMs = 2 * dayMs;

it('the score function shows the model what a batch run shows it, within 1e-9, payment by payment from the packed state', async () => {
  const file = new URL('../../fixtures/payments.csv.gz', import.meta.url).pathname;
  const labelled = [];
  const accounts = new Set<string>();
  for await (const payment of readPayments(file, 'fraud')) {
    const { accountId } = payment.transaction;
    if (accounts.size < accountsMax) accounts.add(accountId);
    if (accounts.has(accountId)) labelled.push(payment);
    if (labelled.length === payments) break;
  }
  const policy = { ...defaultPolicy, cutoffs: { review: 101, block: 101 }, rules: [] };

  const stream = new EngineStream(compilePolicy(policy, 1), delayMs);
  const batch = labelled.map(({ transaction, fraud }) => stream.step(transaction, fraud).features);

  const served: Float64Array[] = [];
  const model: CompiledModel = {
    version: 1,
    hash: zeroHash,
    learned: null,
    score: (features) => {
      served.push(features.slice());
      return { score: 0.5, percentile: 50, contributions: [] };
    },
  };
  const clock = virtualClock(labelled[0]!.transaction.occurredAtMs);
  const labels = new Map<string, MerchantLabels>();
  const ledger = ledgerOn(memoryTable(), clock, seededRandomness(1), policy);
  const dependencies = {
    ledger: {
      ...ledger,
      judgement: async (tenant: string) => ({ ...(await ledger.judgement(tenant)), model: { model, degraded: null } }),
      merchantFigures: async (_tenant: string, merchant: string) => merchantFigures(labels.get(merchant) ?? noLabels),
    },
    deadLetters: { send: async () => Promise.reject(new Error('nothing is to be buried')) },
    newId: () => 'c',
    log: () => undefined,
  };
  let known = 0;
  for (const { transaction } of labelled) {
    const nowMs = transaction.occurredAtMs;
    for (; labelled[known]!.transaction.occurredAtMs + delayMs <= nowMs; known++) {
      const { transaction: earlier, fraud } = labelled[known]!;
      const merchant = earlier.merchantId!;
      labels.set(merchant, addLabel(labels.get(merchant) ?? noLabels, fraud, earlier.occurredAtMs + delayMs));
    }
    clock.advance(nowMs - clock.nowMs());
    const message = {
      messageId: transaction.transactionId,
      receiptHandle: transaction.transactionId,
      body: serializeTransaction(transaction),
      attributes: {},
      receiveCount: 1,
      sentAtMs: nowMs,
    };
    const { batchItemFailures } = await scoreBatch([recordOf(message)], dependencies, nowMs + 20_000);
    expect(batchItemFailures).toEqual([]);
  }

  expect(served.length).toBe(payments);
  for (const [i, row] of served.entries()) {
    for (const [j, value] of row.entries()) {
      expect(Math.abs(value - batch[i]![j]!)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
    }
  }
}, 60_000);
