import { beneficiaryIdPattern } from '../../../shared/contract/ids.ts';
import { metadataLimits } from '../../../shared/contract/transaction.ts';
import { currencyExponents } from '../../../shared/domain/currency.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';
import {
  array,
  choice,
  closed,
  count,
  flag,
  hash,
  id,
  number,
  object,
  optional,
  orNull,
  outcome,
  page,
  refer,
  type Schema,
  score,
  sequence,
  signal,
  text,
  time,
  transactionId,
} from './parts.ts';
import { label, reviewSchemas } from './reviews.ts';
import { settingsSchemas } from './settings.ts';

/** JSON Schemas (2020-12) of everything on the wire, by the name the OpenAPI document gives them. Answers may grow further fields. */

export type { Schema } from './parts.ts';

export const reference = (name: keyof typeof schemas | 'Policy'): Schema => ({ $ref: `#/components/schemas/${name}` });

/** A date and time that parseInstant takes; whether the day exists is said by the format. */
const occurredAt: Schema = {
  ...time,
  pattern: '^20\\d\\d-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d(\\.\\d{1,9})?(Z|[+-]\\d\\d:\\d\\d)$',
  description:
    'RFC 3339 with Z or an offset up to 14:00; the local hour is read from the offset. At most 5 minutes ahead of receipt.',
};

const transaction = closed(
  object(
    {
      transactionId: { ...transactionId, description: 'Chosen by the caller, the same again on a retry' },
      userId: id,
      accountId: id,
      occurredAt,
      amountMinor: {
        type: 'integer',
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: 'In minor units of the currency',
      },
      currency: { ...choice(Object.keys(currencyExponents).sort()), description: 'An active ISO 4217 code' },
      channel: optional(id),
      deviceId: optional(id),
      merchantId: optional(id),
      merchantCategory: optional(id),
      ipAddress: optional({
        type: 'string',
        anyOf: [{ format: 'ipv4' }, { format: 'ipv6' }],
        description: 'IPv4 or IPv6 without a zone; IPv6 is counted by its /64, an IPv4-mapped address as IPv4',
      }),
      beneficiaryId: optional({
        type: 'string',
        pattern: beneficiaryIdPattern,
        description: "Who is paid: a payee's account, handle or wallet",
      }),
      instrumentId: optional({
        ...id,
        description: 'What is paid with: a token of a card or bank account, never a card number',
      }),
      location: optional(
        closed(
          object({
            latitude: { type: 'number', minimum: -90, maximum: 90 },
            longitude: { type: 'number', minimum: -180, maximum: 180 },
          }),
        ),
      ),
      metadata: optional({
        type: 'object',
        maxProperties: metadataLimits.pairs,
        propertyNames: { minLength: 1, maxLength: metadataLimits.keyCharacters },
        additionalProperties: { type: 'string', maxLength: metadataLimits.valueCharacters },
      }),
    },
    [
      'channel',
      'deviceId',
      'merchantId',
      'merchantCategory',
      'ipAddress',
      'beneficiaryId',
      'instrumentId',
      'location',
      'metadata',
    ],
  ),
);

const fault = object({ pointer: text, detail: text });

const rowResult = object(
  {
    index: count,
    transactionId: orNull(id),
    status: choice(['QUEUED', 'REJECTED', 'FAILED']),
    errors: array(refer('Fault')),
  },
  ['errors'],
);

const batchResult: Readonly<Record<string, Schema>> = {
  accepted: count,
  rejected: count,
  failed: { ...count, description: 'Not taken for no fault of their own: send them again' },
  results: array(refer('RowResult')),
};

const problem = {
  type: text,
  title: text,
  status: { type: 'integer' },
  detail: text,
  correlationId: text,
  errors: array(refer('Fault')),
} as const;

const nullablePersonal = { description: 'Null once erased' };

const entityFigures = object({
  accounts1h: count,
  accounts24h: count,
  payments1h: count,
  payments24h: count,
  amount24hMinor: { ...orNull(count), description: 'In base minor units; null when the payment has no rate' },
  amountPartial: { ...flag, description: 'Another payment had no rate, or was summed in another base currency' },
  frauds: { ...count, description: 'Of the last 90 days, labelled by now' },
  late: { ...flag, description: 'The payment is 60 s or more older than the newest on the entity' },
  saturated: { ...flag, description: 'The figures are lower bounds' },
});

const shareOrNull: Schema = orNull({ type: 'number', minimum: 0, maximum: 1 });

/** What the stream counted is lagged and approximate. */
const merchantNow = object(
  {
    labelled: count,
    frauds: count,
    riskShort: shareOrNull,
    riskLong: shareOrNull,
    accounts1h: number,
    payments1h: number,
    newDeviceShare1h: shareOrNull,
    flaggedShare1h: shareOrNull,
    usualAccounts1h: orNull(number),
    usualPayments1h: orNull(number),
    usualNewDeviceShare: shareOrNull,
    usualFlaggedShare: shareOrNull,
    trafficAsOf: { ...time, description: 'The time of the newest payment that was counted' },
  },
  [
    'accounts1h',
    'payments1h',
    'newDeviceShare1h',
    'flaggedShare1h',
    'usualAccounts1h',
    'usualPayments1h',
    'usualNewDeviceShare',
    'usualFlaggedShare',
    'trafficAsOf',
  ],
);

