import { type Command, Option } from 'commander';
import { required } from '../../shared/adapters/aws/services.ts';
import { messageAttributes } from '../../shared/store/names.ts';
import { moveMessages } from '../aws/redrive.ts';

interface Flags {
  readonly queue: 'transactions' | 'webhooks';
  readonly dryRun?: true;
}

/** Kept when a transaction goes back; the reason and digest it was buried with are not. */
const kept: readonly string[] = Object.values(messageAttributes);

/** `aegis redrive`: dead letters back onto their queue, once their cause is gone. Decided ones are decided once all the same. */
export const configure = (command: Command): void => {
  command
    .addOption(new Option('--queue <name>', 'whose dead letters').choices(['transactions', 'webhooks']).default('transactions'))
    .option('--dry-run', 'print each with its reason, move nothing')
    .action(async ({ queue, dryRun }: Flags) => {
      const [from, to] =
        queue === 'webhooks' ? (['webhookDeadLetterUrl', 'webhookQueueUrl'] as const) : (['deadLetterUrl', 'queueUrl'] as const);
      const { moved, left } = await moveMessages({
        fromUrl: required(from),
        toUrl: required(to),
        isWanted: ({ body, attributes }) => {
          if (dryRun === true) console.log(JSON.stringify({ reason: attributes.reason ?? 'not settled', body }));
          return dryRun !== true;
        },
        isKept: (attribute) => kept.includes(attribute),
      });
      console.log(dryRun === true ? `${left} would be moved` : `${moved} moved, ${left} left`);
    });
};
