import { type AuditEntry, type DecisionBody, occurredAtText } from '../domain/audit.ts';
import { ByteReader, ByteWriter, listOf } from '../domain/bytes.ts';
import { countedMinor } from '../domain/decide.ts';
import type { Anomaly, Decision, Degradation, Reason } from '../domain/decision.ts';
import { featureNames } from '../domain/features.ts';
import type { MerchantFigures } from '../domain/merchant.ts';
import { outcomes } from '../domain/outcome.ts';
import { namedSignals, signalNames } from '../domain/signals/names.ts';
import { formatInstant } from '../domain/time.ts';
import type { Transaction } from '../domain/transaction.ts';
import type { Payment } from '../domain/window.ts';
import type { Item } from '../ports/ports.ts';
import { auditKey, decisionKey, prefixes } from '../store/names.ts';

/**
 * DECISION and AUDIT items: packed, so that each stays under one write unit, one truth stored once. What a reader sees - texts,
 * explanation, field names - is rendered from these facts.
 */

const codecVersion = 1;
const hashBytes = 32;
const causes = [
  'LATE',
  'NO_MODEL',
  'NOT_AVAILABLE',
  'NO_RATE',
  'MODEL_INVALID',
  'STORE_UNAVAILABLE',
  'RULE_FAILED',
] as const satisfies readonly Degradation['cause'][];
/** Stands for a name that is not in the list it would be an index of. */
const otherName = 255;

export interface StoredDecision {
  readonly tenant: string;
  readonly correlationId: string | null;
  /** The account's chain. */
  readonly chain: string;
  /** Age of the message when it was received from the queue, milliseconds; null for the synchronous route. */
  readonly queueAgeMs: number | null;
  readonly decision: Decision;
  /** The personal fields are gone: they read as empty. */
  readonly erased: boolean;
}

export function decisionItem({ tenant, correlationId, chain, queueAgeMs, decision, erased }: StoredDecision): Item {
  const writer = new ByteWriter();
  writer.byte(codecVersion);
  writer.byte((correlationId === null ? 0 : 1) | (queueAgeMs === null ? 0 : 2) | (erased ? 4 : 0) | (decision.late ? 8 : 0));
  writer.text(chain);
  if (correlationId !== null) writer.text(correlationId);
  if (queueAgeMs !== null) writer.unsigned(queueAgeMs);
  writeTransaction(writer, decision.transaction);
  writer.unsigned(decision.receivedAtMs).signed(decision.decidedAtMs - decision.receivedAtMs);
  writer.byte(
    outcomes.indexOf(decision.outcome) |
      ((decision.previousOutcome === null ? 3 : outcomes.indexOf(decision.previousOutcome)) << 2),
  );
  writer.number(decision.score).unsigned(decision.sequence).hex(decision.hash);
  writer.unsigned(decision.policyVersion).number(decision.modelVersion);
  for (const value of decision.signals) writer.number(value);
  writer.unsigned(decision.triggered);
  for (const times of decision.triggers24h) writer.unsigned(times);
  writer.unsigned(decision.reasons.length);
  for (const reason of decision.reasons) writeReason(writer, reason, decision.signals);
  writeDegraded(writer, decision.degraded);
  writeAnomaly(writer, decision.anomaly);
  writeFeatures(writer, decision.features);
  return { ...decisionKey(tenant, decision.transaction.transactionId), d: writer.finish() };
}

export const isDecisionItem = (item: Item): boolean => item.pk.startsWith(prefixes.decision);

