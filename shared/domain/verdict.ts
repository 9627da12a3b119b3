import type { Degradation, Reason } from './decision.ts';
import { dayMs } from './durations.ts';
import { graver, type Outcome } from './outcome.ts';
import { type CompiledPolicy, type Policy, type RuleFacts, signalSetting } from './policy.ts';
import { signalNames } from './signals/names.ts';

/** A payment later than this behind the account's newest one is at least REVIEWed: what it needs is no longer kept. */
export const latestMs = 2 * dayMs;

/** Causes that do not call `failTo` unless the policy lists them itself. */
const toleratedCauses: readonly string[] = ['LATE', 'NO_MODEL', 'NOT_AVAILABLE', 'NOT_TRACKED', 'WARMING_UP'];

/** Does a missing part with this cause call the policy's `failTo`? */
export const callsFailTo = (policy: Policy, cause: string): boolean =>
  policy.failOn === null ? !toleratedCauses.includes(cause) : policy.failOn.includes(cause);

export interface VerdictInput {
  readonly policy: CompiledPolicy;
  readonly facts: RuleFacts;
  /** By position in `signalNames`; null = could not be computed, never zero. */
  readonly signals: readonly (number | null)[];
  /** What is usual for the account, same positions and units. */
  readonly usual: readonly (number | null)[];
  readonly degraded: readonly Degradation[];
  /** How far behind the account's newest payment this one is; 0 when it is the newest. */
  readonly lateMs: number;
  /** The learned layer's reason (`MODEL`), if it has one: signals then give what the policy's `learnedWeight` leaves them. */
  readonly learned?: Reason | null;
}

export interface Verdict {
  readonly outcome: Outcome;
  /** The reasons' points added up and clipped to 0..100. */
  readonly score: number;
  readonly reasons: readonly Reason[];
  /** Bit i = signal i triggered. */
  readonly triggered: number;
  /** What was given, then the rules that failed. */
  readonly degraded: readonly Degradation[];
}

/**
 * The outcome of one payment under one policy.
 *
 * 1. A signal whose value is at or above its threshold gives its points; a true rule gives points or an outcome, a list that hits
 *    gives an outcome. Points are added as integer hundredths. The learned layer reads every signal, so its weight is taken from
 *    their points: nothing counts twice. Rules are what people want beside it and always count in full.
 * 2. The score against the cut-offs gives the outcome, unless a rule or list gives one: then the gravest of those. A hit on an
 *    allow list with `overrides` excepts the payment from all of them.
 * 3. A missing part whose cause the policy lists raises the outcome to `failTo`; a payment more than 48 h late to REVIEW. Neither
 *    ever lowers it, and no list excepts from them.
 */
export const verdict = (input: VerdictInput): Verdict => {
  const { policy } = input.policy;
  const reasons: Reason[] = [];
  const degraded: Degradation[] = [...input.degraded];
  const given: Outcome[] = [];
  let triggered = 0;
  let excepted = false;
  const signalWeight = input.learned ? 1 - policy.learnedWeight : 1;

  for (const [position, name] of signalNames.entries()) {
    const value = input.signals[position] ?? null;
    const { threshold, points } = signalSetting(policy, name);
    if (value === null || threshold === null || !(value >= threshold)) continue;
    triggered |= 1 << position;
    const given = toHundredths(points * signalWeight) / 100 + 0;
    reasons.push({ signal: name, value, threshold, points: given, usual: input.usual[position] ?? null });
  }
  if (input.learned) reasons.push(input.learned);
  for (const [index, rule] of policy.rules.entries()) {
    const fired = evaluate(input.policy, index, input.facts);
    if (fired === 'failed') degraded.push({ part: `RULE:${rule.id}`, cause: 'RULE_FAILED' });
    if (fired !== true) continue;
    reasons.push(hit(`RULE:${rule.id}`, rule.points ?? 0));
    if (rule.outcome !== undefined) given.push(rule.outcome);
  }
  for (const [name, list] of Object.entries(policy.lists)) {
    if (input.facts.lists[name] !== true) continue;
    reasons.push(hit(`LIST:${name}`, 0));
    given.push(list.outcome);
    excepted ||= list.kind === 'allow' && list.overrides;
  }

  const hundredths = reasons.reduce((sum, reason) => sum + toHundredths(reason.points), 0);
  const clipped = Math.min(10_000, Math.max(0, hundredths));
  let outcome = excepted ? 'ALLOW' : given.length > 0 ? given.reduce(graver) : byCutoffs(clipped, policy);
  if (degraded.some((degradation) => callsFailTo(policy, degradation.cause))) outcome = graver(outcome, policy.failTo);
  if (input.lateMs > latestMs) outcome = graver(outcome, 'REVIEW');
  return { outcome, score: clipped / 100, reasons, triggered, degraded };
};

/** Points have at most two decimals, so this is exact. */
export const toHundredths = (points: number): number => Math.round(points * 100);

const byCutoffs = (hundredths: number, { cutoffs }: Policy): Outcome => {
  if (hundredths >= toHundredths(cutoffs.block)) return 'BLOCK';
  return hundredths >= toHundredths(cutoffs.review) ? 'REVIEW' : 'ALLOW';
};

/** Rules and lists have no threshold: their value is 1, for true. */
const hit = (signal: string, points: number): Reason => ({ signal, value: 1, threshold: null, points, usual: null });

const evaluate = (policy: CompiledPolicy, index: number, facts: RuleFacts): boolean | 'failed' => {
  try {
    return policy.evaluateRule(index, facts);
  } catch {
    return 'failed';
  }
};
