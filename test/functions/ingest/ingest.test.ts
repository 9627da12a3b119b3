import { beforeEach, describe, expect, it } from 'vitest';
import { ingestEndpoints } from '../../../functions/ingest/ingest.ts';
import { parseTransactionText } from '../../../shared/contract/transaction.ts';
import { type HttpHandler, httpHandler } from '../../../shared/edge/http.ts';
import { send } from '../../support/http.ts';
import { newKey, testQueue, testStores } from '../../support/stores.ts';

const transaction = {
  transactionId: 'txn_1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAt: '2026-11-20T11:45:00+05:30',
  amountMinor: 129900,
  currency: 'INR',
};
const visa = '4111111111111111';

let clock: ReturnType<typeof testStores>['clock'];
let key: string;
let build: (queue: ReturnType<typeof testQueue>, isOrdered?: boolean, isFair?: boolean) => HttpHandler;

beforeEach(async () => {
  const stores = testStores();
  clock = stores.clock;
  key = await newKey(stores, ['ingest']);
  build = (queue, isOrdered = false, isFair = false) =>
    httpHandler('ingest', ingestEndpoints({ queue, isOrdered, isFair }), { ...stores, log: () => undefined });
});

const post = (handler: HttpHandler, path: string, body: unknown) =>
  send(handler, {
    key,
    method: 'POST',
    path,
    body: typeof body === 'string' ? body : JSON.stringify(body),
    headers: { 'x-correlation-id': 'c-1' },
  });

describe('POST /transactions', () => {
  it('queues the transaction with who sent it and when', async () => {
    const queue = testQueue();
    const received = await post(build(queue), '/transactions', { ...transaction, channel: null });
    expect(received).toMatchObject({ status: 202, body: { transactionId: 'txn_1', status: 'QUEUED' } });
    expect(queue.messages).toHaveLength(1);
    expect(queue.messages[0]?.attributes).toEqual({
      tenant: 'acme',
      correlationId: 'c-1',
      receivedAt: '2026-11-20T12:00:00.000Z',
    });
    expect(queue.messages[0]?.group).toBeUndefined();
    expect(parseTransactionText(queue.messages[0]!.body, clock.nowMs())).toEqual(
      parseTransactionText(JSON.stringify(transaction), clock.nowMs()),
    );
  });

  it('groups messages by account on an ordered queue', async () => {
    const queue = testQueue();
    const handler = build(queue, true);
    for (const change of [{}, { transactionId: 'txn_2' }, { userId: 'u_43' }, { accountId: 'a_8' }]) {
      await post(handler, '/transactions', { ...transaction, ...change });
    }
    const groups = queue.messages.map((message) => message.group!);
    expect(groups[0]).toBe(groups[1]);
    expect(new Set(groups).size).toBe(3);
    for (const group of groups) expect(group).toMatch(/^[A-Za-z0-9]{1,128}$/);
  });

  it('groups messages by tenant on a fair queue, and by account still where it is ordered too', async () => {
    const [fair, ordered] = [testQueue(), testQueue()];
    await post(build(fair, false, true), '/transactions', transaction);
    await post(build(ordered, true, true), '/transactions', transaction);
    expect(fair.messages.map(({ group }) => group)).toEqual(['acme']);
    expect(ordered.messages[0]!.group).toMatch(/^[a-f0-9]{64}$/);
  });

  it('names every fault and queues nothing', async () => {
    const queue = testQueue();
    const received = await post(build(queue), '/transactions', { ...transaction, amountMinor: 0, currency: 'X', note: 1 });
    expect(received.status).toBe(400);
    expect((received.body as { errors: { pointer: string }[] }).errors.map((fault) => fault.pointer)).toEqual([
      '/amountMinor',
      '/currency',
      '/note',
    ]);
    expect(queue.messages).toEqual([]);
  });

  it('answers 503 with Retry-After when the queue does not take it', async () => {
    const received = await post(build(testQueue(() => true)), '/transactions', transaction);
    expect(received.status).toBe(503);
    expect(received.headers['retry-after']).toBe('1');
  });
});

