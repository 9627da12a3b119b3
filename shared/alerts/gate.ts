import { createHash } from 'node:crypto';
import { dayMs, hourMs, minuteMs } from '../domain/durations.ts';
import { type Clock, ConditionFailed, type Key, type TableStore, type Topic } from '../ports/ports.ts';
import { alertKey, alertRateKey, expiryAttribute } from '../store/names.ts';
import type { AlertKind, AlertMessage } from './message.ts';

/** After an alert, no other one about the same account, reason or state of the system is sent within this time. */
export const quietMs: Readonly<Record<AlertKind, number>> = {
  decision: hourMs,
  degraded: hourMs,
  deadLetters: hourMs,
  model: dayMs,
  verifier: hourMs,
};
/** How long a process that began to send an alert has for it; then another process may send it. */
const tellingMs = 60_000;
/** Alerts of one tenant and kind in a minute; further ones are not sent. */
export const perMinuteMax = 20;

export interface AlertSubject {
  readonly tenant: string;
  readonly kind: AlertKind;
  /** From `aboutAccount` or `aboutReason`; the same for all alerts of a kind that is about the system. */
  readonly about: string;
  /** Id of the event that calls for the alert. The same event may try again until the alert is sent. */
  readonly occasion: string;
}

/**
 * Sends an alert, unless another one about the same was sent within `quietMs` or the minute is full. An alert that was cut off is sent
 * when its occasion comes again. Throws StoreErrors, and what the topic throws.
 */
export async function tell(
  { table, clock, topic }: { readonly table: TableStore; readonly clock: Pick<Clock, 'nowMs'>; readonly topic: Topic },
  subject: AlertSubject,
  message: AlertMessage,
): Promise<void> {
  if (!(await passes(table, subject, clock.nowMs()))) return;
  await topic.publish(message.subject, message.text);
  await markSent(table, subject);
}

/** Returns whether to send this alert now, and notes that it is being sent. Throws StoreErrors. */
export async function passes(table: TableStore, subject: AlertSubject, nowMs: number): Promise<boolean> {
  const key = alertKey(subject.tenant, subject.kind, subject.about);
  const known = await table.get(key, { consistent: true });
  if (known !== null) {
    if (known.occasion === subject.occasion) return known.sent !== true;
    if (nowMs - Number(known.atMs) < (known.sent === true ? quietMs[subject.kind] : tellingMs)) return false;
  }
  const rate = await table.update(alertRateKey(subject.tenant, subject.kind, Math.floor(nowMs / minuteMs)), {
    add: { count: 1 },
    set: expiring(subject.kind, nowMs),
  });
  if (Number(rate.count) > perMinuteMax) return false;
  const item = { ...key, occasion: subject.occasion, atMs: nowMs, sent: false, ...expiring(subject.kind, nowMs) };
  try {
    await table.put(item, known === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'atMs', value: Number(known.atMs) });
    return true;
  } catch (error) {
    // Another process sends it at the same moment.
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

async function markSent(table: TableStore, { tenant, kind, about, occasion }: AlertSubject): Promise<void> {
  try {
    await table.update(
      alertKey(tenant, kind, about),
      { set: { sent: true } },
      { kind: 'equals', attribute: 'occasion', value: occasion },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

const expiring = (kind: AlertKind, nowMs: number) => ({ [expiryAttribute]: Math.ceil((nowMs + 2 * quietMs[kind]) / 1_000) });

/** Returns the name of an account in `AlertSubject.about`. Ids contain no `#`. */
export const aboutAccount = (accountId: string, userId: string): string => `${accountId}#${userId}`;

/** Returns the name of a reason in `AlertSubject.about`, for alerts whose account is not known. */
export const aboutReason = (reason: string): string => `reason.${createHash('sha256').update(reason).digest('hex').slice(0, 32)}`;

/** Returns the account and user that a stored alert is about; null when it is about something else. */
export const alertedAccount = ({ sk }: Key): readonly [accountId: string, userId: string] | null => {
  const [kind, accountId, userId] = sk.split('#');
  return kind === 'about' && accountId !== undefined && userId !== undefined ? [accountId, userId] : null;
};
