import type { Decision } from './decision.ts';
import { entityReadings } from './entities.ts';
import type { MerchantFigures } from './merchant.ts';
import { type CompiledPolicy, type RuleFacts, signalSetting } from './policy.ts';
import { type AccountFacts, ruleFacts } from './ruleFacts.ts';
import { signalNames } from './signals/names.ts';
import { type VerdictInput, verdict } from './verdict.ts';

export interface CounterfactualInput {
  /** The version that decided. */
  readonly policy: CompiledPolicy;
  readonly decision: Decision;
  /** As it was when decided, in base minor units; null without a rate. */
  readonly spendMinor: number | null;
  /** As it was when decided; null when it is not known any more. */
  readonly account: AccountFacts | null;
  /** As they were when decided; null when they could not be read. Of no meaning without a merchant. */
  readonly merchant: MerchantFigures | null;
  /** How far behind the account's newest payment this one was. */
  readonly lateMs: number;
}

export interface Counterfactual {
  /** In words, e.g. `TXN_VELOCITY_1H below 15 instead of 22`. */
  readonly change: string;
  readonly outcome: 'ALLOW';
}

interface Candidate {
  readonly change: string;
  /** Share by which the value changes, 0..1; 1 for a yes that becomes a no, 2 for a rule. */
  readonly size: number;
  readonly input: VerdictInput;
}

/**
 * The smallest single change of a payment that the same policy would have ALLOWed: a signal below its threshold, a smaller amount,
 * off a list, or a rule that did not hold. Null for a payment that was ALLOWed, when no single change is enough, and when what is
 * known now does not give the decided outcome again, so that nothing could be claimed.
 */
export const counterfactual = (given: CounterfactualInput): Counterfactual | null => {
  const { decision } = given;
  if (decision.outcome === 'ALLOW') return null;
  const base = verdictInput(given);
  if (verdict(base).outcome !== decision.outcome) return null;
  const candidates = [
    ...signalCandidates(base),
    ...amountCandidates(base, given),
    ...listCandidates(base),
    ...ruleCandidates(base),
  ].sort((a, b) => a.size - b.size);
  const found = candidates.find((candidate) => verdict(candidate.input).outcome === 'ALLOW');
  return found === undefined ? null : { change: found.change, outcome: 'ALLOW' };
};

const verdictInput = ({ policy, decision, spendMinor, account, merchant, lateMs }: CounterfactualInput): VerdictInput => {
  const hits = new Set(decision.reasons.map((reason) => reason.signal));
  const facts = ruleFacts({
    transaction: decision.transaction,
    spendMinor,
    late: decision.late,
    signals: decision.signals,
    lists: Object.fromEntries(Object.keys(policy.policy.lists).map((name) => [name, hits.has(`LIST:${name}`)])),
    account: account ?? { transactionCount: 0, ageDays: 0 },
    merchant,
    entities: entityReadings(decision.entities, decision.degraded),
  });
  return {
    policy,
    facts: account === null ? { ...facts, account: {} } : facts,
    signals: decision.signals,
    usual: [],
    degraded: decision.degraded.filter((degradation) => degradation.cause !== 'RULE_FAILED'),
    lateMs,
    learned: decision.reasons.find((reason) => reason.signal === 'MODEL') ?? null,
  };
};

/** Counts, sums and flags; the other signals have 4 decimals. */
const integerSignals: ReadonlySet<string> = new Set([
  'TOTAL_SPEND_24H',
  'TXN_VELOCITY_1H',
  'RAPID_BURST_1M',
  'NEW_DEVICE_USED',
  'UNUSUAL_HOUR',
  'DEVICE_ACCOUNTS_24H',
  'IP_ACCOUNTS_1H',
  'BENEFICIARY_PAYERS_24H',
  'INSTRUMENT_ACCOUNTS_24H',
  'LINKED_FRAUD',
]);

const signalCandidates = (base: VerdictInput): Candidate[] => {
  const candidates: Candidate[] = [];
  for (const [position, name] of signalNames.entries()) {
    const value = base.signals[position] ?? null;
    const { threshold } = signalSetting(base.policy.policy, name);
    if (value === null || threshold === null || value < threshold) continue;
    const scale = integerSignals.has(name) ? 1 : 10_000;
    const lower = (Math.ceil(threshold * scale) - 1) / scale;
    candidates.push({
      change: `${name} below ${threshold} instead of ${value}`,
      size: value === 0 ? 1 : (value - lower) / Math.abs(value),
      input: withSignals(base, [[position, lower]]),
    });
  }
  return candidates;
};

