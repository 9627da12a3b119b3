import { createHash } from 'node:crypto';
import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { DeadLetter } from '../../shared/alerts/message.ts';
import { hasCardNumber, maskCardNumbers } from '../../shared/contract/cardNumbers.ts';
import { oneLine } from '../../shared/contract/fault.ts';
import { isCorrelationId, isTenant } from '../../shared/contract/ids.ts';
import { buriedText, queueSafe } from '../../shared/contract/queueText.ts';
import { parseInstant } from '../../shared/contract/time.ts';
import { noIds, type PaymentIds, parseTransactionText } from '../../shared/contract/transaction.ts';
import { NewerRow } from '../../shared/domain/rowFormat.ts';
import type { Log } from '../../shared/edge/log.ts';
import { counts, type Measure } from '../../shared/edge/metrics.ts';
import type { LedgerDependencies } from '../../shared/ledger/dependencies.ts';
import { settleAll } from '../../shared/ledger/ledger.ts';
import type { Submission } from '../../shared/ledger/submission.ts';
import type { Queue } from '../../shared/ports/ports.ts';
import { defaultTenant, messageAttributes } from '../../shared/store/names.ts';
import { givenUpFor, pauseSeconds, type Retry } from './retry.ts';

/** Left of the function's time for what follows the last try. */
export const answerMs = 1_000;

export interface ScoreDependencies {
  readonly ledger: LedgerDependencies;
  readonly deadLetters: Queue;
  readonly newId: () => string;
  readonly log: Log;
  /** Tells people of dead letters, until the deadline at most; how many they were not told of. */
  readonly alert?: (letters: readonly DeadLetter[], deadlineMs: number) => Promise<number>;
  /** How what could not be decided is tried again. Without it the queue alone says: after its visibility timeout, until its receives are used up. */
  readonly retry?: Retry;
  /** Told of repeats, dead letters, alerts that failed and what comes again. */
  readonly measure?: Measure;
}

/** A message that can never be decided, and why. */
interface Poison {
  readonly record: SQSRecord;
  readonly reason: string;
  readonly tenant: string;
  readonly ids: PaymentIds;
}

interface Message {
  readonly record: SQSRecord;
  readonly submission: Submission;
}

/**
 * Decides a batch of queue records. The answer names every record that is not provably committed or safely among the dead letters:
 * the queue gives those again, and only those.
 */
export async function scoreBatch(
  records: readonly SQSRecord[],
  dependencies: ScoreDependencies,
  deadlineMs: number,
): Promise<SQSBatchResponse> {
  const failed = new Set<string>();
  const poison: Poison[] = [];
  const accounts = new Map<string, Message[]>();
  const nowMs = dependencies.ledger.clock.nowMs();
  for (const record of records) {
    const read = readRecord(record, nowMs, dependencies.newId);
    if ('reason' in read) poison.push(read);
    else {
      const { tenant, transaction } = read.submission;
      const account = `${tenant}#${transaction.accountId}#${transaction.userId}`;
      const messages = accounts.get(account);
      if (messages) messages.push(read);
      else accounts.set(account, [read]);
    }
  }

  const groups = [...accounts.values()];
  const broken = new Set<Submission>();
  const settled = await settleAll(
    dependencies.ledger,
    groups.map((messages) => messages.map((message) => message.submission)),
    deadlineMs,
    // A damaged account must not stop its neighbours: its records go back to the queue and, after some tries, to the dead letters. A row
    // that a newer version wrote is not damaged: that version can read it.
    (error, submissions) => {
      if (!(error instanceof NewerRow)) for (const submission of submissions) broken.add(submission);
      dependencies.log('error', 'account failed', { correlationId: submissions[0]!.correlationId, error });
    },
  );
  let duplicates = 0;
  let unsettled = 0;
  for (const [group, messages] of groups.entries()) {
    for (const [i, { record, submission }] of messages.entries()) {
      const outcome = settled[group]![i]!;
      if (outcome.kind === 'duplicate' && !submission.redelivered) duplicates++;
      if (outcome.kind === 'unsettled') {
        unsettled++;
        dependencies.log('warn', 'unsettled', { correlationId: submission.correlationId, cause: outcome.cause });
        const { retry } = dependencies;
        const undecided = { cause: outcome.cause, receives: receivesOf(record), isBroken: broken.has(submission) };
        const ageSeconds = (submission.queueAgeMs ?? 0) / 1_000;
        const reason = retry === undefined ? null : givenUpFor({ ...undecided, ageSeconds }, retry.giveUpSeconds);
        if (reason === null) failed.add(record.messageId);
        else poison.push({ record, reason, tenant: submission.tenant, ids: submission.transaction });
      } else if (outcome.kind === 'conflict') {
        const { tenant, transaction } = submission;
        const reason = `transactionId ${transaction.transactionId} was used before with another ${outcome.field}`;
        poison.push({ record, reason, tenant, ids: transaction });
      }
    }
  }
  const buried = await bury(poison, dependencies, failed);
  await hide(
    records.filter(({ messageId }) => failed.has(messageId)),
    dependencies,
  );
  const untold = await tellOf(buried, dependencies, deadlineMs);
  dependencies.measure?.(
    counts({ Duplicates: duplicates, DeadLetters: poison.length, Unsettled: unsettled, AlertsFailed: untold }),
  );
  return { batchItemFailures: [...failed].map((itemIdentifier) => ({ itemIdentifier })) };
}

