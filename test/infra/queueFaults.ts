import type { SQSRecord } from 'aws-lambda';
import { tellOfDeadLetters } from '../../functions/score/deadLetterAlerts.ts';
import { scoreBatch } from '../../functions/score/score.ts';
import { deliverBatch } from '../../functions/webhooks/webhooks.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { faultyTable } from '../../shared/adapters/memory/faults.ts';
import { memoryQueue } from '../../shared/adapters/memory/queue.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { hourMs, minuteMs } from '../../shared/domain/durations.ts';
import { metricsLine } from '../../shared/edge/metrics.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { addEndpoint } from '../../shared/webhooks/endpoints.ts';
import { ledgerOn } from '../simulation/world.ts';
import { startMs } from '../tools/proof/builders.ts';
import { type Measured, measuredBy } from './alarmEvaluation.ts';

const record = (body: string, receiveCount = 1): SQSRecord =>
  ({
    messageId: `m${receiveCount}`,
    receiptHandle: 'r',
    body,
    attributes: { ApproximateReceiveCount: String(receiveCount), SentTimestamp: String(startMs) },
    messageAttributes: {},
  }) as unknown as SQSRecord;

/** The depth of a queue after a fault and after a healthy run. */
export const visible = (count: number): Measured => ({ ApproximateNumberOfMessagesVisible: [[count]] });

/** A batch of these bodies is scored. */
export const deadLetters = async (bodies: readonly string[]): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const buried = memoryQueue({ clock, visibilityMs: minuteMs });
  const ledger = ledgerOn(memoryTable(), clock, seededRandom(1));
  await scoreBatch(
    bodies.map((body) => record(body)),
    { ledger, deadLetters: buried, newId: () => 'new', log: () => undefined },
    startMs + minuteMs,
  );
  return visible(buried.size());
};

/** A message that is no payment is scored, and its topic may be away. */
export const alertsFailed = async (isTopicAway: boolean): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const table = memoryTable();
  const log = () => undefined;
  const topic = { publish: () => (isTopicAway ? Promise.reject(new Error('the topic is away')) : Promise.resolve()) };
  const lines: string[] = [];
  await scoreBatch(
    [record('{"not":"a payment"}')],
    {
      ledger: ledgerOn(table, clock, seededRandom(1)),
      deadLetters: memoryQueue({ clock, visibilityMs: minuteMs }),
      newId: () => 'new',
      log,
      alert: (letters, deadlineMs) => tellOfDeadLetters(letters, { table, clock, topic, consoleUrl: null, log }, deadlineMs),
      measure: (metrics) => lines.push(metricsLine(metrics, startMs)),
    },
    startMs + minuteMs,
  );
  return measuredBy(...lines);
};

/** The body of a message that is a payment. */
export const aPayment = JSON.stringify({
  transactionId: 't1',
  userId: 'u1',
  accountId: 'a1',
  occurredAt: new Date(startMs - 1000).toISOString(),
  amountMinor: 100,
  currency: 'INR',
});

/** A receiver answers with this status until the queue gives up, after so many receives. */
export const webhookDeadLetters = async (status: number, maxReceiveCount: number): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const table = memoryTable();
  const randomness = seededRandom(1);
  const wanted = { tenant: 'acme', url: 'https://receiver.example.com/', events: ['*'], createdBy: 'ana' };
  const { endpointId } = await addEndpoint({ table, clock, randomness }, wanted, { allowsLoopback: false });
  const gone = memoryQueue({ clock, visibilityMs: minuteMs });
  const queue = memoryQueue({ clock, visibilityMs: hourMs, maxReceiveCount, deadLetters: gone });
  const body = JSON.stringify({ tenant: 'acme', endpointId, messageId: 'msg_1', type: 'decision.block', payload: '{}' });
  await queue.send([{ body, attributes: {} }]);
  for (let tries = 0; tries <= maxReceiveCount; tries++) {
    const [message] = await queue.receive(1);
    if (message === undefined) break;
    const { batchItemFailures } = await deliverBatch([record(message.body, message.receiveCount)], {
      table,
      clock,
      randomness,
      post: async () => status,
      hide: async () => undefined,
      log: () => undefined,
    });
    if (batchItemFailures.length === 0) queue.remove(message.receiptHandle);
    clock.advance(hourMs);
  }
  return visible(gone.size());
};

/** A message waits while score fails, for as long as given. */
export const queueAge = async (waitMs: number): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const queue = memoryQueue({ clock, visibilityMs: minuteMs });
  await queue.send([{ body: aPayment, attributes: {} }]);
  clock.advance(waitMs);
  const [message] = await queue.receive(1);
  return { ApproximateAgeOfOldestMessage: [[(clock.nowMs() - message!.sentAtMs) / 1000]] };
};

/** 21 payments, one batch after the other within five minutes. */
export const unsettled = async (isTableAway: boolean): Promise<Measured> => {
  const clock = virtualClock(startMs);
  const ticking = { ...clock, sleep: async (ms: number) => clock.advance(ms) };
  const table = faultyTable(memoryTable(), () => (isTableAway ? 'unavailable' : 'none'));
  const values: number[] = [];
  for (let i = 0; i < 21; i++) {
    await scoreBatch(
      [record(aPayment.replace('"t1"', `"t${i}"`))],
      {
        ledger: ledgerOn(table, ticking, seededRandom(1)),
        deadLetters: memoryQueue({ clock, visibilityMs: minuteMs }),
        newId: () => 'new',
        log: () => undefined,
        measure: (metrics) => values.push(...(measuredBy(metricsLine(metrics, startMs)).Unsettled?.flat() ?? [])),
      },
      clock.nowMs() + 10_000,
    );
  }
  return { Unsettled: [values] };
};
