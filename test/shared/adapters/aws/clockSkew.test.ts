import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dynamoTable } from '../../../../shared/adapters/aws/table.ts';
import { type TableStore, Unavailable } from '../../../../shared/ports/ports.ts';

const serviceAheadMs = 3_600_000;
/** AWS refuses a signature that is older or newer. */
const skewMsMax = 300_000;

const timeOf = (stamp: string): number =>
  Date.parse(stamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));

describe('a table whose service has another time than this machine', () => {
  let server: Server;
  let table: TableStore & { close(): void };
  let refused: string[];
  let taken: string[];

  beforeEach(async () => {
    refused = [];
    taken = [];
    server = createServer((request, response) => {
      const nowMs = Date.now() + serviceAheadMs;
      const action = String(request.headers['x-amz-target']).split('.')[1]!;
      const isRefused = Math.abs(nowMs - timeOf(String(request.headers['x-amz-date']))) > skewMsMax;
      (isRefused ? refused : taken).push(action);
      const body = { __type: 'com.amazon.coral.service#InvalidSignatureException', message: 'Signature expired' };
      const headers = { 'content-type': 'application/x-amz-json-1.0', date: new Date(nowMs).toUTCString() };
      request.resume().once('end', () => {
        response.writeHead(isRefused ? 400 : 200, headers).end(isRefused ? JSON.stringify(body) : '{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    table = dynamoTable({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      table: 'aegis',
    });
  });

  afterEach(async () => {
    table.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const key = { pk: 'p', sk: 's' };

  it('takes a read at the second send, by the corrected time', async () => {
    expect(await table.get(key)).toBeNull();
    expect([refused, taken]).toEqual([['GetItem'], ['GetItem']]);
  });

  it.each<[string, string, (store: TableStore) => Promise<unknown>]>([
    ['PutItem', 'put', (store) => store.put(key, { kind: 'absent' })],
    ['UpdateItem', 'update', (store) => store.update(key, { add: { n: 1 } })],
    ['DeleteItem', 'delete', (store) => store.delete(key)],
    [
      'TransactWriteItems',
      'transaction of a caller who asks for one send',
      (store) => store.transact([{ kind: 'put', item: key }], { once: true }),
    ],
  ])('refuses the first %s and takes it when the caller sends the %s again', async (action, _, write) => {
    await expect(write(table)).rejects.toBeInstanceOf(Unavailable);
    expect([refused, taken]).toEqual([[action], []]);
    await write(table);
    expect([refused, taken]).toEqual([[action], [action]]);
  });

  it('takes every write at once after a read', async () => {
    await table.get(key);
    await table.put(key);
    expect(taken).toEqual(['GetItem', 'PutItem']);
  });
});
