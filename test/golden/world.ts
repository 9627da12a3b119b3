import type { SQSRecord } from 'aws-lambda';
import { alertsSink } from '../../functions/project/alertsSink.ts';
import { archiveSink } from '../../functions/project/archiveSink.ts';
import { featuresSink } from '../../functions/project/featuresSink.ts';
import { feedSink } from '../../functions/project/feedSink.ts';
import { headsSink } from '../../functions/project/headsSink.ts';
import { policyReader } from '../../functions/project/policyReader.ts';
import { reviewsSink } from '../../functions/project/reviewsSink.ts';
import { webhooksSink } from '../../functions/project/webhooksSink.ts';
import { scoreBatch } from '../../functions/score/score.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../shared/contract/transaction.ts';
import { ledgerOf } from '../../shared/deciding/judgement.ts';
import { modelInForce } from '../../shared/deciding/modelInForce.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { type Item, type TableStore, Unavailable, type Write } from '../../shared/ports/ports.ts';
import { messageAttributes } from '../../shared/store/names.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { insertion, strictProjector, testSecret } from '../support/engine.ts';

export const startMs = Date.UTC(2026, 10, 16, 4, 30);

/** The whole engine over the memory adapters: what the score, project, review and checkpoint functions run in a deployment. */
export function goldenWorld(seed: number, nowMs = startMs, hotDays: number | null = null) {
  const clock = virtualClock(nowMs);
  const randomness = seededRandom(seed);
  const stored = new Set<string>();
  let changes: { readonly eventName: 'INSERT' | 'MODIFY'; readonly item: Item }[] = [];
  const table = memoryTable({
    onCommitted: (writes) => {
      for (const write of writes) noteChange(write);
    },
  });
  const noteChange = (write: Write): void => {
    if (write.kind !== 'put') return;
    const name = `${write.item.pk} ${write.item.sk}`;
    changes.push({ eventName: stored.has(name) ? 'MODIFY' : 'INSERT', item: write.item });
    stored.add(name);
  };
  const [models, archive, checkpoints] = [memoryObjects(), memoryObjects(), memoryObjects()];
  const masterSecret = testSecret({ table, clock });
  const silentTopic = { publish: async () => undefined };
  const silentQueue = { send: async (messages: readonly unknown[]) => messages.map(() => ({ sent: true as const })) };
  const merchants = { isReachable: true };
  const ledgerTable: TableStore = {
    ...table,
    get: async (key, options) => {
      if (key.pk.startsWith('M#') && !merchants.isReachable) throw new Unavailable('the merchants cannot be read');
      return table.get(key, options);
    },
  };
  const buried: string[] = [];
  const newLedger = () =>
    ledgerOf({ table: ledgerTable, clock, randomness, masterSecret }, modelInForce({ table, models, clock }));
  const score = {
    ledger: newLedger(),
    deadLetters: {
      send: async (messages: readonly { attributes: Readonly<Record<string, string>> }[]) =>
        messages.map(({ attributes }) => {
          buried.push(attributes.reason ?? '');
          return { sent: true as const };
        }),
    },
    newId: () => 'corr_golden',
    log: () => undefined,
  };
  const project = strictProjector({
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      archiveSink({ archive, table, hotDays }),
      headsSink({ table }),
      featuresSink({ archive }),
      alertsSink({
        table,
        clock,
        topics: { decision: silentTopic, degraded: silentTopic },
        policyOf: policyReader(table),
        consoleUrl: null,
      }),
      webhooksSink({ table, clock, queue: silentQueue }),
    ],
  });

  return {
    table,
    models,
    archive,
    checkpoints,
    clock,
    randomness,
    masterSecret,
    merchants,
    buried,
    /** Puts rows into the table that the projector has seen before. */
    async restore(items: readonly Item[]): Promise<void> {
      for (const item of items) await table.put(item);
      changes = [];
    },
    /** From now on payments are decided by a process that holds no model, policy or figure yet. */
    coldStart(): void {
      score.ledger = newLedger();
    },
    /** Decides payments as one batch from the queue; throws when one of them is not decided. */
    async score(transactions: readonly Transaction[], tenant = 'dev'): Promise<void> {
      const records = transactions.map((transaction, i) => recordOf(transaction, i, clock.nowMs(), tenant));
      const { batchItemFailures } = await scoreBatch(records, score, clock.nowMs() + 60_000);
      if (batchItemFailures.length > 0) throw new Error(`${batchItemFailures.length} of ${records.length} were not decided`);
    },
    /** Hands every change since the last call to the projector, as the table's stream would. */
    async project(): Promise<void> {
      const batch = changes.filter(({ item }) => /^[DARB]#/.test(item.pk));
      changes = [];
      const { batchItemFailures } = await project(batch.map(({ eventName, item }, i) => ({ ...insertion(item, i), eventName })));
      if (batchItemFailures.length > 0) throw new Error('the projector could not do all of a batch');
    },
  };
}

const recordOf = (transaction: Transaction, i: number, nowMs: number, tenant: string): SQSRecord => ({
  messageId: `m${i}`,
  receiptHandle: `m${i}`,
  body: serializeTransaction(transaction),
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: String(nowMs - 40 - i),
    SenderId: 'golden',
    ApproximateFirstReceiveTimestamp: String(nowMs),
  },
  messageAttributes: {
    [messageAttributes.tenant]: { dataType: 'String', stringValue: tenant },
    [messageAttributes.receivedAt]: { dataType: 'String', stringValue: new Date(nowMs - 60 - i).toISOString() },
    ...(i % 2 === 0 && {
      [messageAttributes.correlationId]: { dataType: 'String', stringValue: `corr_${transaction.transactionId}` },
    }),
  },
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:queue',
  awsRegion: 'local',
});
