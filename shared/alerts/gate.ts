import { createHash } from 'node:crypto';
import { type Clock, ConditionFailed, type Key, type TableStore, type Topic } from '../ports/ports.ts';
import { alertKey, alertRateKey, expiryAttribute } from '../store/names.ts';
import type { AlertKind, AlertMessage } from './message.ts';

/** What was told is not told again within this: an account, a reason, a state of the system. */
export const quietMs: Readonly<Record<AlertKind, number>> = {
  decision: 3_600_000,
  degraded: 3_600_000,
  deadLetters: 3_600_000,
  model: 86_400_000,
  verifier: 3_600_000,
};
/** What is about to be told is left to who tells it for this long; then it counts as not told. */
const tellingMs = 60_000;
/** Alerts of a tenant and kind in a minute; what is above is held back. */
export const perMinuteMax = 20;
const minuteMs = 60_000;

export interface AlertSubject {
  readonly tenant: string;
  readonly kind: AlertKind;
  /** Of the account and user, or `aboutReason`; one for all where the kind is about the system. */
  readonly about: string;
  /** What calls for the alert, by an id of its own: coming again, it passes again while it was not sent. */
  readonly occasion: string;
}

/**
 * Sends an alert where it passes: no other was sent about the same within `quietMs`, and the minute is not full. Cut off before the end,
 * it passes once more when its occasion comes again. Throws StoreErrors, and what the topic throws.
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

/** Whether this alert is to be sent now. Throws StoreErrors. */
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
    // Another process of the same moment tells of it.
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

/** How an account is named in `AlertSubject.about`; ids have no `#`. */
export const aboutAccount = (accountId: string, userId: string): string => `${accountId}#${userId}`;

/** How a reason is named there, where no account is known. */
export const aboutReason = (reason: string): string => `reason.${createHash('sha256').update(reason).digest('hex').slice(0, 32)}`;

/** Account and user that a note of an alert is about; null where it is about something else. */
export const alertedAccount = ({ sk }: Key): readonly [accountId: string, userId: string] | null => {
  const [kind, accountId, userId] = sk.split('#');
  return kind === 'about' && accountId !== undefined && userId !== undefined ? [accountId, userId] : null;
};
