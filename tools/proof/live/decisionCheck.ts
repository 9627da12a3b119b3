import { isDeepStrictEqual } from 'node:util';
import { occurredAtText } from '../../../shared/domain/audit.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { recordedSignals, signalNames } from '../../../shared/domain/signals/names.ts';
import type { AccountState } from '../../../shared/domain/state.ts';
import { decodeState, encodeState } from '../../../shared/domain/stateCodec.ts';
import { formatInstant } from '../../../shared/domain/time.ts';
import { decisionFromItem, decisionItem, type StoredDecision } from '../../../shared/ledger/items.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';

/** The first member that a stored decision has otherwise than its audit entry, or null. Personal fields are in the entry only sealed. */
export const differenceFromEntry = ({ chain, decision }: StoredDecision, { body, hash }: AuditEntry): string | null => {
  const { transaction } = decision;
  const said: Readonly<Record<string, unknown>> = {
    chain,
    sequence: decision.sequence,
    at: formatInstant(decision.decidedAtMs),
    transactionId: transaction.transactionId,
    occurredAt: occurredAtText(transaction),
    receivedAt: formatInstant(decision.receivedAtMs),
    amountMinor: transaction.amountMinor,
    currency: transaction.currency,
    signals: recordedSignals(decision.signals),
    triggered: signalNames.filter((_, i) => decision.triggered & (1 << i)),
    degraded: decision.degraded,
    late: decision.late,
    outcome: decision.outcome,
    score: decision.score,
    policyVersion: decision.policyVersion,
    modelVersion: decision.modelVersion,
  };
  const different = Object.keys(said).find((name) => !isDeepStrictEqual(said[name], body[name]));
  return different ?? (decision.hash === hash ? null : 'hash');
};

/** What the version that wrote a row did not know is missing at the end of these. */
const growing = new Set(['signals', 'triggers24h', 'features']);

/** The first member that a stored decision has otherwise than the one made anew, or null. */
export const differenceFromRefold = (item: Item, stored: StoredDecision, decision: Decision): string | null => {
  const anew = decisionItem({ ...stored, decision });
  if (Buffer.compare(bytesOf(anew.d), bytesOf(item.d)) === 0) return null;
  return firstDifference(stored.decision, decisionFromItem(anew).decision);
};

/** The first member that a stored state has otherwise than the account made anew, or null. */
export const differenceOfState = (stored: AccountState, account: AccountState): string | null => {
  const [packed, anew] = [encodeState(stored), encodeState(account)];
  if (Buffer.compare(packed, anew) === 0 && stored.sequence === account.sequence) return null;
  return firstDifference(stored, decodeState(anew, account.sequence));
};

const firstDifference = <Record extends object>(stored: Record, anew: Record): string | null => {
  for (const name of Object.keys(anew) as (keyof Record & string)[]) {
    const [was, is]: unknown[] = [stored[name], anew[name]];
    const known = growing.has(name) && Array.isArray(was) && Array.isArray(is) ? is.slice(0, was.length) : is;
    if (isDeepStrictEqual(was, known)) continue;
    if (name !== 'transaction') return name;
    const inner = firstDifference(was as object, is as object);
    if (inner !== null) return inner;
  }
  return null;
};

const bytesOf = (value: unknown): Uint8Array => (value instanceof Uint8Array ? value : new Uint8Array());
