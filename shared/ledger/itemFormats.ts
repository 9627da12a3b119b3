import type { DecisionBody } from '../domain/audit.ts';
import {
  bytes,
  float24,
  hex,
  json,
  list,
  number,
  numberOrNull,
  orNull,
  perName,
  raw,
  record,
  signed,
  text,
  unsigned,
} from '../domain/codecs.ts';
import type { Anomaly, Cause, Decision, Degradation, Reason } from '../domain/decision.ts';
import type { DecidedEntities } from '../domain/entityFigures.ts';
import { type Codec, type Counts, fieldsOf, type Layout, type Names } from '../domain/fields.ts';
import { outcomes } from '../domain/outcome.ts';
import type { RowFormat } from '../domain/rowFormat.ts';
import type { Place, Transaction } from '../domain/transaction.ts';
import { entities, entityFormat } from './entityFormats.ts';
import { merchant, merchantTraffic } from './merchantFormats.ts';

/** The tables by which DECISION and AUDIT items are packed and read. */

export const hashBytes = 32;

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

/** An audit entry as it is packed: exact values in place of the texts that are hashed. */
export interface PackedEntry
  extends Omit<
    DecisionBody,
    | 'chain'
    | 'sequence'
    | 'event'
    | 'at'
    | 'occurredAt'
    | 'receivedAt'
    | 'previousHash'
    | 'fingerprint'
    | 'policyHash'
    | 'sealed'
    | 'signals'
    | 'triggered'
    | 'entities'
  > {
  /** Of the entry, of the one before it, of the inputs and of the policy. */
  readonly hashes: Uint8Array;
  readonly occurredAtMs: number;
  readonly offsetMinutes: number;
  readonly receivedAtMs: number;
  readonly decidedAtMs: number;
  readonly sealed: Uint8Array;
  readonly signals: readonly (number | null)[];
  /** Bit i = signal i triggered. */
  readonly triggered: number;
  readonly entities: DecidedEntities | null;
}

/** Stands for a name that is not in the list it would be a position of. */
const otherName = 255;

/** A name by its position among those that the row refers to, or as text. */
const nameIn = (names: keyof Names): Codec<string> => ({
  write: (writer, name, _, layout) => {
    const position = positionOf(name, names, layout);
    if (position >= 0) writer.byte(position);
    else writer.byte(otherName).text(name);
  },
  read: (reader, _, layout) => {
    const position = reader.byte();
    return position === otherName ? reader.text() : nameAt(position, names, layout);
  },
});

const positionOf = (name: string, names: keyof Names, layout: Layout): number => {
  const position = layout.names[names].indexOf(name);
  return position < layout.counts[names] ? position : -1;
};

const nameAt = (position: number, names: keyof Names, layout: Layout): string => {
  const name = position < layout.counts[names] ? layout.names[names][position] : undefined;
  if (name === undefined) throw new RangeError(`position ${position} in a list of ${layout.counts[names]} ${names}`);
  return name;
};

/** Reasons that are no signal's are named by what follows one of these; the last stands for any name. */
const reasonPrefixes = ['RULE:', 'LIST:', ''] as const;

const ofReason = fieldsOf<Reason>();
const reasonRest = record([
  ofReason.field('threshold', numberOrNull),
  ofReason.field('points', number),
  ofReason.field('usual', numberOrNull),
]);

/** A signal's reason repeats its value, so the value is not written. */
const reason: Codec<Reason, Pick<Decision, 'signals'>> = {
  write: (writer, value, { signals }, layout) => {
    const position = positionOf(value.signal, 'signals', layout);
    if (position >= 0 && signals[position] === value.value) writer.byte(position);
    else {
      const kind = reasonPrefixes.findIndex((prefix) => value.signal.startsWith(prefix));
      writer
        .byte(otherName - kind)
        .text(value.signal.slice(reasonPrefixes[kind]!.length))
        .number(value.value);
    }
    reasonRest.write(writer, value, {}, layout);
  },
  read: (reader, { signals }, layout) => {
    const position = reader.byte();
    const prefix = reasonPrefixes[otherName - position];
    const named =
      prefix === undefined
        ? { signal: nameAt(position, 'signals', layout), value: signals![position] ?? null }
        : { signal: prefix + reader.text(), value: reader.number() };
    return { ...named, ...reasonRest.read(reader, {}, layout) };
  },
};

const cause: Codec<Cause> = {
  write: (writer, value, _, layout) => writer.byte(positionOf(value, 'causes', layout)),
  read: (reader, _, layout) => nameAt(reader.byte(), 'causes', layout) as Cause,
};

const ofDegradation = fieldsOf<Degradation>();
const degradation = record([ofDegradation.field('part', nameIn('signals')), ofDegradation.field('cause', cause)]);

/** Shares of the anomaly score have 4 decimals. */
const pointSteps = 10_000;
const share: Codec<number> = {
  write: (writer, points) => writer.signed(Math.round(points * pointSteps)),
  read: (reader) => reader.signed() / pointSteps,
};

const ofContribution = fieldsOf<Anomaly['contributions'][number]>();
const ofAnomaly = fieldsOf<Anomaly>();
const anomaly = record([
  ofAnomaly.field('score', number),
  ofAnomaly.field('percentile', number),
  ofAnomaly.field(
    'contributions',
    list(record([ofContribution.field('feature', nameIn('features')), ofContribution.field('points', share)])),
  ),
]);

