import { countedMinor } from '../domain/accountAfter.ts';
import { type DecisionBody, type DecisionEntry, occurredAtText } from '../domain/audit.ts';
import { ByteReader } from '../domain/bytes.ts';
import type { Decision } from '../domain/decision.ts';
import type { Names } from '../domain/fields.ts';
import { knownNames } from '../domain/knownNames.ts';
import { DamagedRow, packRow, unpackRow } from '../domain/rowFormat.ts';
import { recordedSignals, type SignalName } from '../domain/signals/names.ts';
import type { Payment } from '../domain/spans.ts';
import { formatInstant } from '../domain/time.ts';
import type { Item } from '../ports/ports.ts';
import { auditKey, decisionKey, prefixes } from '../store/names.ts';
import { decisionFormat, entryFormat, hashBytes, type PackedEntry, type StoredDecision } from './itemFormats.ts';

export type { StoredDecision } from './itemFormats.ts';

export const isDecisionItem = (item: Item): boolean => item.pk.startsWith(prefixes.decision);

export const isAuditItem = (item: Item): boolean => item.pk.startsWith(prefixes.audit);

/**
 * Writers and readers of DECISION and AUDIT items: packed, so that each stays under one write unit, one truth stored once. What a
 * person sees - texts, explanation, field names - is rendered from these facts. `names` are the lists that rows refer to by position.
 * Readers throw NewerRow for a row that refers to more than these, and DamagedRow for an item that is no such row.
 */
export const itemsWith = (names: Names) => {
  /** The packed values as they stand; `entryOf` makes of them the texts that are hashed, which windows have no use for. */
  const unpackEntry = (item: Item): PackedEntry => unpackRow(entryFormat, packedOf(item, 'p'), names, nameOf(item));

  const entryOf = (item: Item): { readonly body: DecisionBody; readonly hash: string } => {
    const entry = unpackEntry(item);
    const reader = new ByteReader(entry.hashes);
    const hash = reader.hex(hashBytes);
    const previousHash = reader.hex(hashBytes);
    const fingerprint = reader.hex(hashBytes);
    const policyHash = reader.hex(hashBytes);
    const body: DecisionBody = {
      chain: item.pk.slice(prefixes.audit.length),
      sequence: Number(item.sk),
      previousHash,
      event: 'DECISION_MADE',
      at: formatInstant(entry.decidedAtMs),
      transactionId: entry.transactionId,
      occurredAt: occurredAtText(entry),
      receivedAt: formatInstant(entry.receivedAtMs),
      amountMinor: entry.amountMinor,
      currency: entry.currency,
      spendMinor: entry.spendMinor,
      fingerprint,
      sealed: Buffer.from(entry.sealed).toString('base64'),
      secretVersion: entry.secretVersion,
      signals: recordedSignals(entry.signals, names.signals),
      triggered: names.signals.filter((_, i) => entry.triggered & (1 << i)) as SignalName[],
      merchant: entry.merchant,
      lists: entry.lists,
      degraded: entry.degraded,
      ...(entry.entities !== null && { entities: entry.entities }),
      late: entry.late,
      outcome: entry.outcome,
      score: entry.score,
      policyVersion: entry.policyVersion,
      policyHash,
      modelVersion: entry.modelVersion,
      modelHash: entry.modelHash,
    };
    return { body, hash };
  };

  return {
    decisionItem: (stored: StoredDecision): Item => ({
      ...decisionKey(stored.tenant, stored.decision.transaction.transactionId),
      d: packRow(decisionFormat, stored, names),
    }),

    decisionFromItem: (item: Item): StoredDecision => {
      const [, tenant, transactionId] = item.pk.split('#');
      if (!tenant || !transactionId) throw new DamagedRow(`the item ${nameOf(item)} is no decision`);
      const decision = { transaction: { transactionId } } as Decision;
      return unpackRow(decisionFormat, packedOf(item, 'd'), names, nameOf(item), { tenant, decision });
    },

    /** One more AUDIT item; the decision holds the exact values that the body writes as text. */
    auditItem: ({ body, hash }: DecisionEntry, decision: Decision): Item => {
      const { transaction, receivedAtMs, decidedAtMs, triggered, signals } = decision;
      const packed: PackedEntry = {
        ...body,
        hashes: Buffer.from(hash + body.previousHash + body.fingerprint + body.policyHash, 'hex'),
        occurredAtMs: transaction.occurredAtMs,
        offsetMinutes: transaction.offsetMinutes,
        receivedAtMs,
        decidedAtMs,
        sealed: Buffer.from(body.sealed, 'base64'),
        signals,
        triggered,
        entities: decision.entities,
      };
      return { ...auditKey(body.chain, body.sequence), p: packRow(entryFormat, packed, names) };
    },

    /** The entry as the chain hashes it; of every event. */
    auditFromItem: (item: Item): { readonly body: Readonly<Record<string, unknown>>; readonly hash: string } => {
      if (typeof item.body === 'string' && typeof item.hash === 'string') return { body: JSON.parse(item.body), hash: item.hash };
      const { body, hash } = entryOf(item);
      return { body: body as unknown as Record<string, unknown>, hash };
    },

    /** What the windows need of a row; null for an entry that is no payment. */
    paymentFromItem: (item: Item): Payment | null => {
      if (!(item.p instanceof Uint8Array)) return null;
      const { occurredAtMs, spendMinor, outcome, triggered, late } = unpackEntry(item);
      return { occurredAtMs, spendMinor: countedMinor(spendMinor, outcome), triggered, late };
    },
  };
};

export const { decisionItem, decisionFromItem, auditItem, auditFromItem, paymentFromItem } = itemsWith(knownNames);

const nameOf = ({ pk, sk }: Item): string => `${pk} / ${sk}`;

function packedOf(item: Item, attribute: string): Uint8Array {
  const bytes = item[attribute];
  if (bytes instanceof Uint8Array) return bytes;
  throw new DamagedRow(`the item ${nameOf(item)} has no packed attribute "${attribute}"`);
}
