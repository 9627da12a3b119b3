import { Argument, type Command } from 'commander';
import {
  knownAfterMs,
  type PausableSink,
  type Pause,
  pausableSinks,
  readPauses,
  setPause,
} from '../../functions/project/pausedSinks.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { storesOption } from './target.ts';
import { cliActor, tableText } from './values.ts';

const sinkArgument = (): Argument => new Argument('<sink>', `one of ${pausableSinks.join(', ')}`).choices([...pausableSinks]);

/** `aegis sinks`: goes to the table itself, with the caller's own AWS rights. */
export const configure = (sinks: Command): void => {
  storesOption(sinks.command('list'))
    .description('list the sinks of the table stream that are paused')
    .action(async () => {
      const rows = Object.entries(await readPauses(services().table)).map(([sink, { sinceMs, by }]) => [
        sink,
        timeText(sinceMs),
        by,
      ]);
      console.log(rows.length === 0 ? 'no sink is paused' : tableText([['SINK', 'SINCE', 'BY'], ...rows]));
    });
  storesOption(sinks.command('pause'))
    .description('let a sink meet no record, so that the others go on while what it writes to is away')
    .addArgument(sinkArgument())
    .option('--by <who>', 'who wants it so', cliActor)
    .action(async (sink: PausableSink, { by }: { readonly by: string }) => {
      const { table, clock } = services();
      const before = await setPause(table, sink, { sinceMs: clock.nowMs(), by });
      console.log(
        before === null
          ? `${sink} is paused within ${knownAfterMs / 1_000} s`
          : `${sink} is paused since ${timeText(before.sinceMs)}`,
      );
    });
  storesOption(sinks.command('resume'))
    .description('let a sink meet new records again; prints how to restore what it missed')
    .addArgument(sinkArgument())
    .action(async (sink: PausableSink) => {
      const pause = await setPause(services().table, sink, null);
      console.log(resumedText(sink, pause));
    });
};

/** The stream may have held records for a day when the pause began. */
const streamMs = dayMs;
const timeText = (ms: number): string => new Date(ms).toISOString();

/** What to do once a sink is resumed. */
export const resumedText = (sink: PausableSink, pause: Pause | null): string => {
  if (pause === null) return `${sink} was not paused`;
  const from = timeText(pause.sinceMs - streamMs);
  const restore: Readonly<Record<PausableSink, string>> = {
    archive: `aegis rebuild --from ${from} --sinks archive`,
    features: `aegis rebuild --from ${from} --sinks features`,
    webhooks: `aegis webhooks replay ENDPOINT --from ${from}, for each of them`,
    alerts: '',
  };
  if (sink === 'alerts') return `alerts is resumed; alerts of the pause are not sent any more`;
  // An instance that knows of the pause still may be at work on a batch.
  return `${sink} is resumed; in two minutes restore what it missed: ${restore[sink]}`;
};
