import { accountAfter } from './accountAfter.ts';
import { type DecisionEntry, decisionEntry, type Sealer } from './audit.ts';
import type { Decision } from './decision.ts';
import { dayMs } from './durations.ts';
import type { EntityReading } from './entities.ts';
import type { DecidedEntities } from './entityFigures.ts';
import { type MerchantFigures, noFigures } from './merchant.ts';
import type { ModelInForce } from './model.ts';
import { toBaseMinor } from './money.ts';
import type { CompiledPolicy } from './policy.ts';
import { readSignals } from './readSignals.ts';
import { round16 } from './round.ts';
import { ruleFacts } from './ruleFacts.ts';
import { signalNames } from './signals/names.ts';
import { openSpan, type Payment } from './spans.ts';
import type { AccountState } from './state.ts';
import type { Transaction } from './transaction.ts';
import { verdict } from './verdict.ts';
import { lateMs } from './window.ts';
import { type RowsNeeded, rowsNeeded, windowSums } from './windowSums.ts';

/** A transaction as it came in, with what is known besides the account when it is decided. */
export interface Arrival {
  readonly transaction: Transaction;
  readonly receivedAtMs: number;
  readonly decidedAtMs: number;
  /** Label figures of its merchant; null when they cannot be read. Ignored for a transaction without a merchant. */
  readonly merchant: MerchantFigures | null;
  /** Whether each list hit, by list name. */
  readonly lists: Readonly<Record<string, boolean>>;
  /** One for each entity that it names. */
  readonly entities: readonly EntityReading[];
  /** How many signals the version that decides knows; fewer only to decide again what an earlier version decided. */
  readonly signalCount?: number;
}

export interface Judgement {
  readonly policy: CompiledPolicy;
  readonly model: ModelInForce;
  readonly sealer: Sealer;
}

/** Rows of the account's chain that an earlier step asked for; null for an entry that is not a payment. */
export interface RowsRead {
  readonly fromSequence: number;
  readonly payments: readonly (Payment | null)[];
}

export type Step =
  | { readonly kind: 'rowsNeeded'; readonly rows: RowsNeeded }
  | { readonly kind: 'decided'; readonly account: AccountState; readonly decision: Decision; readonly entry: DecisionEntry };

/**
 * The one function that decides: `(account, transaction, policy, model) -> (account', decision, audit entry)`. The queue, the
 * synchronous route, replay and the simulation all call it. Where the edge of a window runs through payments that are no longer kept
 * individually, it returns `rowsNeeded`: read those rows and call it again with all rows read so far. It asks a bounded number of times.
 */
export function decide(account: AccountState, arrival: Arrival, judgement: Judgement, read: readonly RowsRead[] = []): Step {
  const { transaction } = arrival;
  const { policy, model } = judgement;
  const lateByMs = Math.max(0, account.newestMs - transaction.occurredAtMs);
  const late = lateByMs >= lateMs;
  const end = {
    endMs: late ? transaction.occurredAtMs : Math.max(account.newestMs, transaction.occurredAtMs),
    newestMs: account.newestMs,
  };
  let spans = account.spans;
  for (const { fromSequence, payments } of read) spans = openSpan(spans, account.sequence, fromSequence, payments);
  const rows = rowsNeeded(spans, account.sequence, end);
  if (rows) return { kind: 'rowsNeeded', rows };

  const sums = windowSums(spans, end);
  const spendMinor = toBaseMinor(transaction.amountMinor, transaction.currency, policy.policy.baseCurrency, policy.policy.rates);
  const merchant = transaction.merchantId === null ? noFigures : arrival.merchant;
  const { entities } = arrival;
  const names = signalNames.slice(0, arrival.signalCount);
  const input = { transaction, spendMinor, account, sums, policy: policy.policy, merchant, entities };
  const { readings, anomaly, features, learned, degraded } = readSignals(input, model, policy.policy.learnedWeight, names);
  const values = readings.map((reading) => reading.value);
  const result = verdict({
    policy,
    facts: ruleFacts({
      transaction,
      spendMinor,
      late,
      signals: values,
      lists: arrival.lists,
      account: { transactionCount: account.payments, ageDays: Math.max(0, arrival.receivedAtMs - account.firstSeenMs) / dayMs },
      merchant,
      entities,
    }),
    signals: values,
    usual: readings.map((reading) => reading.usual),
    degraded,
    lateMs: lateByMs,
    learned,
  });

  const facts: Omit<Decision, 'hash'> = {
    transaction,
    receivedAtMs: arrival.receivedAtMs,
    decidedAtMs: arrival.decidedAtMs,
    outcome: result.outcome,
    score: result.score,
    previousOutcome: account.lastOutcome,
    reasons: result.reasons,
    signals: values,
    triggered: result.triggered,
    triggers24h: sums.triggers24h.slice(0, names.length).map((times, i) => times + ((result.triggered >> i) & 1)),
    anomaly,
    features: Array.from(features, round16),
    entities: decidedEntities(entities),
    degraded: result.degraded,
    late,
    policyVersion: policy.version,
    modelVersion: model.model?.version ?? null,
    sequence: account.sequence + 1,
  };
  const entry = decisionEntry(
    facts,
    {
      chain: account.chain,
      previousHash: account.head,
      salt: account.salt,
      spendMinor,
      merchant: transaction.merchantId === null ? null : arrival.merchant,
      lists: Object.keys(arrival.lists).filter((name) => arrival.lists[name]),
      policyHash: policy.hash,
      modelHash: model.model?.hash ?? null,
    },
    judgement.sealer,
  );
  const decision = { ...facts, hash: entry.hash };
  // A late payment opens spans for its own windows only: the account keeps its merged spans.
  const next = accountAfter({ ...account, spans: late ? account.spans : spans }, decision, spendMinor, entry.hash);
  return { kind: 'decided', account: next, decision, entry };
}

const decidedEntities = (entities: readonly EntityReading[]): DecidedEntities | null =>
  entities.length === 0 ? null : Object.fromEntries(entities.map(({ kind, figures }) => [kind, figures]));
