import type { Decision, Degradation } from './decision.ts';
import type { DecidedEntities, EntityFigures } from './entityFigures.ts';
import type { MerchantFigures, TrafficFigures } from './merchant.ts';
import type { Outcome } from './outcome.ts';
import { type RecordedSignals, recordedSignals, type SignalName, signalNames } from './signals/names.ts';
import { formatInstant } from './time.ts';
import type { Transaction } from './transaction.ts';

/** What the first entry of a chain names as the hash before it. */
export const zeroHash = '0'.repeat(64);

/** One decision as its account's chain keeps it. Anyone can check the chain with nothing but SHA-256 and RFC 8785. */
export interface DecisionBody {
  readonly chain: string;
  readonly sequence: number;
  /** Lower-case hex; 64 zeros in the first entry. */
  readonly previousHash: string;
  readonly event: 'DECISION_MADE';
  /** Time of the decision. */
  readonly at: string;
  readonly transactionId: string;
  readonly occurredAt: string;
  readonly receivedAt: string;
  readonly amountMinor: number;
  readonly currency: string;
  /** The amount in base minor units when decided; null without a rate. */
  readonly spendMinor: number | null;
  /** Keyed digest of the personal inputs, lower-case hex: tells two inputs apart, tells nothing of them without the key. */
  readonly fingerprint: string;
  /** The personal inputs, encrypted; base64. */
  readonly sealed: string;
  readonly secretVersion: number;
  /** Of the version that decided: a later version adds signals, and leaves this entry as it is. */
  readonly signals: RecordedSignals;
  readonly triggered: readonly SignalName[];
  readonly merchant: MerchantFigures | null;
  /** Lists that hit. */
  readonly lists: readonly string[];
  readonly degraded: readonly Degradation[];
  /** Left out for a payment without entities, as 0.1 left it out of all. */
  readonly entities?: DecidedEntities;
  readonly late: boolean;
  readonly outcome: Outcome;
  readonly score: number;
  readonly policyVersion: number;
  readonly policyHash: string;
  readonly modelVersion: number | null;
  readonly modelHash: string | null;
}

export interface DecisionEntry {
  readonly body: DecisionBody;
  /** Lower-case hex SHA-256 of the RFC 8785 form of `body`. */
  readonly hash: string;
}

/** What is personal in a transaction: sealed in the chain, gone when the account's salt is destroyed. */
export type PersonalInputs = Pick<
  Transaction,
  | 'userId'
  | 'accountId'
  | 'channel'
  | 'deviceId'
  | 'merchantId'
  | 'merchantCategory'
  | 'ipAddress'
  | 'beneficiaryId'
  | 'instrumentId'
  | 'location'
  | 'metadata'
>;

/** The cryptography of the chain, as the domain needs it: pure functions of their arguments and of a master secret. */
export interface Sealer {
  readonly secretVersion: number;
  /** Encrypts under the key of the account that holds `salt`; the same input gives the same output. */
  seal(salt: Uint8Array, plaintext: string): { readonly sealed: string; readonly fingerprint: string };
  /** Lower-case hex SHA-256 of the text's UTF-8. */
  hash(text: string): string;
}

/**
 * The text that is sealed: a JSON array, so that field names take no room. `personalInputs` reads it back. The fields that 0.2 brought
 * are left out when none of them is given, so that the text, and its fingerprint, is that of 0.1.
 */
export const personalText = ({
  userId,
  accountId,
  channel,
  deviceId,
  merchantId,
  merchantCategory,
  ipAddress,
  beneficiaryId,
  instrumentId,
  location,
  metadata,
}: PersonalInputs): string =>
  JSON.stringify([
    userId,
    accountId,
    channel,
    deviceId,
    merchantId,
    merchantCategory,
    location && [location.latitude, location.longitude],
    metadata && Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1)),
    ...(ipAddress === null && beneficiaryId === null && instrumentId === null ? [] : [ipAddress, beneficiaryId, instrumentId]),
  ]);

export function personalInputs(text: string): PersonalInputs {
  const [userId, accountId, channel, deviceId, merchantId, merchantCategory, place, metadata, ...later] = JSON.parse(text);
  const [ipAddress = null, beneficiaryId = null, instrumentId = null] = later;
  return {
    userId,
    accountId,
    channel,
    deviceId,
    merchantId,
    merchantCategory,
    ipAddress,
    beneficiaryId,
    instrumentId,
    location: place && { latitude: place[0], longitude: place[1] },
    metadata: metadata && Object.fromEntries(metadata),
  };
}

/** All of a decision that its audit entry is made of, beside the decision itself. */
export interface EntryContext {
  readonly chain: string;
  readonly previousHash: string;
  readonly salt: Uint8Array;
  readonly spendMinor: number | null;
  readonly merchant: MerchantFigures | null;
  readonly lists: readonly string[];
  readonly policyHash: string;
  readonly modelHash: string | null;
}

