import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { type Metered, metered } from '../../../tools/cost/meter.ts';

const call = (port: number, options: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, method: 'POST', ...options }, (answer) => answer.resume().once('end', resolve));
    sent.once('error', reject).end('{}');
  });

test('a call is counted by its action, however its headers were given and wherever the service names it', async () => {
  const server = createServer((_, answer) => answer.end('{}')).listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  const reports: Metered[] = [];
  const handler = metered(
    'score',
    async () => {
      await call(port, { headers: ['host', 'x', 'x-amz-target', 'DynamoDB_20120810.TransactWriteItems', 'content-length', '2'] });
      await call(port, { headers: { 'x-amz-target': 'AmazonSQS.SendMessageBatch' } });
      await call(port, { method: 'PUT', path: '/key?x-id=PutObject' });
      await call(port, {});
    },
    (used) => reports.push(used),
  );
  await handler({}, {});
  server.close();
  expect(reports.map(({ stage, calls }) => ({ stage, calls }))).toEqual([
    { stage: 'score', calls: { TransactWriteItems: 1, SendMessageBatch: 1, PutObject: 1, Publish: 1 } },
  ]);
});