const decision = object(
  {
    transactionId: id,
    userId: { ...orNull(id), ...nullablePersonal },
    accountId: { ...orNull(id), ...nullablePersonal },
    occurredAt: { ...orNull(time), ...nullablePersonal },
    receivedAt: time,
    decidedAt: time,
    outcome,
    score,
    transition: { type: 'string', description: 'NEW, NO_CHANGE, or from->to' },
    reasons: array(
      object(
        {
          signal: { type: 'string', description: "A signal's name, RULE:<id>, LIST:<name> or MODEL" },
          value: orNull(number),
          threshold: orNull(number),
          points: number,
          usual: number,
          text: orNull(text),
        },
        ['usual'],
      ),
    ),
    signals: object(Object.fromEntries(signalNames.map((name) => [name, object({ value: orNull(number), triggered: flag })]))),
    explanation: text,
    anomaly: orNull(
      object({
        score: { type: 'number', minimum: 0, maximum: 1 },
        percentile: { type: 'number', minimum: 0, maximum: 100 },
        contributions: array(object({ feature: text, points: number })),
      }),
    ),
    entities: {
      type: 'object',
      additionalProperties: orNull(entityFigures),
      description:
        'By kind, one for each entity that the payment names; null where degraded says why. Left out when it names none.',
    },
    degraded: array(
      object(
        {
          part: { type: 'string', description: "A signal's name, MODEL, POLICY or ENTITY:<kind>" },
          cause: text,
          rule: text,
        },
        ['rule'],
      ),
    ),
    late: flag,
    duplicate: flag,
    erased: { const: true },
    counterfactual: orNull(object({ change: {}, outcome })),
    label: { ...orNull(label), description: 'What became known of it; of GET /decisions/{transactionId} alone' },
    policyVersion: count,
    modelVersion: orNull(count),
    audit: object({ sequence, hash }),
  },
  ['entities', 'erased', 'counterfactual', 'label'],
);

const decisionItem = object(
  {
    transactionId: orNull(id),
    userId: orNull(id),
    accountId: orNull(id),
    occurredAt: orNull(time),
    decidedAt: time,
    amountMinor: orNull({ type: 'integer' }),
    currency: orNull(text),
    outcome,
    score,
    signals: array(signal),
    anomalyPercentile: orNull({ type: 'number' }),
    travelKmh: orNull({ type: 'number' }),
    distanceKm: {
      ...orNull({ type: 'number' }),
      description: "From the middle of the account's places before it, 0 for its first; null without a place",
    },
  },
  ['anomalyPercentile', 'travelKmh', 'distanceKm'],
);

export const schemas = {
  Transaction: transaction,
  Batch: closed(object({ transactions: array(refer('Transaction'), { minItems: 1, maxItems: 500 }) })),
  Queued: object({ transactionId: id, status: { const: 'QUEUED' } }),
  BatchResult: object(batchResult),
  RowResult: rowResult,
  Fault: fault,
  Problem: object(problem, ['errors']),
  BatchProblem: object({ ...problem, ...batchResult }, ['errors', ...Object.keys(batchResult)]),
  Decision: decision,
  DecisionPage: page(decisionItem),
  SignalPage: page(
    object({
      transactionId: id,
      userId: id,
      accountId: id,
      signal,
      value: orNull(number),
      threshold: orNull(number),
      decidedAt: time,
    }),
  ),
  Standing: object({
    userId: id,
    accountId: id,
    transactionId: id,
    outcome,
    score,
    decidedAt: time,
    transition: text,
    triggers: { type: 'object', propertyNames: signal, additionalProperties: count },
    explanation: text,
  }),
  Entity: object({
    kind: { ...id, description: "device, ip, beneficiary, instrument, a policy's own kind or merchant" },
    id: { ...text, description: 'As it is counted: of an IPv6 address the first address of its /64' },
    asOf: time,
    figures: { anyOf: [entityFigures, merchantNow] },
    firstSeenAt: { ...orNull(time), description: 'Time of decision; null for a merchant whose traffic is not known' },
    lastSeenAt: { ...orNull(time), description: 'Time of decision; null for a merchant whose traffic is not known' },
  }),
  EntityAccountPage: page(object({ userId: id, accountId: id, firstSeenAt: time, lastSeenAt: time })),
  UserAccountPage: page(object({ userId: id, accountId: id })),
  SearchResult: object({
    items: array(
      object({
        kind: choice(['transaction', 'account', 'user', 'device', 'ip', 'beneficiary', 'instrument', 'merchant']),
        id: text,
        link: { ...text, description: 'Relative path of the route that answers it' },
      }),
    ),
  }),
  AuditPage: page(
    object({
      body: object({ chain: text, sequence, previousHash: hash, event: text, at: time }),
      hash,
      inputs: orNull({ type: 'object' }),
      proof: object({
        state: {
          ...choice(['CHECKPOINTED', 'CHAINED', 'UNKNOWN']),
          description:
            'CHECKPOINTED: a signed checkpoint holds it. CHAINED: its chain alone, so far. UNKNOWN: the checkpoints cannot be read now.',
        },
        checkpoint: orNull(sequence),
      }),
    }),
    {
      archivedThrough: {
        ...sequence,
        description: 'On the first page, where the rows through this entry have left the table: they come by export',
      },
    },
  ),
  SystemAuditPage: page(object({ body: object({ chain: text, sequence, previousHash: hash, event: text, at: time }), hash })),
  ...reviewSchemas,
  ...settingsSchemas,
} as const satisfies Record<string, Schema>;

export type SchemaName = keyof typeof schemas;
