import { dayMs, hourMs, minuteMs } from './durations.ts';
import type { EntityReading } from './entities.ts';
import { type MerchantFigures, noFigures } from './merchant.ts';
import type { RuleFacts } from './policy.ts';
import { namedSignals } from './signals/names.ts';
import type { Transaction } from './transaction.ts';

export interface RuleFactsInput {
  readonly transaction: Transaction;
  /** The amount in the policy's base currency, minor units; null without a rate. */
  readonly spendMinor: number | null;
  readonly late: boolean;
  /** By position in `signalNames`. */
  readonly signals: readonly (number | null)[];
  /** Hit or not, by list name. */
  readonly lists: Readonly<Record<string, boolean>>;
  readonly account: AccountFacts;
  /** Null when they can't be read. Of no meaning without a merchant. */
  readonly merchant: MerchantFigures | null;
  readonly entities: readonly EntityReading[];
}

export interface AccountFacts {
  /** Transactions committed for the account before this one. */
  readonly transactionCount: number;
  /** Days since the account was first seen, 0 for its first transaction. */
  readonly ageDays: number;
}

/**
 * What a rule may read of one payment (docs/policy.md has the names and types). Texts that are absent read as "", an absent place,
 * a spend without a rate and the shares of a merchant without labels cannot be read: a rule that touches one fails, unless
 * `has(...)` guards it.
 */
export const ruleFacts = (input: RuleFactsInput): RuleFacts => {
  const { transaction, signals, lists, account, merchant, entities } = input;
  // Most rules read signals alone.
  let txn: RuleFacts['txn'] | null = null;
  return {
    get txn() {
      txn ??= txnFacts(input);
      return txn;
    },
    signals: namedSignals(signals),
    lists,
    account: { transactionCount: BigInt(account.transactionCount), ageDays: account.ageDays },
    get merchant() {
      return merchantFacts(transaction.merchantId === null ? noFigures : merchant);
    },
    get entities() {
      return entityFacts(entities);
    },
  };
};

const txnFacts = ({ transaction, spendMinor, late }: RuleFactsInput): RuleFacts['txn'] => ({
  transactionId: transaction.transactionId,
  userId: transaction.userId,
  accountId: transaction.accountId,
  amountMinor: BigInt(transaction.amountMinor),
  spendMinor: spendMinor === null ? null : BigInt(spendMinor),
  currency: transaction.currency,
  channel: transaction.channel ?? '',
  deviceId: transaction.deviceId ?? '',
  merchantId: transaction.merchantId ?? '',
  merchantCategory: transaction.merchantCategory ?? '',
  ipAddress: transaction.ipAddress ?? '',
  beneficiaryId: transaction.beneficiaryId ?? '',
  instrumentId: transaction.instrumentId ?? '',
  hour: BigInt(localHour(transaction)),
  late,
  latitude: transaction.location?.latitude ?? null,
  longitude: transaction.location?.longitude ?? null,
  metadata: transaction.metadata ?? {},
});

const entityFacts = (entities: readonly EntityReading[]): RuleFacts['entities'] =>
  Object.fromEntries(
    entities.flatMap(({ kind, figures }) =>
      figures === null
        ? []
        : [[kind, Object.fromEntries(Object.entries(figures).map(([name, value]) => [name, celValue(value)]))] as const],
    ),
  );

const celValue = (value: number | boolean | null): bigint | boolean | null => (typeof value === 'number' ? BigInt(value) : value);

const merchantFacts = (figures: MerchantFigures | null): RuleFacts['merchant'] =>
  figures === null
    ? {}
    : {
        labelled: BigInt(figures.labelled),
        frauds: BigInt(figures.frauds),
        riskShort: figures.riskShort,
        riskLong: figures.riskLong,
        ...figures.traffic,
      };

/** 0..23 on the payer's clock, as the offset of the transaction tells it. */
const localHour = ({ occurredAtMs, offsetMinutes }: Transaction): number =>
  Math.floor((((occurredAtMs + offsetMinutes * minuteMs) % dayMs) + dayMs) / hourMs) % 24;
