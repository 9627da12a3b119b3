import type { SQSRecord } from 'aws-lambda';
import { beforeEach, describe, expect, it } from 'vitest';
import { scopes } from '../../shared/contract/routes.ts';
import type { Item, Key } from '../../shared/ports/ports.ts';
import { decisionKey, stateKey } from '../../shared/store/names.ts';
import { type Api, apiOnMemory, startMs } from '../support/api.ts';

/**
 * What a newer version wrote while both run side by side: this version decides nothing on it, says which row it was, and leaves the
 * payment to a function that can read it.
 */
const transaction = {
  transactionId: 'txn_1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAt: '2026-11-20T11:45:00+00:00',
  amountMinor: 129900,
  currency: 'INR',
};
const state = stateKey('acme', 'a_7', 'u_42');
const decision = decisionKey('acme', 'txn_1');

let api: Api;
let key: string;

const post = (body: unknown) => api.call({ method: 'POST', path: '/decisions', key, body: JSON.stringify(body) });

const record = (messageId: string, body: unknown, receiveCount = 1): SQSRecord => ({
  messageId,
  receiptHandle: messageId,
  body: JSON.stringify(body),
  attributes: {
    ApproximateReceiveCount: String(receiveCount),
    SentTimestamp: String(startMs),
    SenderId: 's',
    ApproximateFirstReceiveTimestamp: String(startMs),
  },
  messageAttributes: { tenant: { dataType: 'String', stringValue: 'acme' } },
  md5OfBody: '',
  eventSource: 'aws:sqs',
  eventSourceARN: 'arn:aws:sqs:local:000000000000:queue',
  awsRegion: 'local',
});

/** Makes the row one of format 2 that refers to 15 signals. */
const asNewer = async (row: Key, attribute: string): Promise<Item> => {
  const item = (await api.table.get(row))!;
  const [, ...packed] = item[attribute] as Uint8Array;
  const newer = { ...item, [attribute]: Uint8Array.of(2, 15, 25, 7, ...packed) };
  await api.table.put(newer);
  return newer;
};

beforeEach(async () => {
  api = apiOnMemory();
  key = await api.newKey(scopes);
  expect((await post(transaction)).status).toBe(200);
});

describe('an account state that a newer version wrote', () => {
  it('sends its payments back to the queue, names the row, and stops no other account', async () => {
    const newer = await asNewer(state, 's');
    const before = api.items().length;
    const { batchItemFailures } = await api.score([
      record('m1', { ...transaction, transactionId: 'txn_2' }),
      record('m2', { ...transaction, transactionId: 'txn_3', accountId: 'a_8' }),
    ]);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm1' }]);
    expect(await api.table.get(state)).toEqual(newer);
    expect(await api.table.get(decisionKey('acme', 'txn_3'))).not.toBeNull();
    expect(api.items()).toHaveLength(before + 3);
    expect(api.sinks.buried).toEqual([]);
    expect(api.sinks.logged.join()).toContain(
      'the account state S#acme#a_7 / u_42 is in format 2 and refers to 15 signals, of which 14 are known; this version reads formats up to 2',
    );
  });

  it('answers 503 to a payment that waits for its decision, which is safe to repeat', async () => {
    const newer = await asNewer(state, 's');
    const { status, headers } = await post({ ...transaction, transactionId: 'txn_2' });
    expect({ status, retryAfter: headers['retry-after'] }).toEqual({ status: 503, retryAfter: expect.any(String) });
    expect(await api.table.get(state)).toEqual(newer);
    expect(await api.table.get(decisionKey('acme', 'txn_2'))).toBeNull();
  });
});

describe('a decision that a newer version wrote', () => {
  it('sends a repeat back to the queue, whether or not it was received before', async () => {
    const newer = await asNewer(decision, 'd');
    const { batchItemFailures } = await api.score([record('m1', transaction, 2)]);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'm1' }]);
    expect((await api.score([record('m1', transaction)])).batchItemFailures).toEqual([{ itemIdentifier: 'm1' }]);
    expect(await api.table.get(decision)).toEqual(newer);
  });

  it('answers 503 to a repeat and to a reader', async () => {
    await asNewer(decision, 'd');
    expect((await post(transaction)).status).toBe(503);
    expect((await api.call({ method: 'GET', path: '/decisions/txn_1', key })).status).toBe(503);
  });
});
