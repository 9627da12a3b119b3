import type { DecisionBody } from '../../shared/domain/audit.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { ruleFacts } from '../../shared/domain/ruleFacts.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { latestMs, verdict } from '../../shared/domain/verdict.ts';
import type { AuditEntry } from '../../shared/proof/entry.ts';
import { firstDifference, prepare, Refold, type ReplayWorld } from './refold.ts';

export type { ReplayWorld } from './refold.ts';

export type ReplayResult =
  /** Every decision up to `throughSequence` came out with the same bytes. */
  | { readonly kind: 'identical'; readonly decisions: number; readonly throughSequence: number; readonly last: Decision | null }
  /** Of a chain whose beginning is missing: every verdict follows from the signals that the entries hold. */
  | { readonly kind: 'same-verdicts'; readonly decisions: number; readonly throughSequence: number }
  | {
      readonly kind: 'differs';
      readonly sequence: number;
      readonly transactionId: string;
      /** The first field that differs, by name. */
      readonly field: string;
      readonly recorded: unknown;
      readonly recomputed: unknown;
    }
  /** It cannot be recomputed, and why. */
  | { readonly kind: 'impossible'; readonly sequence: number; readonly text: string };

/**
 * Refolds a chain from its first entry: every decision is made anew and must give the same bytes. Stops after the decision of
 * `transactionId`, if given.
 */
export const replayChain = async (
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  world: ReplayWorld,
  transactionId?: string,
): Promise<ReplayResult> => {
  const refold = new Refold(world);
  let last: Decision | null = null;
  let decisions = 0;
  for await (const entry of entries) {
    const { sequence } = entry.body;
    const step = await refold.next(entry);
    if (step.kind === 'impossible') return { ...step, sequence };
    if (step.kind === 'differs') return { ...step, sequence, transactionId: String(entry.body.transactionId) };
    if (step.kind === 'other') continue;
    last = step.decision;
    decisions++;
    if (last.transaction.transactionId === transactionId) break;
  }
  const throughSequence = refold.account.sequence;
  if (transactionId !== undefined && last?.transaction.transactionId !== transactionId) {
    return { kind: 'impossible', sequence: throughSequence, text: `transaction ${transactionId} is not in the chain` };
  }
  return { kind: 'identical', decisions, throughSequence, last };
};

/**
 * Where the beginning of a chain is missing: judges every decision again from the signals, lists and policy that its entry holds. Weaker
 * than a refold, since the signals are taken as they stand. What only the account's past tells - rules that read it, the learned layer -
 * makes it impossible.
 */
export const replayFromSignals = async (
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  world: ReplayWorld,
): Promise<ReplayResult> => {
  let decisions = 0;
  let throughSequence = 0;
  for await (const { body } of entries) {
    const { sequence } = body;
    throughSequence = sequence;
    if (body.event !== 'DECISION_MADE') continue;
    const recorded = body as unknown as DecisionBody;
    const prepared = await prepare(recorded, world);
    if (typeof prepared === 'string') return { kind: 'impossible', sequence, text: prepared };
    const { arrival, judgement } = prepared;
    const { policy, model } = judgement;
    if (policy.policy.rules.some(({ when }) => when.includes('account.'))) {
      return {
        kind: 'impossible',
        sequence,
        text: `a rule of policy version ${policy.version} reads the account's past, which is missing`,
      };
    }
    if (policy.policy.learnedWeight > 0 && model.model?.learned) {
      return {
        kind: 'impossible',
        sequence,
        text: 'the learned layer reads features that only the past tells, which is missing',
      };
    }
    const names = signalNames.slice(0, Object.keys(recorded.signals).length);
    const signals = names.map((name) => recorded.signals[name] ?? null);
    const facts = ruleFacts({ ...arrival, spendMinor: recorded.spendMinor, late: recorded.late, signals, account: noPast });
    const degraded = recorded.degraded.filter(({ cause }) => cause !== 'RULE_FAILED');
    const judged = [0, latestMs + 1]
      .slice(0, recorded.late ? 2 : 1)
      .map((lateMs) => verdict({ policy, facts, signals, usual: signals.map(() => null), degraded, lateMs }));
    const result = judged.find(({ outcome }) => outcome === recorded.outcome) ?? judged[0]!;
    const triggered = signalNames.filter((_, i) => result.triggered & (1 << i));
    const difference = firstDifference(
      { outcome: recorded.outcome, score: recorded.score, triggered: recorded.triggered },
      { outcome: result.outcome, score: result.score, triggered },
    );
    if (difference) return { kind: 'differs', sequence, transactionId: recorded.transactionId, ...difference };
    decisions++;
  }
  return { kind: 'same-verdicts', decisions, throughSequence };
};

const noPast = { transactionCount: 0, ageDays: 0 };
