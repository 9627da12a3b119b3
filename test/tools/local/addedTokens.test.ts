import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dynamoTable, type TablePlugin } from '../../../shared/adapters/aws/table.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { withoutAddedTokens } from '../../../tools/local/addedTokens.ts';

describe('the token of a transaction on the way to the emulator', () => {
  let server: Server;
  let bodies: Record<string, unknown>[];
  const tables: { close(): void }[] = [];

  beforeEach(async () => {
    bodies = [];
    server = createServer((request, response) => {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      request.once('end', () => {
        bodies.push(JSON.parse(text));
        response.writeHead(200, { 'content-type': 'application/x-amz-json-1.0' }).end('{}');
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    for (const table of tables.splice(0)) table.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const tableWith = (plugin?: TablePlugin, onConsumed?: () => void): TableStore => {
    const table = dynamoTable({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      table: 'aegis',
      plugin,
      onConsumed,
    });
    tables.push(table);
    return table;
  };

  const trap = { pk: 'p', sk: 'é', text: ',"ClientRequestToken":"mine"', map: { ClientRequestToken: 'mine' } };
  const stored = {
    pk: { S: 'p' },
    sk: { S: 'é' },
    text: { S: ',"ClientRequestToken":"mine"' },
    map: { M: { ClientRequestToken: { S: 'mine' } } },
  };
  const transaction = { TransactItems: [{ Put: { TableName: 'aegis', Item: stored } }] };

  it.each([
    ['alone', undefined, {}],
    ['beside the question for units', () => undefined, { ReturnConsumedCapacity: 'TOTAL' }],
  ])('is removed when the SDK added it, %s, and nothing else is', async (_, onConsumed, more) => {
    await tableWith(withoutAddedTokens, onConsumed).transact([{ kind: 'put', item: trap }], { once: true });
    expect(bodies).toEqual([{ ...transaction, ...more }]);
  });

  it('stays when the caller repeats the transaction under it', async () => {
    await tableWith(withoutAddedTokens).transact([{ kind: 'put', item: trap }]);
    expect(bodies).toEqual([{ ...transaction, ClientRequestToken: expect.stringMatching(/^[0-9a-f-]{36}$/) }]);
  });

  it('is added by the SDK where no plugin removes it', async () => {
    await tableWith().transact([{ kind: 'put', item: trap }], { once: true });
    expect(bodies[0]).toHaveProperty('ClientRequestToken');
  });

  it('changes no other request', async () => {
    await tableWith(withoutAddedTokens).put(trap);
    expect(bodies).toEqual([{ TableName: 'aegis', Item: stored }]);
  });
});
