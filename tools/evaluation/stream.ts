import { zeroHash } from '../../shared/domain/audit.ts';
import { decide } from '../../shared/domain/decide.ts';
import { dayMs } from '../../shared/domain/durations.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import { addLabel, type MerchantLabels, merchantFigures, noLabels } from '../../shared/domain/merchantLabels.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import type { RuleFactsInput } from '../../shared/domain/ruleFacts.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { type AccountState, newAccount } from '../../shared/domain/state.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';

/** What the engine saw of one payment before any model: the rows that models are trained and measured on. */
export interface StreamedRow {
  /** By position in `featureNames`. */
  readonly features: Float64Array;
  /** By position in `signalNames`, ANOMALY always null; null = could not be computed. */
  readonly signals: readonly (number | null)[];
  /** What a policy judges beside the signals. */
  readonly seen: Omit<RuleFactsInput, 'signals' | 'lists'>;
}

/**
 * Runs labelled history through the engine's own `decide`, one payment after the other in time order, as it would have been served:
 * labels reach the merchants' figures only `labelDelayMs` after their payment. Nothing is BLOCKed on the way, so that rows do not
 * depend on the policy's cut-offs.
 */
export class EngineStream {
  readonly #policy: CompiledPolicy;
  readonly #labelDelayMs: number;
  readonly #accounts = new Map<string, AccountState>();
  readonly #merchants = new Map<string, MerchantLabels>();
  readonly #pending: { readonly merchant: string; readonly fraud: boolean; readonly knownAtMs: number }[] = [];
  #pendingAt = 0;

  constructor(policy: CompiledPolicy, labelDelayMs: number) {
    this.#policy = watching(policy);
    this.#labelDelayMs = labelDelayMs;
  }

  step(transaction: Transaction, fraud: boolean | null): StreamedRow {
    const { accountId, userId, merchantId, occurredAtMs } = transaction;
    this.#learnLabels(occurredAtMs);
    const id = `${accountId}\n${userId}`;
    const account = this.#accounts.get(id) ?? newAccount('', new Uint8Array(16), occurredAtMs);
    const labels = merchantId === null ? undefined : this.#merchants.get(merchantId);
    const merchant = labels === undefined ? noFigures : merchantFigures(labels);
    const capture = new Capture();
    const step = decide(
      account,
      {
        transaction,
        receivedAtMs: occurredAtMs,
        decidedAtMs: occurredAtMs,
        merchant,
        lists: {},
        entities: [],
      },
      { policy: this.#policy, model: { model: capture, degraded: null }, sealer: noSealer },
    );
    if (step.kind !== 'decided') throw new RangeError(`account ${accountId}: a window needs rows that are not kept here`);
    this.#accounts.set(id, step.account);
    if (fraud !== null && merchantId !== null) {
      this.#pending.push({ merchant: merchantId, fraud, knownAtMs: occurredAtMs + this.#labelDelayMs });
    }
    return {
      features: capture.features!,
      signals: step.decision.signals.map((value, i) => (signalNames[i] === 'ANOMALY' ? null : value)),
      seen: {
        transaction,
        spendMinor: step.entry.body.spendMinor,
        late: step.decision.late,
        account: { transactionCount: account.payments, ageDays: Math.max(0, occurredAtMs - account.firstSeenMs) / dayMs },
        merchant,
        entities: [],
      },
    };
  }

  #learnLabels(nowMs: number): void {
    for (
      let next = this.#pending[this.#pendingAt];
      next !== undefined && next.knownAtMs <= nowMs;
      next = this.#pending[this.#pendingAt]
    ) {
      this.#merchants.set(next.merchant, addLabel(this.#merchants.get(next.merchant) ?? noLabels, next.fraud, next.knownAtMs));
      this.#pendingAt += 1;
    }
    if (this.#pendingAt > 100_000) {
      this.#pending.splice(0, this.#pendingAt);
      this.#pendingAt = 0;
    }
  }
}

/** The same points, and no outcome but ALLOW. */
const watching = (policy: CompiledPolicy): CompiledPolicy => ({
  ...policy,
  policy: {
    ...policy.policy,
    cutoffs: { review: 101, block: 101 },
    rules: policy.policy.rules.map((rule) => (rule.outcome === undefined ? rule : { ...rule, outcome: 'ALLOW' as const })),
    failTo: 'ALLOW',
    learnedWeight: 0,
  },
});

/** Stands where a model would, and keeps what it is asked. */
class Capture implements CompiledModel {
  readonly version = 0;
  readonly hash = zeroHash;
  readonly learned = null;
  features: Float64Array | null = null;
  score(features: Float64Array) {
    this.features = features;
    return { score: 0, percentile: 0, contributions: [] };
  }
}

const noSealer = {
  secretVersion: 0,
  seal: () => ({ sealed: '', fingerprint: '' }),
  hash: () => zeroHash,
};