/** The largest smaller amount that is ALLOWed, found by halving: more money is taken to be never less suspicious. */
const amountCandidates = (base: VerdictInput, given: CounterfactualInput): Candidate[] => {
  const { amountMinor, currency } = given.decision.transaction;
  let allowed = 0;
  let refused = amountMinor;
  while (refused - allowed > 1) {
    const middle = allowed + Math.floor((refused - allowed) / 2);
    if (verdict(withAmount(base, given, middle)).outcome === 'ALLOW') allowed = middle;
    else refused = middle;
  }
  if (allowed === 0) return [];
  return [
    {
      change: `amountMinor ${allowed} or less instead of ${amountMinor} ${currency}`,
      size: (amountMinor - allowed) / amountMinor,
      input: withAmount(base, given, allowed),
    },
  ];
};

const withAmount = (base: VerdictInput, given: CounterfactualInput, amountMinor: number): VerdictInput => {
  const { spendMinor, decision } = given;
  let spend: number | null = null;
  const changed: [number, number][] = [];
  if (spendMinor !== null) {
    spend = Math.round(spendMinor * (amountMinor / decision.transaction.amountMinor));
    const total = base.signals[spendPosition] ?? null;
    if (total !== null) changed.push([spendPosition, total - spendMinor + spend]);
    const anomaly = anomalyAt(given, spendMinor, spend);
    if (anomaly !== null) changed.push([amountPosition, anomaly]);
  }
  const input = withSignals(base, changed);
  const txn = { ...input.facts.txn, amountMinor: BigInt(amountMinor), spendMinor: spend === null ? null : BigInt(spend) };
  return { ...input, facts: { ...input.facts, txn } };
};

/** What the stored usual amount, rounded to a minor unit, may be off by, and more. */
const anomalyMargin = 0.01;

/**
 * AMOUNT_ANOMALY at a smaller amount: the profile it was measured by is in the reason (its usual amount, else the population), and
 * the decided value gives the deviation. Null while it is not a reason: a smaller amount only lowers it.
 */
const anomalyAt = ({ policy, decision }: CounterfactualInput, spendMinor: number, spend: number): number | null => {
  const reason = decision.reasons.find(({ signal }) => signal === 'AMOUNT_ANOMALY');
  if (reason === undefined || reason.value === null || reason.value <= 0) return null;
  const mean = reason.usual === null ? policy.policy.population.mean : Math.log(reason.usual);
  const deviation = (Math.log(spendMinor) - mean) / reason.value;
  const value = (Math.log(Math.max(1, spend)) - mean) / deviation + anomalyMargin;
  return Number.isFinite(value) ? Math.min(reason.value, Math.round(value * 10_000) / 10_000) : null;
};

const spendPosition = signalNames.indexOf('TOTAL_SPEND_24H');
const amountPosition = signalNames.indexOf('AMOUNT_ANOMALY');

const listCandidates = (base: VerdictInput): Candidate[] =>
  Object.entries(base.policy.policy.lists)
    .filter(([name]) => base.facts.lists[name] === true)
    .map(([name, list]) => ({
      change: `${list.field} not on the list ${name}`,
      size: 1,
      input: { ...base, facts: { ...base.facts, lists: { ...base.facts.lists, [name]: false } } },
    }));

const ruleCandidates = (base: VerdictInput): Candidate[] =>
  base.policy.policy.rules.map((rule, index) => ({
    change: `the rule ${rule.id} not true: ${rule.text}`,
    size: 2,
    input: { ...base, policy: withoutRule(base.policy, index) },
  }));

const withoutRule = (policy: CompiledPolicy, without: number): CompiledPolicy => ({
  ...policy,
  evaluateRule: (index, facts) => index !== without && policy.evaluateRule(index, facts),
});

const withSignals = (base: VerdictInput, changes: readonly (readonly [position: number, value: number])[]): VerdictInput => {
  const values = new Map(changes);
  const signals = signalNames.map((_, position) => values.get(position) ?? base.signals[position] ?? null);
  const named = Object.fromEntries(signalNames.map((name, position) => [name, signals[position] ?? null]));
  return { ...base, signals, facts: { ...base.facts, signals: named as RuleFacts['signals'] } };
};