/** Throws a RangeError for an item that is no decision. */
export function decisionFromItem(item: Item): StoredDecision {
  const [, tenant, transactionId] = item.pk.split('#');
  const reader = readerOf(item, 'd');
  if (!tenant || !transactionId) throw new RangeError(`no decision item: ${item.pk}`);
  const flags = reader.byte();
  const chain = reader.text();
  const correlationId = flags & 1 ? reader.text() : null;
  const queueAgeMs = flags & 2 ? reader.unsigned() : null;
  const transaction = readTransaction(reader, transactionId);
  const receivedAtMs = reader.unsigned();
  const decidedAtMs = receivedAtMs + reader.signed();
  const both = reader.byte();
  const score = reader.number() ?? 0;
  const sequence = reader.unsigned();
  const hash = reader.hex(hashBytes);
  const policyVersion = reader.unsigned();
  const modelVersion = reader.number();
  const signals = readSignals(reader);
  const triggered = reader.unsigned();
  const triggers24h = listOf(signalNames.length, () => reader.unsigned());
  const reasons = listOf(reader.unsigned(), () => readReason(reader, signals));
  const degraded = readDegraded(reader);
  const anomaly = readAnomaly(reader);
  const features = readFeatures(reader);
  const decision: Decision = {
    transaction,
    receivedAtMs,
    decidedAtMs,
    outcome: outcomes[both & 3] ?? 'BLOCK',
    score,
    previousOutcome: outcomes[both >> 2] ?? null,
    reasons,
    signals,
    triggered,
    triggers24h,
    anomaly,
    features,
    degraded,
    late: (flags & 8) !== 0,
    policyVersion,
    modelVersion,
    sequence,
    hash,
  };
  return { tenant, correlationId, chain, queueAgeMs, decision, erased: (flags & 4) !== 0 };
}

/** One more AUDIT item; `transaction` and `decision` hold the exact values that the body writes as text. */
export function auditItem(
  { body, hash }: AuditEntry,
  { transaction, receivedAtMs, decidedAtMs, triggered, signals }: Decision,
): Item {
  const writer = new ByteWriter();
  writer.byte(codecVersion);
  writer.hex(hash).hex(body.previousHash).hex(body.fingerprint).hex(body.policyHash);
  writer.text(body.transactionId).unsigned(transaction.occurredAtMs).signed(transaction.offsetMinutes);
  writer.unsigned(receivedAtMs).signed(decidedAtMs - receivedAtMs);
  writer.unsigned(body.amountMinor).text(body.currency).number(body.spendMinor);
  writer.bytes(Buffer.from(body.sealed, 'base64')).unsigned(body.secretVersion);
  for (const value of signals) writer.number(value);
  writer.unsigned(triggered);
  writer.byte(
    (body.merchant ? 1 : 0) | (body.late ? 2 : 0) | (body.modelHash === null ? 0 : 4) | (outcomes.indexOf(body.outcome) << 4),
  );
  if (body.merchant) {
    const { labelled, frauds, riskShort, riskLong } = body.merchant;
    writer.unsigned(labelled).unsigned(frauds).number(riskShort).number(riskLong);
  }
  writer.unsigned(body.lists.length);
  for (const list of body.lists) writer.text(list);
  writeDegraded(writer, body.degraded);
  writer.number(body.score).unsigned(body.policyVersion).number(body.modelVersion);
  if (body.modelHash !== null) writer.hex(body.modelHash);
  return { ...auditKey(body.chain, body.sequence), p: writer.finish() };
}

export const isAuditItem = (item: Item): boolean => item.pk.startsWith(prefixes.audit);

export interface StoredEntry {
  readonly body: Record<string, unknown>;
  readonly hash: string;
}

/** The entry as the chain hashes it; of every event. Throws a RangeError for an item that is none. */
export function auditFromItem(item: Item): StoredEntry {
  if (typeof item.body === 'string' && typeof item.hash === 'string') return { body: JSON.parse(item.body), hash: item.hash };
  const { body, hash } = entryOf(item);
  return { body: body as unknown as Record<string, unknown>, hash };
}

/** What the windows need of a row; null for an entry that is no payment. */
export function paymentFromItem(item: Item): Payment | null {
  if (!(item.p instanceof Uint8Array)) return null;
  const { occurredAtMs, spendMinor, outcome, triggered, late } = unpackEntry(item);
  return { occurredAtMs, spendMinor: countedMinor(spendMinor, outcome), triggered, late };
}

