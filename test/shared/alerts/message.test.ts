import { describe, expect, it } from 'vitest';
import { placeOf } from '../../../console/src/router.ts';
import {
  alertChoiceOf,
  type DeadLetter,
  deadLetterMessage,
  failedRunMessage,
  oldModelMessage,
  overdueMessage,
} from '../../../shared/alerts/message.ts';
import { oneLine } from '../../../shared/contract/fault.ts';
import { aPolicy } from '../../functions/project/builders.ts';

const consoleUrl = 'https://aegis.example/console';
const hourMs = 3_600_000;
const minuteMs = 60_000;

const letter: DeadLetter = {
  messageId: 'm1',
  tenant: 'acme',
  reason: '/currency: currency must be an active ISO 4217 code in capitals; given "inr"',
  transactionId: 't1',
  accountId: 'a1',
  userId: 'u1',
  correlationId: 'c1',
};

describe('the message about a dead letter', () => {
  it('says why, of which payment and tenant, what to do, and where to look', () => {
    const { subject, text } = deadLetterMessage(letter, consoleUrl);
    expect(subject).toBe('Aegis: a message can never be decided, account a1');
    expect(text.split('\n')).toEqual([
      'A message of tenant acme can never be decided; it waits among the dead letters.',
      `Reason: ${letter.reason}`,
      'Payment: t1',
      'User: u1',
      'Account: a1',
      'Correlation id: c1',
      '',
      'What to do: docs/operations.md, DeadLetters.',
      `${consoleUrl}#/decision/t1`,
    ]);
    expect(placeOf(new URL(text.split('\n').at(-1)!).hash)).toMatchObject({ page: 'decision', id: 't1' });
  });

  it('says of ids those alone that could be read, and leads to the console itself without one', () => {
    const unknown = { ...letter, transactionId: null, accountId: null, userId: null, correlationId: null };
    const { subject, text } = deadLetterMessage(unknown, consoleUrl);
    expect(subject).toBe('Aegis: a message can never be decided');
    expect(text).not.toMatch(/null|Payment|User|Account|Correlation/);
    expect(text.split('\n').at(-1)).toBe(consoleUrl);
  });

  it('has no link where the console is not known', () => {
    expect(deadLetterMessage(letter, null).text.split('\n').at(-1)).toBe('What to do: docs/operations.md, DeadLetters.');
  });

  it('has a subject that a mail may have, with the longest ids too', () => {
    const { subject } = deadLetterMessage({ ...letter, accountId: 'a'.repeat(64) }, consoleUrl);
    expect(subject).toMatch(/^[\x20-\x7e]{1,100}$/);
  });
});

describe('the messages about the system', () => {
  it.each([
    [
      'an old model: its age, the limit, the page of the model',
      oldModelMessage(97.9 * hourMs, 96 * hourMs, consoleUrl),
      'Aegis: the model in force is 97 hours old',
      'The model in force was trained 97 hours ago; an alarm is due after 96.',
      'ModelAge',
      `${consoleUrl}#/model`,
    ],
    [
      'a late checkpoint: how long an entry waited, and the limit',
      overdueMessage(31.5 * minuteMs, 30 * minuteMs, consoleUrl),
      'Aegis: a checkpoint came late, an audit entry waited 31 minutes',
      'An audit entry waited 31 minutes for its checkpoint; an alarm is due after 30.',
      'CheckpointLag',
      consoleUrl,
    ],
    [
      'a run that failed: the error, and that decisions go on',
      failedRunMessage('Unavailable: S3 is away', false, consoleUrl),
      'Aegis: a checkpoint run failed',
      'A checkpoint run failed: Unavailable: S3 is away',
      'CheckpointErrors',
      consoleUrl,
    ],
    [
      'a checkpoint that was refused: what does not verify',
      failedRunMessage('CheckpointRefused: the pointer names x', true, consoleUrl),
      'Aegis: the checkpoints do not verify, none is signed',
      'A checkpoint was refused: CheckpointRefused: the pointer names x',
      'CheckpointErrors',
      consoleUrl,
    ],
  ])('tell of %s', (_, { subject, text }, wanted, first, runbook, link) => {
    expect(subject).toBe(wanted);
    const lines = text.split('\n');
    expect(lines[0]).toBe(first);
    expect(lines.slice(-2)).toEqual([`What to do: docs/operations.md, ${runbook}.`, link]);
  });

  it('call a checkpoint that was refused a finding, and a failure none', () => {
    expect(failedRunMessage('x', true, null).text).toContain('a finding, not a fault: keep everything as it is');
    expect(failedRunMessage('x', false, null).text).not.toContain('finding');
  });
});

describe("others' words", () => {
  it.each([
    ['lines become one', 'a\r\nb\u2028c\u0000d', 'a b c d'],
    ['marks that turn the direction go', 'a\u202eb', 'a b'],
    ['card numbers are masked', 'pay 4111111111111111 now', 'pay **************** now'],
    ['card numbers are masked that only the cleaning joins', '4111\u00001111\u00001111\u00001111', '**** **** **** ****'],
    ['other scripts stay', 'Zahlung für 東京', 'Zahlung für 東京'],
  ])('%s', (_, given, expected) => {
    expect(oneLine(given)).toBe(expected);
  });

  it('are cut to what a queue and a mail take, at no half character', () => {
    expect(oneLine('x'.repeat(1_001))).toHaveLength(1_000);
    expect(oneLine(`${'x'.repeat(999)}💥`).isWellFormed()).toBe(true);
  });
});

describe('what a policy wants told', () => {
  it('is, of what it leaves out, everything but REVIEWs', () => {
    const all = { blocks: true, reviewsFrom: null, degraded: true, deadLetters: true, model: true, verifier: true };
    expect(alertChoiceOf(aPolicy())).toEqual(all);
    const before = { blocks: false, reviewsFrom: 60, degraded: false };
    expect(alertChoiceOf(aPolicy({ alerts: before }))).toEqual({ ...all, ...before });
    const off = { ...before, deadLetters: false, model: false, verifier: false };
    expect(alertChoiceOf(aPolicy({ alerts: off }))).toEqual(off);
  });
});
