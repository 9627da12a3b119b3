import { createHash } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { scoreBatch } from '../../../functions/score/score.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { seededRandomness } from '../../../shared/adapters/memory/random.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { serializeTransaction } from '../../../shared/contract/transaction.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import type { QueueMessage } from '../../../shared/ports/ports.ts';
import { decisionKey, stateKey } from '../../../shared/store/names.ts';
import { transaction } from '../../shared/policy/fixtures.ts';
import { ledgerOn } from '../../simulation/world.ts';

const startMs = transaction.occurredAtMs;
const body = (given: Partial<Transaction> = {}): string => serializeTransaction({ ...transaction, ...given });

const record = (messageId: string, text: string, attributes: Record<string, string> = {}): SQSRecord => ({
  messageId,
  receiptHandle: messageId,
  body: text,
  attributes: {
    ApproximateReceiveCount: '1',
    SentTimestamp: String(startMs),
    SenderId: 's',
    ApproximateFirstReceiveTimestamp: String(startMs),
  },
  messageAttributes: Object.fromEntries(
    Object.entries(attributes).map(([name, stringValue]) => [name, { stringValue, dataType: 'String' }]),
  ),
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:queue',
  awsRegion: 'local',
});

const world = (isQueueDown = false) => {
  const table = memoryTable();
  const buried: QueueMessage[] = [];
  const deadLetters = {
    send: async (messages: readonly QueueMessage[]) =>
      messages.map((message) => {
        if (isQueueDown) return { sent: false as const, cause: 'down' };
        buried.push(message);
        return { sent: true as const };
      }),
  };
  const clock = virtualClock(startMs);
  const ledger = ledgerOn(table, { ...clock, sleep: async (ms: number) => clock.advance(ms) }, seededRandomness(1));
  const score = async (...records: SQSRecord[]) =>
    (
      await scoreBatch(records, { ledger, deadLetters, newId: () => 'new', log: () => undefined }, startMs + 5_000)
    ).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
  return { table, buried, score };
};

describe('a message that can never be decided', () => {
  test.each([
    ['that is no JSON', 'nonsense', {}, /JSON|token|\(all\)/i],
    ['that lacks a field', '{"transactionId":"t1"}', {}, /\/userId: /],
    ['with a key twice', body().replace('{', '{"userId":"u_1",'), {}, /key occurs twice/],
    ['for a tenant that cannot be', body(), { tenant: 'No Tenant' }, /tenant/],
    ['with a time of receipt that is none', body(), { receivedAt: 'yesterday' }, /receivedAt/],
  ])('%s goes to the dead letters with reason and digest, and stops no other', async (_, text, attributes, reason) => {
    const { table, buried, score } = world();
    expect(await score(record('m1', text, attributes), record('m2', body({ transactionId: 'good' })))).toEqual([]);
    expect(buried.length).toBe(1);
    expect(buried[0]!.body).toBe(text);
    expect(buried[0]!.attributes.reason).toMatch(reason);
    expect(buried[0]!.attributes.digest).toBe(createHash('sha256').update(text).digest('hex'));
    expect(await table.get(decisionKey('dev', 'good'))).not.toBeNull();
  });

  test('keeps its group, without which FIFO dead letters would take nothing', async () => {
    const { score, buried } = world();
    const poison = record('m1', 'nonsense');
    expect(
      await score({ ...poison, attributes: { ...poison.attributes, MessageGroupId: 'g1' } }, record('m2', 'nonsense')),
    ).toEqual([]);
    expect(buried.map(({ group }) => group)).toEqual(['g1', undefined]);
  });

  test('goes there by the digest of a group that holds a card number', async () => {
    const { score, buried } = world();
    const poison = record('m1', 'nonsense');
    await score({ ...poison, attributes: { ...poison.attributes, MessageGroupId: '4111-1111-1111-1111' } });
    expect(buried[0]!.group).toBe(createHash('sha256').update('4111-1111-1111-1111').digest('hex'));
  });

  test('stays on the queue while the dead letters take nothing', async () => {
    const { score } = world(true);
    expect(await score(record('m1', 'nonsense'), record('m2', body()))).toEqual(['m1']);
  });

  test('with a card number is buried masked', async () => {
    const { buried, score } = world();
    await score(record('m1', body({ metadata: { note: 'pay 4111 1111 1111 1111 now' } })));
    expect(buried.length).toBe(1);
    expect(JSON.stringify(buried)).not.toMatch(/4111[ -]?1111[ -]?1111[ -]?1111/);
  });
});

