import type { EntityReading } from '../../../shared/domain/entities.ts';
import { type MerchantFigures, noFigures } from '../../../shared/domain/merchant.ts';
import type { Policy, RuleFacts } from '../../../shared/domain/policy.ts';
import { ruleFacts } from '../../../shared/domain/ruleFacts.ts';
import { type SignalName, signalNames } from '../../../shared/domain/signals/names.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';

/** 2026-11-20T13:45:00+05:30. */
export const transaction: Transaction = {
  transactionId: 'txn_1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAtMs: Date.UTC(2026, 10, 20, 8, 15),
  offsetMinutes: 330,
  amountMinor: 129_900,
  currency: 'INR',
  channel: 'upi',
  deviceId: 'd_9',
  merchantId: 'm_3',
  merchantCategory: '5411',
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: { latitude: 12.97, longitude: 77.59 },
  metadata: { segment: 'retail' },
};

/** Values by position; signals that are not named read 0. */
export const signalValues = (named: Partial<Record<SignalName, number | null>> = {}): (number | null)[] =>
  signalNames.map((name) => (named[name] === undefined ? 0 : named[name]));

export const factsWith = (
  options: {
    readonly transaction?: Transaction;
    readonly signals?: Partial<Record<SignalName, number | null>>;
    readonly lists?: Readonly<Record<string, boolean>>;
    readonly spendMinor?: number | null;
    readonly late?: boolean;
    readonly policy?: Policy;
    readonly merchant?: MerchantFigures | null;
    readonly entities?: readonly EntityReading[];
  } = {},
): RuleFacts => {
  const known = Object.keys((options.policy ?? defaultPolicy).lists).map((name) => [name, false]);
  const paid = options.transaction ?? transaction;
  return ruleFacts({
    transaction: paid,
    spendMinor: options.spendMinor === undefined ? paid.amountMinor : options.spendMinor,
    late: options.late ?? false,
    signals: signalValues(options.signals),
    lists: { ...Object.fromEntries(known), ...options.lists },
    account: { transactionCount: 12, ageDays: 40.5 },
    merchant: options.merchant === undefined ? noFigures : options.merchant,
    entities: options.entities ?? [],
  });
};

/** A policy in which each signal triggers at 1 and gives nothing, without rules and lists. */
export const barePolicy: Policy = {
  ...defaultPolicy,
  signals: Object.fromEntries(signalNames.map((name) => [name, { threshold: 1, points: 0 }])) as Policy['signals'],
  rules: [],
  lists: {},
};
