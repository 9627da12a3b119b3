import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { aegisClient } from '../../client/client.ts';
import { s3Objects } from '../../shared/adapters/aws/objects.ts';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { startLocalStack } from '../../tools/local/stack.ts';
import { rebuildSinks } from '../../tools/rebuild/plan.ts';
import { rebuild } from '../../tools/rebuild/rebuild.ts';
import { dynamoEmulator, queueAndObjectEmulator } from '../support/emulators.ts';
import { seen } from '../tools/rebuild/compare.ts';
import { play, script } from '../tools/rebuild/script.ts';
import { stackOn } from '../tools/rebuild/world.ts';

/** Lost records of the stream, restored on the emulators, over the wire. */

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);
const accounts = [0, 1, 2];

describe('a rebuild on the emulators', () => {
  it('leaves a stack that lost its stream as an undisturbed copy in memory is', async () => {
    const [dynamo, objects] = await Promise.all([dynamoEmulator(), queueAndObjectEmulator()]);
    const closing: { close(): void }[] = [];
    const closed = <Client extends { close(): void }>(client: Client): Client => {
      closing.push(client);
      return client;
    };
    try {
      const name = await dynamo.newTable();
      const [archiveBucket, checkpointBucket] = [await objects.newBucket(), await objects.newBucket()];
      const whole = await stackOn({
        tableTelling: (onCommitted) => memoryTable({ onCommitted }),
        archive: memoryObjects(),
        checkpoints: memoryObjects(),
      });
      const broken = await stackOn({
        tableTelling: (onCommitted) => closed(dynamoTable({ ...dynamo.connection, table: name, onCommitted })),
        archive: closed(s3Objects({ ...objects.connection, bucket: archiveBucket })),
        checkpoints: closed(s3Objects({ ...objects.connection, bucket: checkpointBucket })),
      });
      const before = script({ seed: 1, actions: 15, name: 'before', flagged: accounts, quiet: accounts });
      const during = script({ seed: 2, actions: 25, name: 'during', flagged: accounts, quiet: accounts, labelled: [] });
      for (const stack of [whole, broken]) {
        await play(stack, before.actions);
        await stack.checkpoint();
      }
      const fromMs = broken.clock.nowMs();
      broken.lose(true);
      for (const stack of [whole, broken]) await play(stack, during.actions);
      broken.lose(false);
      const toMs = broken.clock.nowMs() + 1;
      await rebuild(broken.rebuilding(), { fromMs, toMs, sinks: new Set(rebuildSinks), resendsWebhooks: false });
      await broken.deliver();
      const ids = [...before.ids, ...during.ids];
      expect(await seen(broken, ids, accounts)).toEqual(await seen(whole, ids, accounts));
    } finally {
      for (const client of closing) client.close();
      await Promise.all([dynamo.stop(), objects.stop()]);
    }
  }, 120_000);
});

describe('aegis rebuild', () => {
  it('restores the feed and the reviews of a running stack', async () => {
    const stack = await startLocalStack();
    try {
      const client = aegisClient(stack);
      const transactionIds = ['t_1', 't_2', 't_3'];
      for (const transactionId of transactionIds) {
        await client.POST('/decisions', {
          body: {
            transactionId,
            userId: 'u_1',
            accountId: 'a_1',
            occurredAt: new Date().toISOString(),
            amountMinor: 3_000_000_000,
            currency: 'INR',
          },
        });
      }
      await stack.projected();
      const listed = async () => ({
        latest: (await client.GET('/decisions/latest')).data,
        reviews: (await client.GET('/reviews')).data,
        overview: (await client.GET('/metrics/overview')).data?.totals,
      });
      const before = await listed();
      expect(before.latest?.items).toHaveLength(3);
      // Feeds, counters and reviews, as if their records had never come.
      for (const { pk, sk } of (await stack.table.scan({ limit: 1_000 })).items) {
        if (/^[FCR]#/.test(pk)) await stack.table.delete({ pk, sk });
      }
      expect((await listed()).latest?.items).toEqual([]);
      const { stdout, stderr } = await run(
        process.execPath,
        [join(root, 'tools/cli/aegis.ts'), 'rebuild', '--from', new Date(Date.now() - 3_600_000).toISOString()],
        { env: { ...process.env, ...stack.environment } },
      );
      expect(stderr).toMatch(/8 of 8 segments done/);
      expect(stdout).toMatch(/^read \d+ items, \d+ of the period\nfeed: 3 items handed over\nreviews: 3 items handed over\n/);
      await stack.projected();
      expect(await listed()).toEqual(before);
    } finally {
      await stack.stop();
    }
  }, 120_000);
});
