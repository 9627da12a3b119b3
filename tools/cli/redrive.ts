import { type Command, Option } from 'commander';
import { required } from '../../shared/adapters/aws/services.ts';
import { messageAttributes } from '../../shared/store/names.ts';
import { moveMessages } from '../aws/redrive.ts';
import { storesOption } from './target.ts';

interface Flags {
  readonly queue: 'transactions' | 'webhooks';
  readonly dryRun?: true;
}

/** Kept when a transaction goes back; the reason and digest it was buried with are not. */
const kept: readonly string[] = Object.values(messageAttributes);

/** `aegis redrive`: puts dead letters back onto their queue. A payment that is decided already is not decided twice. */
export const configure = (command: Command): void => {
  storesOption(command)
    .addOption(new Option('--queue <name>', 'whose dead letters').choices(['transactions', 'webhooks']).default('transactions'))
    .option('--dry-run', 'print each message with its reason, move nothing')
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