/** None for null. */
const features: Codec<Decision['features']> = {
  write: (writer, values, row, layout) => list(float24).write(writer, values ?? [], row, layout),
  read: (reader, row, layout) => {
    const values = list(float24).read(reader, row, layout);
    return values.length === 0 ? null : values;
  },
};

const ofPlace = fieldsOf<Place>();
const ofTransaction = fieldsOf<Transaction>();
const transactionFields = [
  ofTransaction.bits(
    ofTransaction.present('channel'),
    ofTransaction.present('deviceId'),
    ofTransaction.present('merchantId'),
    ofTransaction.present('merchantCategory'),
    ofTransaction.present('location'),
    ofTransaction.present('metadata'),
  ),
  ofTransaction.field('userId', text),
  ofTransaction.field('accountId', text),
  ofTransaction.field('occurredAtMs', unsigned),
  ofTransaction.field('offsetMinutes', signed),
  ofTransaction.field('amountMinor', unsigned),
  ofTransaction.field('currency', text),
  ofTransaction.optional('channel', text),
  ofTransaction.optional('deviceId', text),
  ofTransaction.optional('merchantId', text),
  ofTransaction.optional('merchantCategory', text),
  ofTransaction.optional('location', record([ofPlace.field('latitude', number), ofPlace.field('longitude', number)])),
  ofTransaction.optional('metadata', json()),
  ofTransaction.since(entityFormat, 'ipAddress', orNull(text), null),
  ofTransaction.since(entityFormat, 'beneficiaryId', orNull(text), null),
  ofTransaction.since(entityFormat, 'instrumentId', orNull(text), null),
];

const ofDecision = fieldsOf<Decision>();
const decisionFields = [
  ofDecision.inside('transaction', transactionFields),
  ofDecision.field('receivedAtMs', unsigned),
  ofDecision.distance('decidedAtMs', 'receivedAtMs', signed),
  ofDecision.bits(ofDecision.choice('outcome', outcomes), ofDecision.choice('previousOutcome', [...outcomes, null])),
  ofDecision.field('score', number),
  ofDecision.field('sequence', unsigned),
  ofDecision.field('hash', hex(hashBytes)),
  ofDecision.field('policyVersion', unsigned),
  ofDecision.field('modelVersion', numberOrNull),
  ofDecision.field('signals', perName('signals', numberOrNull)),
  ofDecision.field('triggered', unsigned),
  ofDecision.field('triggers24h', perName('signals', unsigned)),
  ofDecision.field('reasons', list(reason)),
  ofDecision.field('degraded', list(degradation)),
  ofDecision.field('anomaly', orNull(anomaly)),
  ofDecision.field('features', features),
  ofDecision.since(entityFormat, 'entities', entities, null),
];

const ofStored = fieldsOf<StoredDecision>();

/** `tenant` and the transaction's id are in the item's key. */
export const decisionFormat: RowFormat<StoredDecision> = {
  kind: 'decision',
  fields: [
    ofStored.bits(
      ofStored.present('correlationId'),
      ofStored.present('queueAgeMs'),
      ofStored.flag('erased'),
      ofStored.bitsInside('decision', ofDecision.flag('late')),
    ),
    ofStored.field('chain', text),
    ofStored.optional('correlationId', text),
    ofStored.optional('queueAgeMs', unsigned),
    ofStored.inside('decision', decisionFields),
  ],
  counts: ({ decision }, names) => ({
    ...countsOf(decision, names),
    features: Math.max(
      decision.features?.length ?? 0,
      ...(decision.anomaly?.contributions ?? []).map(({ feature }) => names.features.indexOf(feature) + 1),
    ),
  }),
};

const ofEntry = fieldsOf<PackedEntry>();

/** Chain and sequence are the item's key. */
export const entryFormat: RowFormat<PackedEntry> = {
  kind: 'audit entry',
  fields: [
    ofEntry.field('hashes', raw(4 * hashBytes)),
    ofEntry.field('transactionId', text),
    ofEntry.field('occurredAtMs', unsigned),
    ofEntry.field('offsetMinutes', signed),
    ofEntry.field('receivedAtMs', unsigned),
    ofEntry.distance('decidedAtMs', 'receivedAtMs', signed),
    ofEntry.field('amountMinor', unsigned),
    ofEntry.field('currency', text),
    ofEntry.field('spendMinor', numberOrNull),
    ofEntry.field('sealed', bytes),
    ofEntry.field('secretVersion', unsigned),
    ofEntry.field('signals', perName('signals', numberOrNull)),
    ofEntry.field('triggered', unsigned),
    ofEntry.bits(
      ofEntry.present('merchant'),
      ofEntry.flag('late'),
      ofEntry.present('modelHash'),
      ofEntry.unused(1),
      ofEntry.choice('outcome', outcomes),
    ),
    ofEntry.optional('merchant', merchant),
    ofEntry.field('lists', list(text)),
    ofEntry.field('degraded', list(degradation)),
    ofEntry.field('score', number),
    ofEntry.field('policyVersion', unsigned),
    ofEntry.field('modelVersion', numberOrNull),
    ofEntry.optional('modelHash', hex(hashBytes)),
    ofEntry.since(entityFormat, 'entities', entities, null),
    merchantTraffic,
  ],
  counts: (entry, names) => ({ ...countsOf(entry, names), features: 0 }),
};

const countsOf = (
  { signals, degraded }: { readonly signals: readonly unknown[]; readonly degraded: readonly Degradation[] },
  names: Names,
): Omit<Counts, 'features'> => ({
  signals: signals.length,
  causes: Math.max(0, ...degraded.map(({ cause }) => names.causes.indexOf(cause) + 1)),
});
