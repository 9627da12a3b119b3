import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, Option } from 'commander';
import { required } from '../../shared/store/environment.ts';
import { messageAttributes } from '../../shared/store/names.ts';
import { moveMessages, redrive } from '../aws/redrive.ts';
import { storesOption } from './target.ts';

interface Flags {
  readonly queue: 'transactions' | 'webhooks';
  readonly dryRun?: true;
}

/** Kept when a message goes back by batches; what else it was buried with is not. A task of SQS keeps all, which nobody reads again. */
const kept: readonly string[] = Object.values(messageAttributes);

/** `aegis redrive`: puts dead letters back onto their queue. A payment that is decided already is not decided twice. */
export const configure = (command: Command): void => {
  storesOption(command)
    .addOption(new Option('--queue <name>', 'whose dead letters').choices(['transactions', 'webhooks']).default('transactions'))
    .option('--dry-run', 'print each message with its reason, move nothing')
    .action(async ({ queue, dryRun }: Flags) => {
      const [from, to] =
        queue === 'webhooks' ? (['webhookDeadLetterUrl', 'webhookQueueUrl'] as const) : (['deadLetterUrl', 'queueUrl'] as const);
      const queues = { fromUrl: required(from), toUrl: required(to) };
      if (dryRun === true) {
        const { left } = await moveMessages({
          ...queues,
          isWanted: ({ body, attributes }) => {
            console.log(JSON.stringify({ reason: attributes.reason ?? 'receives used up', body }));
            return false;
          },
        });
        console.log(`${left} would be moved`);
        return;
      }
      const { moved, left } = await redrive({
        ...queues,
        isKept: (attribute) => kept.includes(attribute),
        sleep,
        onProgress: (count) => console.error(`${count} moved so far`),
      });
      console.log(`${moved} moved, ${left} left`);
    });
};
