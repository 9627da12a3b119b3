import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closeServices, services } from '../../../shared/adapters/aws/services.ts';
import { awsEndpoints, env } from '../../../shared/store/names.ts';
import { type Metered, metered } from '../../../tools/cost/meter.ts';
import { dynamoEmulator } from '../../support/emulators.ts';

const call = (port: number, options: object): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, method: 'POST', ...options }, (answer) => answer.resume().once('end', resolve));
    sent.once('error', reject).end('{}');
  });

const busy = (cpuMs: number): void => {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= cpuMs * 1_000) return;
  }
};

describe('the meter', () => {
  /** The meter is made once per thread, so all tests share it and hand their work over by the event. */
  const reports: Metered[] = [];
  let invoke: (work: () => Promise<unknown>) => Promise<unknown>;
  let dynamo: Awaited<ReturnType<typeof dynamoEmulator>>;
  beforeAll(async () => {
    dynamo = await dynamoEmulator();
    process.env[env.table] = await dynamo.newTable();
    process.env[awsEndpoints.dynamodb] = dynamo.connection.endpoint;
    process.env.AWS_REGION = dynamo.connection.region;
    process.env.AWS_ACCESS_KEY_ID = dynamo.connection.credentials.accessKeyId;
    process.env.AWS_SECRET_ACCESS_KEY = dynamo.connection.credentials.secretAccessKey;
    invoke = metered(
      'score',
      (work) => (work as () => Promise<unknown>)(),
      (used) => reports.push(used),
    ) as typeof invoke;
  });
  afterAll(async () => {
    closeServices();
    await dynamo.stop();
  });

  it('counts a call by its action, however its headers are given and wherever the service names it', async () => {
    const server = createServer((_, answer) => answer.end('{}')).listen(0, '127.0.0.1');
    await new Promise((listening) => server.once('listening', listening));
    const { port } = server.address() as AddressInfo;
    reports.length = 0;
    await invoke(async () => {
      await call(port, { headers: ['host', 'x', 'x-amz-target', 'DynamoDB_20120810.TransactWriteItems', 'content-length', '2'] });
      await call(port, { headers: { 'x-amz-target': 'AmazonSQS.SendMessageBatch' } });
      await call(port, { method: 'PUT', path: '/key?x-id=PutObject' });
      await call(port, {});
    });
    server.close();
    expect(reports.map(({ stage, calls }) => ({ stage, calls }))).toEqual([
      { stage: 'score', calls: { TransactWriteItems: 1, SendMessageBatch: 1, PutObject: 1, Publish: 1 } },
    ]);
  });

  it.each([1, 8, 32])('charges each of %i invocations that overlap with what it alone used', async (count) => {
    reports.length = 0;
    await Promise.all(
      Array.from({ length: count }, (_, i) =>
        invoke(async () => {
          await services().table.put({ pk: `k${count}-${i}`, sk: 's', n: 1 });
          await services().table.get({ pk: `k${count}-${i}`, sk: 's' }, { consistent: true });
          process.stdout.write(' '.repeat(10));
        }),
      ),
    );
    const each = reports.map(({ cpuMs: _, ...used }) => used);
    const once = { readUnits: 1, writeUnits: 1, calls: { PutItem: 1, GetItem: 1 }, waitMs: 6 + 3, logBytes: 10 };
    expect(each).toEqual(Array.from({ length: count }, () => ({ stage: 'score', ...once })));
  });

  it('charges invocations that overlap with the processor time of the thread, once', async () => {
    reports.length = 0;
    const before = process.threadCpuUsage();
    await Promise.all(
      Array.from({ length: 8 }, () =>
        invoke(async () => {
          await new Promise((resume) => setImmediate(resume));
          busy(5);
        }),
      ),
    );
    const { user, system } = process.threadCpuUsage(before);
    const chargedMs = reports.reduce((sum, { cpuMs }) => sum + cpuMs, 0);
    expect(chargedMs).toBeGreaterThanOrEqual(8 * 5);
    expect(chargedMs).toBeLessThan((user + system) / 1_000 + 0.001);
  });

  it('charges work that an invocation leaves behind to the next one that ends, and work outside of all to none', async () => {
    reports.length = 0;
    const { table } = services();
    const gate = Promise.withResolvers<void>();
    let left: Promise<unknown> = Promise.resolve();
    await invoke(async () => {
      left = gate.promise.then(() => table.put({ pk: 'left', sk: 's' }));
    });
    gate.resolve();
    await left;
    await table.put({ pk: 'outside', sk: 's' });
    await invoke(async () => undefined);
    await invoke(async () => undefined);
    expect(reports.map(({ writeUnits, calls, waitMs }) => ({ writeUnits, calls, waitMs }))).toEqual([
      { writeUnits: 0, calls: {}, waitMs: 0 },
      { writeUnits: 1, calls: { PutItem: 1 }, waitMs: 0 },
      { writeUnits: 0, calls: {}, waitMs: 0 },
    ]);
  });
});