describe('what lies among the dead letters', () => {
  const visa = '4111111111111111';
  const isTaken = ({ body: text, attributes }: QueueMessage): boolean =>
    [text, ...Object.values(attributes)].every((part) => /^[\t\n\r\x20-\ud7ff\ue000-\ufffd]+$/.test(part)) &&
    Buffer.byteLength(text + JSON.stringify(attributes)) <= 262_144;

  test.each<[string, string, Record<string, string>]>([
    [
      'of escapes that hide a card number and characters that SQS refuses',
      String.raw`{"a":"\u00341${visa.slice(2)}\u0000\ufffe\ud83d"}`,
      {},
    ],
    ['of characters that some queues refuse', `{"a\u{1f600}":"${visa}"}`, {}],
    ['as large as a message may be', `{"a":"${visa}"}${' '.repeat(1_048_576 - 24)}`, {}],
    ['whose end after a cut is a card number', `"${'x'.repeat(239_982)} ${visa}5${' 1'.repeat(200_000)}`, {}],
    ['of an attribute as large', body(), { tenant: String.raw`\u00341${visa.slice(2)}\u0000${'x'.repeat(1_000_000)}` }],
  ])('is taken there, masked: a message %s', async (_, text, attributes) => {
    const { buried, score } = world();
    expect(await score(record('m1', text, attributes))).toEqual([]);
    expect(buried).toHaveLength(1);
    expect(buried.map(isTaken)).toEqual([true]);
    expect(JSON.stringify(buried)).not.toContain('111111');
    expect(buried[0]!.attributes.digest).toBe(createHash('sha256').update(text).digest('hex'));
  });
});

describe('the reason of a dead letter', () => {
  test('is one line without characters that SQS refuses, whatever the names of fields are', async () => {
    const { buried, score } = world();
    expect(await score(record('m1', '{"a\\u0000b\\nc\\u2028d\\ufffe":1}'))).toEqual([]);
    expect(buried[0]!.attributes.reason).toContain('/a b c d : unknown field');
  });

  test('holds no card number that only its cleaning would join', async () => {
    const { buried, score } = world();
    expect(await score(record('m1', '{"4111\\u00001111\\u00001111\\u00001111":1}'))).toEqual([]);
    expect(buried[0]!.attributes.reason).toContain('/**** **** **** ****: unknown field');
  });
});

describe('the id of another payment', () => {
  test('with other content is buried by the name of the field, the original untouched', async () => {
    const { table, buried, score } = world();
    await score(record('m1', body()));
    const before = await table.get(decisionKey('dev', 'txn_1'));
    expect(await score(record('m2', body({ amountMinor: 5 })))).toEqual([]);
    expect(buried.map(({ attributes }) => attributes.reason)).toEqual([
      'transactionId txn_1 was used before with another /amountMinor',
    ]);
    expect(await table.get(decisionKey('dev', 'txn_1'))).toEqual(before);
  });

  test('with the same content is done and buries nothing', async () => {
    const { buried, score } = world();
    await score(record('m1', body()));
    expect(await score(record('m2', body()))).toEqual([]);
    expect(buried).toEqual([]);
  });
});

test('a damaged account is given back to the queue and stops no neighbour', async () => {
  const { table, score } = world();
  await table.put({ ...stateKey('dev', 'broken', 'u_42'), n: 3, s: Uint8Array.of(1, 2, 3) });
  expect(await score(record('m1', body({ transactionId: 'x', accountId: 'broken' })), record('m2', body()))).toEqual(['m1']);
  expect(await table.get(decisionKey('dev', 'txn_1'))).not.toBeNull();
});

test('each tenant has its own transactions', async () => {
  const { table, buried, score } = world();
  expect(await score(record('m1', body(), { tenant: 'a' }), record('m2', body({ amountMinor: 5 }), { tenant: 'b' }))).toEqual([]);
  expect(buried).toEqual([]);
  expect(await table.get(decisionKey('a', 'txn_1'))).not.toBeNull();
  expect(await table.get(decisionKey('b', 'txn_1'))).not.toBeNull();
});
