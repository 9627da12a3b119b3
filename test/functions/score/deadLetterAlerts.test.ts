import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { tellOfDeadLetters } from '../../../functions/score/deadLetterAlerts.ts';
import { type ScoreDependencies, scoreBatch } from '../../../functions/score/score.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { seededRandomness } from '../../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { perMinuteMax, quietMs } from '../../../shared/alerts/gate.ts';
import { serializeTransaction } from '../../../shared/contract/transaction.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { Measured } from '../../../shared/edge/metrics.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { publishPolicy } from '../../../shared/policy/store.ts';
import { type QueueMessage, type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { decisionKey } from '../../../shared/store/names.ts';
import { transaction } from '../../shared/policy/fixtures.ts';
import { ledgerOn } from '../../simulation/world.ts';

const startMs = transaction.occurredAtMs;
const body = (given: Partial<Transaction> = {}): string => serializeTransaction({ ...transaction, ...given });
/** Of this account, with an amount that is none. */
const poison = (transactionId: string, accountId = 'a_7'): string =>
  body({ transactionId, accountId }).replace(/"amountMinor":\d+/, '"amountMinor":-1');

const record = (messageId: string, text: string, attributes: Record<string, string> = {}): SQSRecord =>
  ({
    messageId,
    body: text,
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(startMs) },
    messageAttributes: Object.fromEntries(Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue }])),
  }) as unknown as SQSRecord;

/** The score stage with its alerts; `state` says what is away. */
const world = () => {
  const clock = virtualClock(startMs);
  const state = { isQueueDown: false, isTopicDown: false, isTopicSilent: false, isTableDown: false };
  const table = memoryTable();
  const buried: QueueMessage[] = [];
  const sent: { readonly subject: string; readonly text: string }[] = [];
  const logged: string[] = [];
  const counted: Record<string, Measured['value']>[] = [];
  const reads: string[] = [];
  const log = (_level: string, message: string) => logged.push(message);
  const alertTable: TableStore = {
    ...table,
    get: async (key, options) => {
      reads.push(key.pk);
      if (state.isTableDown) throw new Unavailable('the table is away');
      return table.get(key, options);
    },
  };
  const topic = {
    publish: async (subject: string, text: string) => {
      if (state.isTopicDown) throw new Error('the topic is away');
      if (state.isTopicSilent) await new Promise(() => undefined);
      sent.push({ subject, text });
    },
  };
  const alerts = { table: alertTable, clock, topic, consoleUrl: 'https://aegis.example/console', log };
  const dependencies: ScoreDependencies = {
    ledger: ledgerOn(table, clock, seededRandomness(1)),
    deadLetters: {
      send: async (messages: readonly QueueMessage[]) =>
        messages.map((message) => {
          if (state.isQueueDown) return { sent: false as const, cause: 'down' };
          buried.push(message);
          return { sent: true as const };
        }),
    },
    newId: () => 'new',
    log,
    alert: (letters, deadlineMs) => tellOfDeadLetters(letters, alerts, deadlineMs),
    measure: (metrics) => counted.push(Object.fromEntries(Object.entries(metrics).map(([name, { value }]) => [name, value]))),
  };
  const score = async (...records: SQSRecord[]) =>
    (await scoreBatch(records, dependencies, clock.nowMs() + 10_000)).batchItemFailures.map((failure) => failure.itemIdentifier);
  return { dependencies, clock, state, table, buried, sent, logged, counted, reads, score };
};