export function decisionEntry(decision: Omit<Decision, 'hash'>, facts: EntryContext, sealer: Sealer): DecisionEntry {
  const { transaction } = decision;
  const { sealed, fingerprint } = sealer.seal(facts.salt, personalText(transaction));
  const body: DecisionBody = {
    chain: facts.chain,
    sequence: decision.sequence,
    previousHash: facts.previousHash,
    event: 'DECISION_MADE',
    at: formatInstant(decision.decidedAtMs),
    transactionId: transaction.transactionId,
    occurredAt: occurredAtText(transaction),
    receivedAt: formatInstant(decision.receivedAtMs),
    amountMinor: transaction.amountMinor,
    currency: transaction.currency,
    spendMinor: facts.spendMinor,
    fingerprint,
    sealed,
    secretVersion: sealer.secretVersion,
    signals: recordedSignals(decision.signals),
    triggered: signalNames.filter((_, i) => decision.triggered & (1 << i)),
    merchant: facts.merchant,
    lists: facts.lists,
    degraded: decision.degraded,
    ...(decision.entities !== null && { entities: decision.entities }),
    late: decision.late,
    outcome: decision.outcome,
    score: decision.score,
    policyVersion: decision.policyVersion,
    policyHash: facts.policyHash,
    modelVersion: decision.modelVersion,
    modelHash: facts.modelHash,
  };
  return { body, hash: sealer.hash(canonicalBody(body)) };
}

/**
 * The RFC 8785 form of a decision's entry: fields in the order of their names, no white space, numbers and texts as ECMAScript writes
 * them. The same text as a general canonicaliser gives, in a fraction of its time.
 */
export function canonicalBody(body: DecisionBody): string {
  const { merchant } = body;
  let signals = '';
  for (const name of sortedNames(body.signals)) signals += `${signals === '' ? '' : ','}"${name}":${body.signals[name]}`;
  let degraded = '';
  for (const { cause, part } of body.degraded)
    degraded += `${degraded === '' ? '' : ','}{"cause":"${cause}","part":${JSON.stringify(part)}}`;
  const figures =
    merchant &&
    `{"frauds":${merchant.frauds},"labelled":${merchant.labelled},"riskLong":${merchant.riskLong},"riskShort":${merchant.riskShort}` +
      `${canonicalTraffic(merchant.traffic)}}`;
  const entities = body.entities === undefined ? '' : `,"entities":${canonicalEntities(body.entities)}`;
  return (
    `{"amountMinor":${body.amountMinor},"at":"${body.at}","chain":"${body.chain}","currency":"${body.currency}","degraded":[${degraded}]` +
    `${entities},"event":"${body.event}","fingerprint":"${body.fingerprint}","late":${body.late},"lists":${JSON.stringify(body.lists)},"merchant":${figures}` +
    `,"modelHash":${body.modelHash === null ? 'null' : `"${body.modelHash}"`},"modelVersion":${body.modelVersion},"occurredAt":"${body.occurredAt}"` +
    `,"outcome":"${body.outcome}","policyHash":"${body.policyHash}","policyVersion":${body.policyVersion},"previousHash":"${body.previousHash}"` +
    `,"receivedAt":"${body.receivedAt}","score":${body.score},"sealed":"${body.sealed}","secretVersion":${body.secretVersion}` +
    `,"sequence":${body.sequence},"signals":{${signals}},"spendMinor":${body.spendMinor},"transactionId":${JSON.stringify(body.transactionId)}` +
    `,"triggered":${JSON.stringify(body.triggered)}}`
  );
}

const canonicalTraffic = (traffic: TrafficFigures | undefined): string =>
  traffic === undefined
    ? ''
    : `,"traffic":{"accounts1h":${traffic.accounts1h},"asOfMs":${traffic.asOfMs},"flaggedShare1h":${traffic.flaggedShare1h}` +
      `,"newDeviceShare1h":${traffic.newDeviceShare1h},"payments1h":${traffic.payments1h},"usualAccounts1h":${traffic.usualAccounts1h}` +
      `,"usualFlaggedShare":${traffic.usualFlaggedShare},"usualNewDeviceShare":${traffic.usualNewDeviceShare}` +
      `,"usualPayments1h":${traffic.usualPayments1h}}`;

const canonicalEntities = (entities: DecidedEntities): string => {
  const kinds = Object.keys(entities).sort();
  return `{${kinds.map((kind) => `${JSON.stringify(kind)}:${canonicalFigures(entities[kind]!)}`).join(',')}}`;
};

const canonicalFigures = (figures: EntityFigures | null): string => {
  if (figures === null) return 'null';
  return (
    `{"accounts1h":${figures.accounts1h},"accounts24h":${figures.accounts24h},"amount24hMinor":${figures.amount24hMinor}` +
    `,"amountPartial":${figures.amountPartial},"frauds":${figures.frauds},"late":${figures.late},"payments1h":${figures.payments1h}` +
    `,"payments24h":${figures.payments24h},"saturated":${figures.saturated}}`
  );
};

const allSorted = [...signalNames].sort();

/** An entry of this version has every signal: those names are sorted once. */
const sortedNames = (signals: RecordedSignals): readonly SignalName[] => {
  const names = Object.keys(signals) as SignalName[];
  return names.length === allSorted.length ? allSorted : names.sort();
};

export const occurredAtText = ({ occurredAtMs, offsetMinutes }: Pick<Transaction, 'occurredAtMs' | 'offsetMinutes'>): string =>
  formatInstant(occurredAtMs, offsetMinutes);
