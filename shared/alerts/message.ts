import { oneLine } from '../contract/fault.ts';
import type { PaymentIds } from '../contract/transaction.ts';
import { hourMs, minuteMs } from '../domain/durations.ts';
import type { AlertChoice, Policy } from '../domain/policy.ts';

/** What an alert is about: each kind has a topic of its own. */
export type AlertKind = DecisionAlert | 'deadLetters' | SystemAlert;
/** What a decision calls for. */
export type DecisionAlert = 'decision' | 'degraded';
/** About what all tenants share. */
export type SystemAlert = 'model' | 'verifier';

export interface AlertMessage {
  /** One line of ASCII, at most 100 characters: what a mail's subject may be. */
  readonly subject: string;
  /** For people: what happened, why, and where to look. */
  readonly text: string;
}

export const subjectMax = 100;

/** Returns the alerts that a policy asks for, with the defaults for what it leaves out. */
export const alertChoiceOf = ({ alerts }: Policy): Required<AlertChoice> => ({
  blocks: true,
  reviewsFrom: null,
  degraded: true,
  deadLetters: true,
  model: true,
  verifier: true,
  ...alerts,
});

/** A message that can never be decided, safely among the dead letters. */
export interface DeadLetter extends PaymentIds {
  /** Of the queue: the same however often the message comes. */
  readonly messageId: string;
  readonly tenant: string;
  /** Why it can't be decided, as `oneLine` gives it. */
  readonly reason: string;
  readonly correlationId: string | null;
}

/** Returns the alert about a dead letter. With a `consoleUrl` it ends with a link to the console. */
export function deadLetterMessage(letter: DeadLetter, consoleUrl: string | null): AlertMessage {
  const { tenant, reason, transactionId, accountId, userId, correlationId } = letter;
  const known = Object.entries({ Payment: transactionId, User: userId, Account: accountId, 'Correlation id': correlationId });
  return {
    subject: `Aegis: a message can never be decided${accountId === null ? '' : `, account ${accountId}`}`.slice(0, subjectMax),
    text: [
      `A message of tenant ${tenant} can never be decided; it waits among the dead letters.`,
      `Reason: ${reason}`,
      ...known.filter(([, id]) => id !== null).map(([name, id]) => `${name}: ${id}`),
      ...whereToLook('DeadLetters', consoleUrl, transactionId === null ? '' : `#/decision/${transactionId}`),
    ].join('\n'),
  };
}

/** Returns the alert about a model in force that was trained `ageMs` ago, more than `maxMs`. */
export function oldModelMessage(ageMs: number, maxMs: number, consoleUrl: string | null): AlertMessage {
  const hours = Math.floor(ageMs / hourMs);
  return {
    subject: `Aegis: the model in force is ${hours} hours old`,
    text: [
      `The model in force was trained ${hours} hours ago; an alarm is due after ${maxMs / hourMs}.`,
      'Decisions go on with it, though what is usual may have moved on.',
      ...whereToLook('ModelAge', consoleUrl, '#/model'),
    ].join('\n'),
  };
}

/** Returns the alert about a checkpoint for which an audit entry waited `lagMs`, more than `maxMs`. */
export function overdueMessage(lagMs: number, maxMs: number, consoleUrl: string | null): AlertMessage {
  const minutes = Math.floor(lagMs / minuteMs);
  return {
    subject: `Aegis: a checkpoint came late, an audit entry waited ${minutes} minutes`,
    text: [
      `An audit entry waited ${minutes} minutes for its checkpoint; an alarm is due after ${maxMs / minuteMs}.`,
      'It is covered now; until then it was proved by its chain alone.',
      ...whereToLook('CheckpointLag', consoleUrl),
    ].join('\n'),
  };
}

/** Returns the alert about a failed checkpoint run. `isFinding`: the stored data contradicts itself, which no passing fault explains. */
export function failedRunMessage(error: string, isFinding: boolean, consoleUrl: string | null): AlertMessage {
  return {
    subject: isFinding ? 'Aegis: the checkpoints do not verify, none is signed' : 'Aegis: a checkpoint run failed',
    text: [
      `${isFinding ? 'A checkpoint was refused' : 'A checkpoint run failed'}: ${oneLine(error)}`,
      isFinding
        ? 'This is a finding, not a fault: keep everything as it is, and run npm run aegis -- verify --live.'
        : 'Decisions go on; until the next checkpoint the newest entries are proved by their chain alone.',
      ...whereToLook('CheckpointErrors', consoleUrl),
    ].join('\n'),
  };
}

const whereToLook = (runbook: string, consoleUrl: string | null, place = ''): readonly string[] => [
  '',
  `What to do: docs/operations.md, ${runbook}.`,
  ...(consoleUrl === null ? [] : [`${consoleUrl}${place}`]),
];