describe('POST /transactions/batch', () => {
  const rows = (count: number) => Array.from({ length: count }, (_, i) => ({ ...transaction, transactionId: `txn_${i}` }));
  const batch = (queue: ReturnType<typeof testQueue>, transactions: unknown) =>
    post(build(queue), '/transactions/batch', { transactions });

  it('takes 500 rows', async () => {
    const queue = testQueue();
    const received = await batch(queue, rows(500));
    expect(received).toMatchObject({ status: 202, body: { accepted: 500, rejected: 0, failed: 0 } });
    expect(queue.messages.map((message) => JSON.parse(message.body).transactionId)).toEqual(
      rows(500).map((row) => row.transactionId),
    );
  });

  it('takes the good rows though others are bad', async () => {
    const queue = testQueue();
    const received = await batch(queue, [
      { ...transaction, currency: 'X' },
      transaction,
      7,
      { ...transaction, transactionId: visa },
      { ...transaction, transactionId: 'txn_2' },
    ]);
    expect(received.status).toBe(202);
    expect(received.body).toMatchObject({
      accepted: 2,
      rejected: 3,
      results: [
        { index: 0, transactionId: 'txn_1', status: 'REJECTED', errors: [{ pointer: '/currency' }] },
        { index: 1, transactionId: 'txn_1', status: 'QUEUED' },
        { index: 2, transactionId: null, status: 'REJECTED', errors: [{ pointer: '' }] },
        { index: 3, transactionId: null, status: 'REJECTED', errors: [{ pointer: '/transactionId' }] },
        { index: 4, transactionId: 'txn_2', status: 'QUEUED' },
      ],
    });
    expect(queue.messages.map((message) => JSON.parse(message.body).transactionId)).toEqual(['txn_1', 'txn_2']);
    expect(received.result.body).not.toContain('1111111');
  });

  it('queues the same row twice', async () => {
    const received = await batch(testQueue(), [transaction, transaction]);
    expect(received).toMatchObject({ status: 202, body: { accepted: 2, results: [{ status: 'QUEUED' }, { status: 'QUEUED' }] } });
  });

  it('marks what the queue did not take as FAILED, beside bad rows', async () => {
    const received = await batch(
      testQueue((index) => index === 1),
      [{}, ...rows(3)],
    );
    expect(received).toMatchObject({
      status: 202,
      body: {
        accepted: 2,
        rejected: 1,
        failed: 1,
        results: [
          { status: 'REJECTED' },
          { status: 'QUEUED' },
          { status: 'FAILED', transactionId: 'txn_1' },
          { status: 'QUEUED' },
        ],
      },
    });
  });

  it('answers 503 with the same results when nothing went in for that cause', async () => {
    const received = await batch(
      testQueue(() => true),
      [{}, transaction],
    );
    expect(received.status).toBe(503);
    expect(received.headers['retry-after']).toBe('1');
    expect(received.body).toMatchObject({ accepted: 0, failed: 1, results: [{ status: 'REJECTED' }, { status: 'FAILED' }] });
  });

  it('answers 400 with the same results when every row is bad', async () => {
    const queue = testQueue();
    const received = await batch(queue, [{}, { ...transaction, userId: '' }]);
    expect(received.status).toBe(400);
    expect(received.headers['content-type']).toBe('application/problem+json');
    expect(received.body).toMatchObject({
      status: 400,
      accepted: 0,
      rejected: 2,
      results: [{ status: 'REJECTED' }, { index: 1, transactionId: 'txn_1', errors: [{ pointer: '/userId' }] }],
    });
    expect(queue.messages).toEqual([]);
  });

  it.each<[string, unknown, string[]]>([
    ['no rows', { transactions: [] }, ['/transactions']],
    ['501 rows', { transactions: rows(501) }, ['/transactions']],
    ['rows that are no array', { transactions: {} }, ['/transactions']],
    ['no field of rows', {}, ['/transactions']],
    ['another field', { transactions: [transaction], extra: { a: visa } }, ['/extra', '/extra/a']],
    ['a bare array', [transaction], ['']],
    ['a duplicate key in a row', '{"transactions":[{"userId":"a","userId":"b"}]}', ['']],
    ['a row nested too deep', `{"transactions":[${'['.repeat(15)}${']'.repeat(15)}]}`, ['']],
    ['text that is not JSON', '{"transactions":[', ['']],
  ])('refuses the whole with %s', async (_, body, pointers) => {
    const queue = testQueue();
    const received = await post(build(queue), '/transactions/batch', body);
    expect(received.status).toBe(400);
    expect((received.body as { errors: { pointer: string }[] }).errors.map((fault) => fault.pointer)).toEqual(pointers);
    expect(queue.messages).toEqual([]);
  });

  it.each([
    ['the transaction', '"__proto__":{}', '/__proto__'],
    ['its metadata, in escapes', '"metadata":{"\\u005f_proto__":"x"}', '/metadata/__proto__'],
    ['its location', '"location":{"latitude":1,"longitude":1,"__proto__":1}', '/location/__proto__'],
  ])('refuses a row alone whose __proto__ is in %s', async (_, member, pointer) => {
    const queue = testQueue();
    const [good, bad] = rows(2).map((row) => JSON.stringify(row));
    const body = `{"transactions":[${good},${bad!.slice(0, -1)},${member}}]}`;
    const received = await post(build(queue), '/transactions/batch', body);
    expect(received).toMatchObject({
      status: 202,
      body: { accepted: 1, rejected: 1, results: [{ status: 'QUEUED' }, { status: 'REJECTED', errors: [{ pointer }] }] },
    });
    expect(queue.messages).toHaveLength(1);
  });

  it('keeps its answer small when rows are nothing but faults', async () => {
    const bad = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`x${i}`, 1]));
    const received = await batch(
      testQueue(),
      Array.from({ length: 500 }, () => bad),
    );
    expect(received.status).toBe(400);
    expect(received.result.body.length).toBeLessThan(4_000_000);
    expect((received.body as { results: { errors: unknown[] }[] }).results.every((row) => row.errors.length > 0)).toBe(true);
  });
});
