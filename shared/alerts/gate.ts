import { alertKey, alertRateKey, expiryAttribute } from '../aws/keys.ts';
import { ConditionFailed, type Key, type TableStore } from '../ports.ts';
import type { AlertKind } from './message.ts';

/** One account is told of once within this. */
export const quietMs = 3_600_000;
/** Alerts of a tenant and kind in a minute; what is above is held back. */
export const perMinuteMax = 20;
const minuteMs = 60_000;

export interface AlertSubject {
  readonly tenant: string;
  readonly kind: AlertKind;
  /** Of the account and user; one for all where the kind is about the system. */
  readonly about: string;
  /** What calls for the alert: told again, it passes again while it was not sent. */
  readonly transactionId: string;
}

/**
 * Whether this alert is to be sent now: no other was sent about the same within `quietMs`, and the minute is not full. Throws StoreErrors.
 * What passed must be `markSent` afterwards; cut off in between, it passes once more when its record comes again.
 */
export async function passes(table: TableStore, subject: AlertSubject, nowMs: number): Promise<boolean> {
  const key = alertKey(subject.tenant, subject.kind, subject.about);
  const known = await table.get(key, { consistent: true });
  if (known !== null) {
    if (known.transactionId === subject.transactionId) return known.sent !== true;
    if (nowMs - Number(known.atMs) < quietMs) return false;
  }
  const rate = await table.update(alertRateKey(subject.tenant, subject.kind, Math.floor(nowMs / minuteMs)), {
    add: { count: 1 },
    set: expiring(nowMs),
  });
  if (Number(rate.count) > perMinuteMax) return false;
  const item = { ...key, transactionId: subject.transactionId, atMs: nowMs, sent: false, ...expiring(nowMs) };
  try {
    await table.put(item, known === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'atMs', value: Number(known.atMs) });
    return true;
  } catch (error) {
    // Another projection of the same moment tells of this account.
    if (error instanceof ConditionFailed) return false;
    throw error;
  }
}

export async function markSent(table: TableStore, { tenant, kind, about, transactionId }: AlertSubject): Promise<void> {
  try {
    await table.update(
      alertKey(tenant, kind, about),
      { set: { sent: true } },
      { kind: 'equals', attribute: 'transactionId', value: transactionId },
    );
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

const expiring = (nowMs: number) => ({ [expiryAttribute]: Math.ceil((nowMs + 2 * quietMs) / 1_000) });

/** How an account is named in `AlertSubject.about`; ids have no `#`. */
export const aboutAccount = (accountId: string, userId: string): string => `${accountId}#${userId}`;

/** Account and user that a note of an alert is about; null where it is about something else. */
export const alertedAccount = ({ sk }: Key): readonly [accountId: string, userId: string] | null => {
  const [kind, accountId, userId] = sk.split('#');
  return kind === 'about' && accountId !== undefined && userId !== undefined ? [accountId, userId] : null;
};
