import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { dynamoTable } from '../../../../shared/adapters/aws/table.ts';
import { OutcomeUnknown, type TableStore, Throttled, Unavailable, type Write } from '../../../../shared/ports/ports.ts';

/** A table that takes every request and answers as the script says, then `{}`. */
type Answer = 'cut' | 'silent' | 'stalled' | { readonly status: number; readonly body: object | string };

const serverError: Answer = { status: 500, body: { __type: 'InternalServerError', message: 'no' } };
const unreadable: Answer = { status: 200, body: '<html>' };
const throttled: Answer = {
  status: 400,
  body: { __type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException', message: 'no' },
};

describe('a table whose replies are lost', () => {
  let server: Server;
  let script: Answer[];
  let received: { readonly action: string; readonly body: Record<string, unknown> }[];
  let committed: number;
  let unknown: number;
  let onConsumed: (() => void) | undefined;
  let table: TableStore & { close(): void };
  let connection: { endpoint: string; region: string; credentials: { accessKeyId: string; secretAccessKey: string } };

  beforeEach(async () => {
    script = [];
    received = [];
    committed = 0;
    unknown = 0;
    onConsumed = undefined;
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      request.on('end', () => {
        received.push({ action: String(request.headers['x-amz-target']).split('.')[1] ?? '', body: JSON.parse(text) });
        const answer = script.shift() ?? { status: 200, body: {} };
        if (answer === 'silent') return;
        if (answer === 'cut') return void request.socket.destroy();
        if (answer === 'stalled') return void response.writeHead(200, { 'content-length': '2' }).write('{');
        const reply = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
        response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' }).end(reply);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    connection = {
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
    };
    table = dynamoTable({
      ...connection,
      table: 'aegis',
      onCommitted: () => {
        committed += 1;
      },
      onUnknown: (writes) => {
        unknown += writes.length;
      },
      get onConsumed() {
        return onConsumed;
      },
    });
  });

  afterEach(async () => {
    vi.unstubAllEnvs();
    table.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const key = { pk: 'p', sk: 's' };
  const writes: Write[] = [{ kind: 'put', item: key, condition: { kind: 'absent' } }];

  it.each<[string, Answer]>([
    ['a cut connection', 'cut'],
    ['a server error', serverError],
  ])('sends a transaction again after %s, as the same transaction', async (_, answer) => {
    script = [answer, answer];
    await table.transact(writes);
    const tokens = received.map(({ body }) => body.ClientRequestToken);
    expect(tokens).toHaveLength(3);
    expect(tokens[0]).toMatch(/^[0-9a-f-]{36}$/);
    expect(new Set(tokens).size).toBe(1);
    expect(committed).toBe(1);
  });

  it('gives every transaction a token of its own', async () => {
    await table.transact(writes);
    await table.transact(writes);
    expect(new Set(received.map(({ body }) => body.ClientRequestToken)).size).toBe(2);
  });

  it('gives up on a transaction after three sends, its outcome unknown', async () => {
    script = ['cut', 'cut', 'cut', 'cut'];
    await expect(table.transact(writes)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(received).toHaveLength(3);
    expect(committed).toBe(0);
    expect(unknown).toBe(1);
  });

  const sentOnce: [string, (store: TableStore) => Promise<unknown>][] = [
    ['transaction of a caller who asks for one send', (store) => store.transact(writes, { once: true })],
    ['put', (store) => store.put(key, { kind: 'absent' })],
    ['update', (store) => store.update(key, { add: { n: 1 } })],
    ['delete', (store) => store.delete(key)],
  ];

  it.each(
    sentOnce.flatMap(([name, write]) => [
      [name, 'a cut connection', 'cut' as Answer, write] as const,
      [name, 'a server error', serverError, write] as const,
      [name, 'an unreadable reply', unreadable, write] as const,
    ]),
  )('sends a %s once and calls its outcome unknown after %s', async (_, __, answer, write) => {
    script = [answer];
    await expect(write(table)).rejects.toBeInstanceOf(OutcomeUnknown);
    expect(received).toHaveLength(1);
    expect(committed).toBe(0);
    expect(unknown).toBe(1);
  });

  it.each<[string, Answer]>([
    ['does not come', 'silent'],
    ['stops after its head', 'stalled'],
  ])(
    'gives up on a reply that %s, and sends the write once',
    async (_, answer) => {
      script = [answer];
      await expect(table.put(key)).rejects.toBeInstanceOf(OutcomeUnknown);
      expect(received).toHaveLength(1);
    },
    10_000,
  );

  it('refuses a stored number that would lose digits, and reads it once', async () => {
    script = [{ status: 200, body: { Item: { pk: { S: 'p' }, sk: { S: 's' }, n: { N: '9007199254740993' } } } }];
    await expect(table.get(key)).rejects.toThrow(RangeError);
    expect(received).toHaveLength(1);
  });

  it('repeats a read, and gives up after three sends', async () => {
    script = ['cut', serverError];
    expect(await table.get(key)).toBeNull();
    script = ['cut', serverError, 'cut', 'cut'];
    await expect(table.get(key)).rejects.toBeInstanceOf(Unavailable);
    expect(received).toHaveLength(6);
  });

  it.each([['read', (store) => store.get(key)], ...sentOnce] as typeof sentOnce)(
    'calls a %s undone when no credentials are found, and sends nothing',
    async (_, call) => {
      vi.stubEnv('AWS_PROFILE', 'no-such-profile');
      const { endpoint, region } = connection;
      const anonymous = dynamoTable({ endpoint, region, table: 'aegis' });
      await expect(call(anonymous)).rejects.toBeInstanceOf(Unavailable);
      expect(received).toHaveLength(0);
      anonymous.close();
    },
  );

  it('asks what a request consumed only while somebody is told', async () => {
    await table.get(key);
    expect(received[0]!.body).not.toHaveProperty('ReturnConsumedCapacity');
    onConsumed = () => undefined;
    await table.get(key);
    expect(received[1]!.body).toHaveProperty('ReturnConsumedCapacity', 'TOTAL');
  });

  it('hands a throttle to the caller at once', async () => {
    script = [throttled];
    await expect(table.transact(writes)).rejects.toBeInstanceOf(Throttled);
    expect(unknown).toBe(0);
    script = [throttled];
    await expect(table.get(key)).rejects.toBeInstanceOf(Throttled);
    expect(received).toHaveLength(2);
  });
});
