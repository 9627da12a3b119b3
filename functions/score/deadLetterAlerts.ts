import { required, type Services } from '../../shared/adapters/aws/services.ts';
import { snsTopic } from '../../shared/adapters/aws/topic.ts';
import { alertChoice } from '../../shared/alerts/choice.ts';
import { aboutAccount, aboutReason, tell } from '../../shared/alerts/gate.ts';
import { type DeadLetter, deadLetterMessage } from '../../shared/alerts/message.ts';
import type { Log } from '../../shared/edge/log.ts';
import type { Clock, TableStore, Topic } from '../../shared/ports/ports.ts';
import { env } from '../../shared/store/names.ts';

/** Alerts of one batch take no longer: its other messages wait for them. */
const tellingMsMax = 5_000;

export interface DeadLetterAlertsDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly topic: Topic;
  readonly consoleUrl: string | null;
  readonly log: Log;
}

/**
 * Tells people of dead letters one after the other, where their tenants' policies want it: once per account (or reason, where no account
 * is known) and hour, and no more than a few a minute. Stops at the deadline. Returns of how many they could not be told, each logged.
 */
export const tellOfDeadLetters = async (
  letters: readonly DeadLetter[],
  { clock, log, ...dependencies }: DeadLetterAlertsDependencies,
  deadlineMs: number,
): Promise<number> => {
  const timeUp = clock.sleep(Math.max(0, Math.min(tellingMsMax, deadlineMs - clock.nowMs()))).then(() => 'time up');
  let failed = 0;
  for (const [i, letter] of letters.entries()) {
    try {
      if ((await Promise.race([tellOf(letter, { clock, ...dependencies }), timeUp])) === undefined) continue;
      log('warn', 'dead letters not told', { cause: 'no time was left', count: letters.length - i });
      return failed + letters.length - i;
    } catch (error) {
      failed++;
      log('warn', 'dead letter not told', { messageId: letter.messageId, error });
    }
  }
  return failed;
};

async function tellOf(
  letter: DeadLetter,
  { table, clock, topic, consoleUrl }: Omit<DeadLetterAlertsDependencies, 'log'>,
): Promise<void> {
  const { tenant, reason, accountId, userId, messageId } = letter;
  if (!(await alertChoice(table, tenant, clock.nowMs())).deadLetters) return;
  const about = accountId === null || userId === null ? aboutReason(reason) : aboutAccount(accountId, userId);
  const subject = { tenant, kind: 'deadLetters', about, occasion: messageId } as const;
  await tell({ table, clock, topic }, subject, deadLetterMessage(letter, consoleUrl));
}

let own: DeadLetterAlertsDependencies | null = null;

/** The same with this process's topic and console. */
export const tellHere = (
  { table, clock }: Services,
  log: Log,
  letters: readonly DeadLetter[],
  deadlineMs: number,
): Promise<number> => {
  own ??= {
    table,
    clock,
    topic: snsTopic({ arn: required('deadLetterTopic') }),
    consoleUrl: process.env[env.consoleUrl] ?? null,
    log,
  };
  return tellOfDeadLetters(letters, own, deadlineMs);
};