describe('people are told of a dead letter', () => {
  test('with its reason, masked, and every id that could be read', async () => {
    const { sent, score } = world();
    const text = poison('t1').replace(/}$/, ',"4111111111111111":1}');
    expect(await score(record('m1', text, { correlationId: 'c-1', tenant: 'acme' }))).toEqual([]);
    expect(sent).toHaveLength(1);
    expect(sent[0]!.subject).toBe('Aegis: a message can never be decided, account a_7');
    expect(sent[0]!.text).toMatch(/^Reason: \/amountMinor: .*; given -1; \/\*{16}: holds what looks like a card number/m);
    for (const part of ['tenant acme', 'Payment: t1', 'User: u_42', 'Account: a_7', 'Correlation id: c-1', '#/decision/t1'])
      expect(sent[0]!.text).toContain(part);
    expect(JSON.stringify(sent)).not.toContain('4111');
  });

  test('of an id that was used before, by the account of the second payment', async () => {
    const { sent, score } = world();
    await score(record('m1', body()));
    expect(await score(record('m2', body({ accountId: 'a_8', amountMinor: 5 })))).toEqual([]);
    expect(sent.map(({ subject }) => subject)).toEqual(['Aegis: a message can never be decided, account a_8']);
    expect(sent[0]!.text).toContain('Reason: transactionId txn_1 was used before with another /accountId');
  });

  test('of a message for no tenant, by the default tenant', async () => {
    const { sent, score } = world();
    expect(await score(record('m1', body(), { tenant: 'No Tenant' }))).toEqual([]);
    expect(sent[0]!.text).toMatch(/^A message of tenant dev /);
  });

  test('once an account and hour, whatever is wrong with its messages', async () => {
    const { clock, sent, score } = world();
    await score(record('m1', poison('t1')), record('m2', poison('t2')), record('m3', poison('t3', 'a_9')));
    await score(record('m4', poison('t4').replace('INR', 'inr')));
    expect(sent).toHaveLength(2);
    clock.advance(quietMs.deadLetters);
    await score(record('m5', poison('t5')));
    expect(sent).toHaveLength(3);
  });

  test('once a reason and hour where no account is known, each tenant for itself', async () => {
    const { sent, score } = world();
    await score(record('m1', 'nonsense'), record('m2', 'nonsense'), record('m3', '{"userId":7}'));
    await score(record('m4', 'nonsense', { tenant: 'acme' }));
    expect(sent.map(({ text }) => /tenant \w+/.exec(text)![0])).toEqual(['tenant dev', 'tenant dev', 'tenant acme']);
  });

  test('no more often than a few a minute', async () => {
    const { sent, score } = world();
    for (let i = 0; i < perMinuteMax + 5; i++) await score(record(`m${i}`, poison(`t${i}`, `a${i}`)));
    expect(sent).toHaveLength(perMinuteMax);
  });

  test('once, however often the message comes', async () => {
    const { buried, sent, score } = world();
    for (let i = 0; i < 3; i++) await score(record('m1', poison('t1')));
    expect(buried).toHaveLength(3);
    expect(sent).toHaveLength(1);
  });

  test('not before it is safe among the dead letters', async () => {
    const { state, sent, score } = world();
    state.isQueueDown = true;
    expect(await score(record('m1', poison('t1')))).toEqual(['m1']);
    expect(sent).toEqual([]);
  });

  test('not where the policy of the tenant switches it off', async () => {
    const { table, buried, sent, score } = world();
    const alerts = { blocks: true, reviewsFrom: null, degraded: true, deadLetters: false };
    await publishPolicy(table, 'quiet', { policy: { ...defaultPolicy, alerts }, status: 'active', by: 'test', atMs: startMs });
    await score(record('m1', poison('t1'), { tenant: 'quiet' }), record('m2', poison('t1'), { tenant: 'loud' }));
    expect(buried).toHaveLength(2);
    expect(sent.map(({ text }) => /tenant \w+/.exec(text)![0])).toEqual(['tenant loud']);
  });
});

describe('what cannot be told', () => {
  test.each(['isTopicDown', 'isTableDown'] as const)('comes not again, while %s: it is logged and counted', async (fault) => {
    const { state, table, buried, logged, counted, sent, score } = world();
    state[fault] = true;
    expect(await score(record('m1', poison('t1')), record('m2', body({ transactionId: 'good' })))).toEqual([]);
    expect(buried).toHaveLength(1);
    expect(sent).toEqual([]);
    expect(await table.get(decisionKey('dev', 'good'))).not.toBeNull();
    expect(logged).toEqual(['dead letter', 'dead letter not told']);
    expect(counted).toEqual([{ DeadLetters: 1, AlertsFailed: 1 }]);
  });

  test('is given up when no time is left, so that the batch is answered for', async () => {
    const { clock, state, logged, counted, score } = world();
    state.isTopicSilent = true;
    const scoring = score(record('m1', poison('t1')), record('m2', poison('t2', 'a_9')));
    while (clock.sleepers() === 0) await new Promise(setImmediate);
    await new Promise(setImmediate);
    clock.wakeNext();
    expect(await scoring).toEqual([]);
    expect(clock.nowMs() - startMs).toBe(5_000);
    expect(logged.at(-1)).toBe('dead letters not told');
    expect(counted).toEqual([{ DeadLetters: 2, AlertsFailed: 2 }]);
  });
});

test('what sends alerts may fail to load: the message comes not again', async () => {
  const { counted, dependencies } = world();
  const alert = () => Promise.reject(new Error('not found'));
  const { batchItemFailures } = await scoreBatch([record('m1', poison('t1'))], { ...dependencies, alert }, startMs + 10_000);
  expect(batchItemFailures).toEqual([]);
  expect(counted).toEqual([{ DeadLetters: 1, AlertsFailed: 1 }]);
});

test('without poison nothing is read for alerts, and nobody is told', async () => {
  const { reads, sent, score } = world();
  expect(await score(record('m1', body()))).toEqual([]);
  expect(reads).toEqual([]);
  expect(sent).toEqual([]);
});
