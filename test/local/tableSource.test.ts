import { expect, it } from 'vitest';
import { startTableSource } from '../../local/tableSource.ts';
import { memoryTable } from '../../shared/memory/table.ts';
import type { Write } from '../../shared/ports.ts';

const put = (name: string): Write => ({ kind: 'put', item: { pk: name, sk: 's' }, condition: { kind: 'absent' } });

it('a stop leaves what cannot be delivered to the next start after one more try, however many batches wait', async () => {
  let calls = 0;
  const firstCall = Promise.withResolvers<void>();
  const failed = Promise.withResolvers<void>();
  const source = startTableSource({
    model: {
      streamArn: 'arn:stream',
      functionId: 'project',
      batchSize: 1,
      windowMs: 0,
      retries: 8,
      bisect: true,
      partialFailures: true,
      failureQueueUrl: null,
    },
    table: memoryTable(),
    sqsEndpoint: 'http://127.0.0.1:9',
    invoke: async () => {
      calls++;
      firstCall.resolve();
      await failed.promise;
      throw new Error('the store does not answer');
    },
    onFailure: () => undefined,
  });
  source.committed(Array.from({ length: 20 }, (_, i) => put(`item ${i}`)));
  await firstCall.promise;
  const stopped = source.stop();
  failed.resolve();
  await stopped;
  expect(calls).toBe(1);
  expect(source.complete).toBe(false);
});
