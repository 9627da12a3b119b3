import type { SQSRecord } from 'aws-lambda';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { metricsSink } from '../../functions/project/metricsSink.ts';
import { projector } from '../../functions/project/project.ts';
import { scoreBatch } from '../../functions/score/score.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { seededRandomness } from '../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../shared/contract/transaction.ts';
import { log } from '../../shared/edge/log.ts';
import { measuring } from '../../shared/edge/metrics.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import type { Item } from '../../shared/ports/ports.ts';
import { prefixes } from '../../shared/store/names.ts';
import { ledgerOn, payment, startMs } from '../simulation/world.ts';

/** Bytes of the log are paid for: what deciding and projecting write, with the deployed functions' own log and metrics. */
const bytesMax = 256;
const decisions = 640;

afterEach(() => vi.restoreAllMocks());

const record = (number: number): SQSRecord =>
  ({
    messageId: `m${number}`,
    receiptHandle: `r${number}`,
    body: serializeTransaction(payment(number, { accountId: `a${number % 40}`, occurredAtMs: startMs + number * 1_000 })),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(startMs + number * 1_000) },
    messageAttributes: {},
  }) as unknown as SQSRecord;

const bytesADecision = async (batchSize: number): Promise<number> => {
  const written: string[] = [];
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => written.push(String(chunk)) > 0);
  const table = memoryTable();
  const clock = virtualClock(startMs + decisions * 1_000);
  const ledger = ledgerOn(table, clock, seededRandomness(1));
  const deadLetters = { send: async () => [] };
  const measure = measuring(clock);
  for (let from = 0; from < decisions; from += batchSize) {
    const records = Array.from({ length: batchSize }, (_, i) => record(from + i));
    await scoreBatch(records, { ledger, deadLetters, newId: () => 'new', log, measure }, clock.nowMs() + 60_000);
  }
  const items = new Map<string, Item>();
  for (const item of table.all()) if (item.pk.startsWith(prefixes.decision)) items.set(item.pk, item);
  expect(items.size).toBe(decisions);
  const project = projector({
    sinks: [metricsSink({ clock, write: (line) => process.stdout.write(`${line}\n`) })],
    decode: (item) => decisionFromItem(items.get(item.pk)!),
    report: (failure) => log('error', 'not projected', failure),
  });
  const keys = [...items.keys()];
  for (let from = 0; from < decisions; from += batchSize) {
    await project({
      Records: keys.slice(from, from + batchSize).map((pk, i) => ({
        eventName: 'INSERT',
        dynamodb: { SequenceNumber: String(i), Keys: { pk: { S: pk } }, NewImage: { pk: { S: pk } } },
      })),
    });
  }
  return written.reduce((sum, text) => sum + Buffer.byteLength(text), 0) / decisions;
};

describe('the log of a decision', () => {
  it.each([1, 10, 64])('is at most 0.25 KB in batches of %i', async (batchSize) => {
    expect(await bytesADecision(batchSize)).toBeLessThanOrEqual(bytesMax);
  });
});
