import { parseInstant } from '../../shared/contract/time.ts';
import { paymentOf } from '../../shared/domain/accountAfter.ts';
import { type DecisionBody, personalInputs } from '../../shared/domain/audit.ts';
import { type Arrival, decide, type Judgement, type RowsRead } from '../../shared/domain/decide.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { entityReadings } from '../../shared/domain/entities.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { ruleFacts } from '../../shared/domain/ruleFacts.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import type { Payment } from '../../shared/domain/spans.ts';
import { newAccount } from '../../shared/domain/state.ts';
import { latestMs, verdict } from '../../shared/domain/verdict.ts';
import { canonicalText } from '../../shared/proof/canonical.ts';
import type { AuditEntry } from '../../shared/proof/entry.ts';
import type { SecretSealer } from '../../shared/secrets/sealer.ts';

/** What a replay needs beside the chain. What is asked for by version must be that version: hashes are compared. */
export interface ReplayWorld {
  /** Of the account; without it the sealed inputs stay closed. */
  readonly salt: Uint8Array;
  readonly sealerOf: (secretVersion: number) => Promise<SecretSealer>;
  /** Null when the version is not kept; `hash` is the entry's, and chooses among several defaults that were version 1. */
  readonly policyOf: (version: number, hash: string) => Promise<CompiledPolicy | null>;
  readonly modelOf: (version: number) => Promise<CompiledModel | null>;
}

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

/** As in the ledger: one payment asks for its account's rows so often at most. */
const rowReadsMax = 200;

/**
 * Refolds a chain from its first entry: every decision is made anew by the function that made it, from the sealed inputs, the merchant
 * figures and list hits of the entry, and the policy and model that it names, and must give the same bytes. Stops after the decision of
 * `transactionId`, if given.
 */