/** The packed values as they stand; `entryOf` makes of them the texts that are hashed, which windows have no use for. */
function unpackEntry(item: Item) {
  const reader = readerOf(item, 'p');
  const hashes = reader.raw(4 * hashBytes);
  const transactionId = reader.text();
  const occurredAtMs = reader.unsigned();
  const offsetMinutes = reader.signed();
  const receivedAtMs = reader.unsigned();
  const decidedAtMs = receivedAtMs + reader.signed();
  const amountMinor = reader.unsigned();
  const currency = reader.text();
  const spendMinor = reader.number();
  const sealed = reader.bytes();
  const secretVersion = reader.unsigned();
  const signals = readSignals(reader);
  const triggered = reader.unsigned();
  const flags = reader.byte();
  const merchant: MerchantFigures | null =
    flags & 1
      ? { labelled: reader.unsigned(), frauds: reader.unsigned(), riskShort: reader.number(), riskLong: reader.number() }
      : null;
  const lists = listOf(reader.unsigned(), () => reader.text());
  const degraded = readDegraded(reader);
  const score = reader.number() ?? 0;
  const policyVersion = reader.unsigned();
  const modelVersion = reader.number();
  const modelHash = flags & 4 ? reader.hex(hashBytes) : null;
  return {
    hashes,
    transactionId,
    occurredAtMs,
    offsetMinutes,
    receivedAtMs,
    decidedAtMs,
    amountMinor,
    currency,
    spendMinor,
    sealed,
    secretVersion,
    signals,
    triggered,
    merchant,
    lists,
    degraded,
    late: (flags & 2) !== 0,
    outcome: outcomes[flags >> 4] ?? ('BLOCK' as const),
    score,
    policyVersion,
    modelVersion,
    modelHash,
  };
}

function entryOf(item: Item): { body: DecisionBody; hash: string } {
  const entry = unpackEntry(item);
  const hashes = new ByteReader(entry.hashes);
  const hash = hashes.hex(hashBytes);
  const previousHash = hashes.hex(hashBytes);
  const fingerprint = hashes.hex(hashBytes);
  const policyHash = hashes.hex(hashBytes);
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
    signals: namedSignals(entry.signals),
    triggered: signalNames.filter((_, i) => entry.triggered & (1 << i)),
    merchant: entry.merchant,
    lists: entry.lists,
    degraded: entry.degraded,
    late: entry.late,
    outcome: entry.outcome,
    score: entry.score,
    policyVersion: entry.policyVersion,
    policyHash,
    modelVersion: entry.modelVersion,
    modelHash: entry.modelHash,
  };
  return { body, hash };
}

function readerOf(item: Item, attribute: string): ByteReader {
  const bytes = item[attribute];
  if (!(bytes instanceof Uint8Array))
    throw new RangeError(`the item ${item.pk} / ${item.sk} has no packed attribute "${attribute}"`);
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== codecVersion) throw new RangeError(`the item ${item.pk} / ${item.sk} is packed in unknown version ${version}`);
  return reader;
}

function writeTransaction(writer: ByteWriter, transaction: Transaction): void {
  const { channel, deviceId, merchantId, merchantCategory, location, metadata } = transaction;
  const optional = [channel, deviceId, merchantId, merchantCategory];
  let present = (location ? 16 : 0) | (metadata ? 32 : 0);
  for (const [i, text] of optional.entries()) if (text !== null) present |= 1 << i;
  writer.byte(present).text(transaction.userId).text(transaction.accountId);
  writer.unsigned(transaction.occurredAtMs).signed(transaction.offsetMinutes);
  writer.unsigned(transaction.amountMinor).text(transaction.currency);
  for (const text of optional) if (text !== null) writer.text(text);
  if (location) writer.number(location.latitude).number(location.longitude);
  if (metadata) writer.text(JSON.stringify(metadata));
}

