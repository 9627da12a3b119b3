import type { Command } from 'commander';
import { queueProbe, unfinished } from '../../shared/adapters/aws/queueProbe.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { required } from '../../shared/store/environment.ts';
import { type ErasureReport, erase } from '../erasure/erase.ts';
import { storesOption } from './target.ts';

/** The table can be restored to any second of so many days back. */
const recoveryDays = 35;

interface Options {
  readonly user: readonly string[];
  readonly account?: string;
  readonly tenant: string;
  readonly by: string;
}

export const configure = (command: Command): void => {
  storesOption(command)
    .requiredOption('--user <id...>', 'users to erase; several at once need only one search of the table')
    .option('--account <id>', 'erase only this account, for which the table need not be searched')
    .option('--tenant <name>', 'tenant of the users', 'dev')
    .option('--by <who>', 'who asked for it, as the audit records it; no personal data', 'aegis erase')
    .action(async ({ user, account, tenant, by }: Options) => {
      const { sqsParkedQueue } = await import('../aws/parkedQueue.ts');
      const waiting = await queueProbe({ url: required('queueUrl') }, unfinished)();
      if (waiting > 0)
        throw new Error(`${waiting} transactions wait on the queue or are being decided: erase once it is drained`);
      const { table, archive, clock, randomness, masterSecret } = services();
      const parked = [required('deadLetterUrl'), required('webhookQueueUrl'), required('webhookDeadLetterUrl')];
      const report = await erase(
        { table, archive, clock, randomness, masterSecret, parked: parked.map((url) => sqsParkedQueue({ url })) },
        {
          tenant,
          by,
          subjects: user.map((userId) => ({ userId, accountId: account ?? null })),
          onProgress: (step, done) => process.stderr.isTTY && process.stderr.write(`\r${step}: ${done} read `),
        },
      );
      if (process.stderr.isTTY) process.stderr.write('\n');
      console.log(describe(report, clock.nowMs()));
    });
};

/** What was done, and what no command can reach before it lapses. */
export const describe = (report: ErasureReport, nowMs: number): string => {
  const { accounts, decisions, feedPages, reviews, alerts, users, entities, featureObjects, messages } = report;
  const done = accounts + decisions + feedPages + reviews + alerts + users + entities + featureObjects + messages;
  const lapse = new Date(nowMs + recoveryDays * dayMs).toISOString().slice(0, 10);
  return [
    done === 0 ? 'nothing was left to erase' : 'erased',
    `accounts ${accounts}, decisions ${decisions}, feed pages ${feedPages}, reviews ${reviews}, notes of alerts ${alerts}, notes of accounts ${users}, attempts and marks on entities ${entities}, feature files ${featureObjects}, waiting messages ${messages}`,
    `backups: the table's point-in-time recovery reaches back to before this until ${lapse}; old versions of feature files go after oldVersionDays`,
  ].join('\n');
};