export const replayChain = async (
  entries: AsyncIterable<AuditEntry> | Iterable<AuditEntry>,
  world: ReplayWorld,
  transactionId?: string,
): Promise<ReplayResult> => {
  let account = newAccount('', world.salt, 0);
  let last: Decision | null = null;
  let decisions = 0;
  const payments: (Payment | null)[] = [];
  for await (const { body, hash } of entries) {
    const { sequence } = body;
    if (sequence !== account.sequence + 1) {
      const text = `entry ${account.sequence + 1} is missing: a refold begins at entry 1 and leaves none out`;
      return { kind: 'impossible', sequence, text };
    }
    if (body.event !== 'DECISION_MADE') {
      account = { ...account, chain: body.chain, sequence, head: hash };
      payments.push(null);
      continue;
    }
    const recorded = body as unknown as DecisionBody;
    if (sequence === 1 || account.payments === 0) account = firstSeen(account, recorded, world.salt);
    const prepared = await prepare(recorded, world);
    if (typeof prepared === 'string') return { kind: 'impossible', sequence, text: prepared };
    const { arrival, judgement } = prepared;
    const read: RowsRead[] = [];
    let step = decide(account, arrival, judgement);
    for (let reads = 0; step.kind === 'rowsNeeded'; reads++) {
      if (reads === rowReadsMax)
        throw new RangeError(`entry ${sequence} needs more than ${rowReadsMax} reads of its account's rows`);
      const { fromSequence, toSequence } = step.rows;
      read.push({ fromSequence, payments: payments.slice(fromSequence - 1, toSequence) });
      step = decide(account, arrival, judgement, read);
    }
    const difference = firstDifference(body, { ...step.entry.body });
    if (difference) return { kind: 'differs', sequence, transactionId: recorded.transactionId, ...difference };
    if (hash !== step.entry.hash) {
      return {
        kind: 'differs',
        sequence,
        transactionId: recorded.transactionId,
        field: 'hash',
        recorded: hash,
        recomputed: step.entry.hash,
      };
    }
    account = step.account;
    last = step.decision;
    decisions++;
    payments.push(paymentOf(step.decision, step.entry.body.spendMinor));
    if (recorded.transactionId === transactionId) break;
  }
  if (transactionId !== undefined && last?.transaction.transactionId !== transactionId) {
    return { kind: 'impossible', sequence: account.sequence, text: `transaction ${transactionId} is not in the chain` };
  }
  return { kind: 'identical', decisions, throughSequence: account.sequence, last };
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

/** The account at its first payment; what came before it in the chain stays counted. */
const firstSeen = (account: ReturnType<typeof newAccount>, { chain, receivedAt }: DecisionBody, salt: Uint8Array) => {
  const { sequence, head } = account;
  return { ...newAccount(chain, salt, Date.parse(receivedAt)), sequence, head };
};

/** The arrival as it was, or why it can't be had. */
const prepare = async (
  body: DecisionBody,
  { salt, sealerOf, policyOf, modelOf }: ReplayWorld,
): Promise<{ readonly arrival: Arrival; readonly judgement: Judgement } | string> => {
  const occurred = parseInstant(body.occurredAt);
  if (!occurred) return `occurredAt is ${body.occurredAt}; allowed: RFC 3339`;
  const policy = await policyOf(body.policyVersion, body.policyHash);
  if (policy?.hash !== body.policyHash)
    return `version ${body.policyVersion} of the policy is not kept as it was (hash ${body.policyHash})`;
  const model = body.modelVersion === null ? null : await modelOf(body.modelVersion);
  if ((model?.hash ?? null) !== body.modelHash)
    return `version ${body.modelVersion} of the model is not kept as it was (hash ${body.modelHash})`;
  const sealer = await sealerOf(body.secretVersion);
  let inputs: ReturnType<typeof personalInputs>;
  try {
    inputs = personalInputs(sealer.open(salt, body.sealed, body.fingerprint));
  } catch {
    // Whatever the cipher says, it comes to this.
    return 'the sealed inputs do not open: they were erased, or the salt or the secret is another';
  }
  const transaction = {
    ...inputs,
    transactionId: body.transactionId,
    occurredAtMs: occurred.epochMs,
    offsetMinutes: occurred.offsetMinutes,
    amountMinor: body.amountMinor,
    currency: body.currency,
  };
  const lists = Object.fromEntries(Object.keys(policy.policy.lists).map((name) => [name, body.lists.includes(name)]));
  const arrival = {
    transaction,
    receivedAtMs: Date.parse(body.receivedAt),
    decidedAtMs: Date.parse(body.at),
    merchant: body.merchant,
    lists,
    entities: entityReadings(body.entities, body.degraded),
    signalCount: Object.keys(body.signals).length,
  };
  return { arrival, judgement: { policy, model: modelAsItWas(body, model), sealer } };
};

const modelFaults = ['NO_MODEL', 'MODEL_INVALID', 'STORE_UNAVAILABLE'] as const;

/** Why there was no model then, or that the last good one went on, is in the entry. */
const modelAsItWas = (body: DecisionBody, model: CompiledModel | null): Judgement['model'] => {
  const cause = body.degraded.find(({ part }) => part === 'ANOMALY')?.cause;
  const fault = modelFaults.find((known) => known === cause);
  return model ? { model, degraded: null } : { model: null, degraded: fault ?? 'NO_MODEL' };
};

const firstDifference = (
  recorded: Readonly<Record<string, unknown>>,
  recomputed: Readonly<Record<string, unknown>>,
): { readonly field: string; readonly recorded: unknown; readonly recomputed: unknown } | null => {
  for (const field of new Set([...Object.keys(recomputed), ...Object.keys(recorded)])) {
    const [was, is] = [recorded[field], recomputed[field]];
    if ((was === undefined) !== (is === undefined) || (was !== undefined && canonicalText(was) !== canonicalText(is))) {
      return { field, recorded: was, recomputed: is };
    }
  }
  return null;
};