function readTransaction(reader: ByteReader, transactionId: string): Transaction {
  const present = reader.byte();
  return {
    transactionId,
    userId: reader.text(),
    accountId: reader.text(),
    occurredAtMs: reader.unsigned(),
    offsetMinutes: reader.signed(),
    amountMinor: reader.unsigned(),
    currency: reader.text(),
    channel: present & 1 ? reader.text() : null,
    deviceId: present & 2 ? reader.text() : null,
    merchantId: present & 4 ? reader.text() : null,
    merchantCategory: present & 8 ? reader.text() : null,
    location: present & 16 ? { latitude: reader.number() ?? 0, longitude: reader.number() ?? 0 } : null,
    metadata: present & 32 ? JSON.parse(reader.text()) : null,
  };
}

const readSignals = (reader: ByteReader): (number | null)[] => listOf(signalNames.length, () => reader.number());

/** Reasons that are no signal's are named by what follows one of these; the last stands for any name. */
const reasonPrefixes = ['RULE:', 'LIST:', ''] as const;

/** A signal's reason repeats its value, so the value is not written. */
function writeReason(writer: ByteWriter, reason: Reason, signals: readonly (number | null)[]): void {
  const index = signalNames.indexOf(reason.signal as (typeof signalNames)[number]);
  if (index >= 0 && signals[index] === reason.value) writer.byte(index);
  else {
    const kind = reasonPrefixes.findIndex((prefix) => reason.signal.startsWith(prefix));
    writer
      .byte(otherName - kind)
      .text(reason.signal.slice(reasonPrefixes[kind]!.length))
      .number(reason.value);
  }
  writer.number(reason.threshold).number(reason.points).number(reason.usual);
}

function readReason(reader: ByteReader, signals: readonly (number | null)[]): Reason {
  const index = reader.byte();
  const prefix = reasonPrefixes[otherName - index];
  const signal = prefix === undefined ? (signalNames[index] ?? '') : prefix + reader.text();
  const value = prefix === undefined ? (signals[index] ?? null) : reader.number();
  return { signal, value, threshold: reader.number(), points: reader.number() ?? 0, usual: reader.number() };
}

function writeDegraded(writer: ByteWriter, degraded: readonly Degradation[]): void {
  writer.unsigned(degraded.length);
  for (const { part, cause } of degraded) {
    const index = signalNames.indexOf(part as (typeof signalNames)[number]);
    if (index >= 0) writer.byte(index);
    else writer.byte(otherName).text(part);
    writer.byte(causes.indexOf(cause));
  }
}

const readDegraded = (reader: ByteReader): Degradation[] =>
  listOf(reader.unsigned(), () => {
    const index = reader.byte();
    const part = index === otherName ? reader.text() : (signalNames[index] ?? '');
    const cause = causes[reader.byte()];
    if (!cause) throw new RangeError('unknown cause of a degradation');
    return { part, cause };
  });

/** Shares of the anomaly score have 4 decimals. */
const pointSteps = 10_000;

function writeAnomaly(writer: ByteWriter, anomaly: Anomaly | null): void {
  writer.byte(anomaly ? 1 : 0);
  if (!anomaly) return;
  writer.number(anomaly.score).number(anomaly.percentile).unsigned(anomaly.contributions.length);
  for (const { feature, points } of anomaly.contributions) {
    const index = featureNames.indexOf(feature as (typeof featureNames)[number]);
    if (index >= 0) writer.byte(index);
    else writer.byte(otherName).text(feature);
    writer.signed(Math.round(points * pointSteps));
  }
}

function readAnomaly(reader: ByteReader): Anomaly | null {
  if (reader.byte() === 0) return null;
  const score = reader.number() ?? 0;
  const percentile = reader.number() ?? 0;
  const contributions = listOf(reader.unsigned(), () => {
    const index = reader.byte();
    const feature = index === otherName ? reader.text() : (featureNames[index] ?? '');
    return { feature, points: reader.signed() / pointSteps };
  });
  return { score, percentile, contributions };
}

function writeFeatures(writer: ByteWriter, features: Decision['features']): void {
  writer.unsigned(features === null ? 0 : features.length);
  for (const value of features ?? []) writer.float24(value);
}

function readFeatures(reader: ByteReader): Decision['features'] {
  const count = reader.unsigned();
  return count === 0 ? null : listOf(count, () => reader.float24());
}