function readRecord(record: SQSRecord, nowMs: number, newId: () => string): Message | Poison {
  const attribute = (name: string): string | undefined => record.messageAttributes[name]?.stringValue;
  const sentAtMs = Number(record.attributes.SentTimestamp);
  const tenant = attribute(messageAttributes.tenant) ?? defaultTenant;
  if (!isTenant(tenant) || hasCardNumber(tenant))
    return {
      record,
      reason: `the message attribute ${messageAttributes.tenant} is not 1-32 of a-z 0-9 -, or holds a card number`,
      tenant: defaultTenant,
      ids: noIds,
    };
  const receivedAtText = attribute(messageAttributes.receivedAt);
  const receivedAtMs = receivedAtText === undefined ? sentAtMs : parseInstant(receivedAtText)?.epochMs;
  if (receivedAtMs === undefined)
    return {
      record,
      reason: `the message attribute ${messageAttributes.receivedAt} is not an RFC 3339 time`,
      tenant,
      ids: noIds,
    };
  const parsed = parseTransactionText(record.body, receivedAtMs);
  if (!parsed.ok) {
    const reason = parsed.faults.map(({ pointer, detail }) => `${pointer || '(all)'}: ${detail}`).join('; ');
    return { record, reason, tenant, ids: parsed };
  }
  return {
    record,
    submission: {
      tenant,
      transaction: parsed.transaction,
      receivedAtMs,
      correlationId: correlationIdOf(record) ?? newId(),
      queueAgeMs: Math.max(0, nowMs - sentAtMs),
      redelivered: receivesOf(record) > 1,
    },
  };
}

const receivesOf = (record: SQSRecord): number => Number(record.attributes.ApproximateReceiveCount);

const correlationIdOf = (record: SQSRecord): string | null => {
  const given = record.messageAttributes[messageAttributes.correlationId]?.stringValue;
  return given !== undefined && isCorrelationId(given) ? given : null;
};

/**
 * Puts poison among the dead letters, with its reason, digest and masked text; what can't be put there stays on the queue. Returns what
 * is safely there.
 */
async function bury(
  poison: readonly Poison[],
  { deadLetters, log }: ScoreDependencies,
  failed: Set<string>,
): Promise<readonly DeadLetter[]> {
  if (poison.length === 0) return [];
  const results = await deadLetters.send(
    poison.map(({ record, reason }) => {
      const attributes: Record<string, string> = {
        reason: queueSafe(oneLine(reason)),
        digest: digestOf(record.body),
      };
      for (const name of Object.values(messageAttributes)) {
        const value = record.messageAttributes[name]?.stringValue;
        if (value) attributes[name] = queueSafe(oneLine(value));
      }
      // A FIFO queue takes no message without a group.
      const { MessageGroupId: group } = record.attributes;
      return {
        body: buriedText(record.body),
        attributes,
        ...(group !== undefined && { group: hasCardNumber(group) ? digestOf(group) : group }),
      };
    }),
  );
  const buried: DeadLetter[] = [];
  for (const [i, result] of results.entries()) {
    const { record, reason, tenant, ids } = poison[i]!;
    if (result.sent) {
      log('warn', 'dead letter', { reason: maskCardNumbers(reason), digest: digestOf(record.body) });
      const { transactionId, accountId, userId } = ids;
      const { messageId } = record;
      const correlationId = correlationIdOf(record);
      buried.push({ messageId, tenant, reason: oneLine(reason), transactionId, accountId, userId, correlationId });
    } else failed.add(record.messageId);
  }
  return buried;
}

/** What comes again waits longer each time. What can't be hidden comes after the queue's own time. */
async function hide(records: readonly SQSRecord[], { retry, log }: ScoreDependencies): Promise<void> {
  if (retry === undefined) return;
  await Promise.all(
    records.map(async (record) => {
      try {
        await retry.hide(record.receiptHandle, pauseSeconds(receivesOf(record), retry));
      } catch (error) {
        log('warn', 'not hidden', { messageId: record.messageId, error });
      }
    }),
  );
}

/** What is buried is safe: that people could not be told of it is no reason to have it again. */
async function tellOf(letters: readonly DeadLetter[], { alert, log }: ScoreDependencies, deadlineMs: number): Promise<number> {
  if (alert === undefined || letters.length === 0) return 0;
  try {
    return await alert(letters, deadlineMs);
  } catch (error) {
    log('warn', 'dead letters not told', { error });
    return letters.length;
  }
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('hex');
