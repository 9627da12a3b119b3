import { expect, it } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Write } from '../../../shared/ports/ports.ts';
import type { TableSourceModel } from '../../../tools/local/model.ts';
import { startTableSource } from '../../../tools/local/tableSource.ts';

const model: TableSourceModel = {
  streamArn: 'arn:stream',
  functionId: 'project',
  batchSize: 1,
  windowMs: 0,
  rules: null,
  retries: 8,
  bisect: true,
  partialFailures: true,
  failureQueueUrl: null,
};
const elsewhere = { table: memoryTable(), sqsEndpoint: 'http://127.0.0.1:9', onFailure: () => undefined };

const put = (name: string): Write => ({ kind: 'put', item: { pk: name, sk: 's' }, condition: { kind: 'absent' } });

it('a stop leaves what cannot be delivered to the next start after one more try, however many batches wait', async () => {
  let calls = 0;
  const firstCall = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  const source = startTableSource({
    ...elsewhere,
    model,
    invoke: async () => {
      calls++;
      firstCall.resolve();
      await failed.promise;
      throw new Error('the store does not answer');
    },
  });
  source.committed(Array.from({ length: 20 }, (_, i) => put(`item ${i}`)));
  await firstCall.promise;
  const stopped = source.stop();
  failed.resolve();
  await stopped;
  expect(calls).toBe(1);
  expect(source.complete).toBe(false);
});

it('a stop while halves of a batch fail does not try those behind them', async () => {
  let calls = 0;
  let stopped: Promise<void> | null = null;
  const source = startTableSource({
    ...elsewhere,
    model: { ...model, batchSize: 8 },
    invoke: async () => {
      calls++;
      // The first half of the first half.
      if (calls === 3) stopped = source.stop();
      throw new Error('the store does not answer');
    },
  });
  source.committed(Array.from({ length: 8 }, (_, i) => put(`item ${i}`)));
  await expect.poll(() => stopped, { timeout: 10_000 }).not.toBeNull();
  await stopped;
  expect(calls).toBe(3);
  expect(source.complete).toBe(false);
});

it('delivers what its filter takes and nothing else', async () => {
  const delivered: unknown[] = [];
  const source = startTableSource({
    ...elsewhere,
    model: { ...model, rules: [{ events: null, keyPrefixes: ['D#'] }] },
    invoke: async (_, event) => {
      delivered.push(
        ...(event as { Records: { dynamodb: { Keys: { pk: { S: string } } } }[] }).Records.map((one) => one.dynamodb.Keys.pk.S),
      );
    },
  });
  source.committed(['S#1', 'D#1', 'A#1', 'D#2'].map(put));
  source.committed([put('F#1')]);
  await source.drained();
  await source.stop();
  expect(delivered).toEqual(['D#1', 'D#2']);
});

it('finds out from the table what became of a write whose reply was lost', async () => {
  const table = memoryTable();
  await table.put({ pk: 'happened', sk: 's', n: 1 });
  await table.put({ pk: 'stayed', sk: 's' });
  const delivered: string[] = [];
  const source = startTableSource({
    ...elsewhere,
    table,
    model: { ...model, batchSize: 10, partialFailures: false },
    invoke: async (_, event) => {
      const { Records } = event as {
        Records: { eventName: string; dynamodb: { Keys: { pk: { S: string } }; NewImage?: object } }[];
      };
      delivered.push(
        ...Records.map(({ eventName, dynamodb }) => `${eventName} ${dynamodb.Keys.pk.S} ${JSON.stringify(dynamodb.NewImage)}`),
      );
    },
  });
  source.committed([
    { ...put('happened'), isUnknown: true },
    { ...put('did not'), isUnknown: true },
    { kind: 'delete', key: { pk: 'gone', sk: 's' }, isUnknown: true },
    { kind: 'delete', key: { pk: 'stayed', sk: 's' }, isUnknown: true },
  ]);
  await source.drained();
  await source.stop();
  expect(delivered).toEqual(['INSERT happened {"pk":{"S":"happened"},"sk":{"S":"s"},"n":{"N":"1"}}', 'REMOVE gone undefined']);
});
