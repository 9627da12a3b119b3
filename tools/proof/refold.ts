import { parseInstant } from '../../shared/contract/time.ts';
import { paymentOf } from '../../shared/domain/accountAfter.ts';
import { canonicalBody, type DecisionBody, personalInputs } from '../../shared/domain/audit.ts';
import { type Arrival, decide, type Judgement, type RowsRead } from '../../shared/domain/decide.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import { entityReadings } from '../../shared/domain/entities.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { addGap, type Payment } from '../../shared/domain/spans.ts';
import { type AccountState, newAccount } from '../../shared/domain/state.ts';
import { canonicalText } from '../../shared/proof/canonical.ts';
import type { AuditEntry } from '../../shared/proof/entry.ts';
import type { SecretSealer } from '../../shared/secrets/sealer.ts';

/** What a replay needs beside the chain. What is asked for by version must be that version: hashes are compared. */
export interface ReplayWorld {
  /** Of the account; without it the sealed inputs stay closed. */
  readonly salt: Uint8Array;
  readonly sealerOf: (secretVersion: number) => Promise<SecretSealer>;
  /** Null when the version is not kept. */
  readonly policyOf: (version: number) => Promise<CompiledPolicy | null>;
  readonly modelOf: (version: number) => Promise<CompiledModel | null>;
}

/** What one entry comes to when it is made anew. */
export type RefoldStep =
  | { readonly kind: 'decided'; readonly decision: Decision }
  /** An entry of another event: it counts in the chain and decides nothing. */
  | { readonly kind: 'other' }
  /** The first field that differs, by name. */
  | { readonly kind: 'differs'; readonly field: string; readonly recorded: unknown; readonly recomputed: unknown }
  /** It cannot be made anew, and why. */
  | { readonly kind: 'impossible'; readonly text: string };

/** As in the ledger: one payment asks for its account's rows so often at most. */
const rowReadsMax = 200;

/**
 * Folds the entries of a chain, in order from its first: each decision is made anew by the function that made it, from the sealed inputs,
 * the merchant figures and list hits of the entry, and the policy and model that it names. Keeps the account's payments in memory, about
 * 100 bytes each. After `differs` or `impossible` it is of no more use.
 */
export class Refold {
  readonly #world: ReplayWorld;
  readonly #payments: (Payment | null)[] = [];
  #account: AccountState;

  constructor(world: ReplayWorld) {
    this.#world = world;
    this.#account = newAccount('', world.salt, 0);
  }

  /** The account after the last entry. */
  get account(): AccountState {
    return this.#account;
  }

  /** Throws what reading policy, model or secret throws. */
  async next({ body, hash }: AuditEntry): Promise<RefoldStep> {
    const { sequence } = body;
    const account = this.#account;
    if (sequence !== account.sequence + 1) {
      return {
        kind: 'impossible',
        text: `entry ${account.sequence + 1} is missing: a refold begins at entry 1 and leaves none out`,
      };
    }
    if (body.event !== 'DECISION_MADE') {
      this.#account = { ...account, chain: body.chain, sequence, head: hash, spans: addGap(account.spans) };
      this.#payments.push(null);
      return { kind: 'other' };
    }
    const recorded = body as unknown as DecisionBody;
    const prepared = await prepare(recorded, this.#world);
    if (typeof prepared === 'string') return { kind: 'impossible', text: prepared };
    const before = account.payments === 0 ? firstSeen(account, recorded, this.#world.salt) : account;
    const { account: after, decision, entry } = this.#decided(before, prepared);
    if (hash !== entry.hash || canonicalText(body) !== canonicalBody(entry.body)) {
      const difference = firstDifference(body, { ...entry.body });
      return { kind: 'differs', ...(difference ?? { field: 'hash', recorded: hash, recomputed: entry.hash }) };
    }
    this.#account = after;
    this.#payments.push(paymentOf(decision, entry.body.spendMinor));
    return { kind: 'decided', decision };
  }

  #decided(account: AccountState, { arrival, judgement }: Prepared) {
    const read: RowsRead[] = [];
    let step = decide(account, arrival, judgement);
    for (let reads = 0; step.kind === 'rowsNeeded'; reads++) {
      if (reads === rowReadsMax)
        throw new RangeError(`entry ${account.sequence + 1} needs more than ${rowReadsMax} reads of its account's rows`);
      const { fromSequence, toSequence } = step.rows;
      read.push({ fromSequence, payments: this.#payments.slice(fromSequence - 1, toSequence) });
      step = decide(account, arrival, judgement, read);
    }
    return step;
  }
}

export interface Prepared {
  readonly arrival: Arrival;
  readonly judgement: Judgement;
}

/** The account at its first payment; what came before it in the chain stays counted. */
const firstSeen = (account: AccountState, { chain, receivedAt }: DecisionBody, salt: Uint8Array) => {
  const { sequence, head } = account;
  return { ...newAccount(chain, salt, Date.parse(receivedAt)), sequence, head };
};

/** The arrival as it was, or why it can't be had. */
export const prepare = async (
  body: DecisionBody,
  { salt, sealerOf, policyOf, modelOf }: ReplayWorld,
): Promise<Prepared | string> => {
  const occurred = parseInstant(body.occurredAt);
  if (!occurred) return `occurredAt is ${body.occurredAt}; allowed: RFC 3339`;
  const policy = await policyOf(body.policyVersion);
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

export const firstDifference = (
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
