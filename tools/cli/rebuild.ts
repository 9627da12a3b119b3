import { type Command, InvalidArgumentError, Option } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import { hotDaysOf } from '../../shared/proof/hotRows.ts';
import { env } from '../../shared/store/names.ts';
import { type RebuildReport, type RebuildSink, rebuildSinks } from '../rebuild/plan.ts';
import { type Progress, rebuild } from '../rebuild/rebuild.ts';

interface Options {
  readonly from: number;
  readonly to?: number;
  readonly sinks: ReadonlySet<RebuildSink>;
  readonly resendWebhooks?: boolean;
}

/** Everything was read, but something cannot be restored. */
const incompleteExitCode = 3;

export const configure = (command: Command): void => {
  command
    .requiredOption('--from <time>', 'restore what was decided, entered or labelled from this time on, RFC 3339', timeOf)
    .option('--to <time>', 'up to this time, exclusive; by default up to now', timeOf)
    .addOption(
      new Option('--sinks <names>', `some of ${rebuildSinks.join(', ')}; feed includes the minute counters`)
        .argParser(sinksOf)
        .default(new Set(rebuildSinks), 'all'),
    )
    .option('--resend-webhooks', 'queue the webhooks of the period again, under the event ids that they have had')
    .addHelpText(
      'after',
      `
Reads the whole table and restores what the stream should have made of it. What is there already stays as it is. Alerts are not sent again.
Cut off and called again with the same options, it goes on where it was. Exit code 0: restored; 1: stopped, call it again; 2: wrong options;
${incompleteExitCode}: restored, but for items of the table that cannot be read and entries that are nowhere any more, which are named.`,
    )
    .action(async ({ from, to, sinks, resendWebhooks = false }: Options) => {
      if (to !== undefined && to <= from) command.error('error: --to must be after --from', { exitCode: 2 });
      const { table, archive, checkpoints, webhookQueue, clock, randomness, masterSecret } = services();
      const hotDays = hotDaysOf(process.env[env.hotDays]);
      const report = await rebuild(
        { table, archive, checkpoints, webhookQueue, clock, randomness, hotDays, masterSecret },
        { fromMs: from, toMs: to ?? null, sinks, resendsWebhooks: resendWebhooks },
        (progress) => console.error(progressLine(progress)),
      );
      console.log(describe(report));
      if (report.unreadable.length + report.lost.length > 0) process.exitCode = incompleteExitCode;
    })
    .exitOverride((error) => {
      process.exit(error.exitCode === 1 ? 2 : error.exitCode);
    });
};

export const timeOf = (text: string): number => {
  const ms = /^\d{4}-\d{2}-\d{2}T/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new InvalidArgumentError('allowed: RFC 3339, such as 2026-11-20T13:45:00Z.');
  return ms;
};

export const sinksOf = (text: string): ReadonlySet<RebuildSink> => {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !rebuildSinks.some((known) => known === name));
  if (unknown.length > 0) throw new InvalidArgumentError(`unknown: ${unknown.join(', ')}; allowed: ${rebuildSinks.join(', ')}.`);
  return new Set(names as RebuildSink[]);
};

export const progressLine = ({ report, segmentsDone, segments }: Progress): string =>
  `${report.itemsRead} items read, ${report.itemsInPeriod} of the period, ${segmentsDone} of ${segments} segments done`;

export const describe = ({ itemsRead, itemsInPeriod, handed, unreadable, lost }: RebuildReport): string =>
  [
    `read ${itemsRead} items, ${itemsInPeriod} of the period`,
    ...Object.entries(handed).map(([sink, items]) => `${sink}: ${items} items handed over`),
    ...unreadable.map((item) => `not readable: ${item}`),
    ...lost.map((item) => `not restored: ${item}`),
  ].join('\n');
