import type { DecisionBody } from '../domain/audit.ts';
import { outcomes } from '../domain/outcome.ts';
import { type SignalName, signalNames } from '../domain/signals/names.ts';
import { formatInstant } from '../domain/time.ts';
import type { ArchivedEntry } from '../proof/archive.ts';
import { canonicalText } from '../proof/canonical.ts';
import { signalColumn, signalFields } from './features.ts';
import { type Field, holds, type Row } from './file.ts';

const field = (name: string, type: Field['type'], meaning: string, unit: string | null = null): Field => ({
  name,
  type,
  nullable: true,
  unit,
  meaning,
});
const always = (given: Field): Field => ({ ...given, nullable: false });

/** One audit entry a row: all that its body says, so that the entry itself can be made of it again. */
export const entryFields: readonly Field[] = [
  always(field('hash', 'text', "the entry's hash, lower-case hex SHA-256")),
  always(field('chain', 'text', 'the chain it belongs to: one of an account, or the system chain of a tenant')),
  always(field('sequence', 'int64', 'its place in the chain', 'from 1')),
  always(field('previous_hash', 'text', 'the hash of the entry before; 64 zeros for the first')),
  always(field('event', 'text', 'DECISION_MADE, REVIEWED, ERASED, or an event of a system chain')),
  always(field('written_at', 'instant', 'when it was written: the time of the decision', 'UTC')),
  field('transaction_id', 'text', 'the transaction it is about'),
  field('occurred_at', 'instant', 'when the payment occurred', 'UTC'),
  field('occurred_offset_minutes', 'int32', "the producer's offset from UTC", 'minutes'),
  field('received_at', 'instant', 'when the payment was received', 'UTC'),
  field('amount_minor', 'int64', 'the amount', 'minor units of currency'),
  field('currency', 'text', 'ISO 4217 code'),
  field('spend_minor', 'int64', 'the amount at the rate of the decision; null: no rate', 'base minor units'),
  field('fingerprint', 'text', 'keyed digest of the personal inputs, lower-case hex'),
  field(
    'sealed',
    'bytes',
    "the personal inputs, encrypted under the account's key; unreadable for ever once the account is erased",
  ),
  field('secret_version', 'int32', 'the version of the master secret it is sealed under'),
  ...signalFields,
  field('signal_count', 'int32', 'how many of these signals the version that decided knew, from the first on', 'signals'),
  field('triggered', 'text', 'names of the signals that triggered, by commas'),
  field('merchant_labelled', 'int64', "the merchant's labelled transactions known then; null: no merchant", 'transactions'),
  field('merchant_frauds', 'int64', "the merchant's frauds known then", 'transactions'),
  field('merchant_risk_short', 'double', "the merchant's share of fraud, half-life 2 days", '0..1'),
  field('merchant_risk_long', 'double', "the merchant's share of fraud, half-life 10 days", '0..1'),
  field('lists', 'text', 'lists that hit, a JSON array'),
  field('degraded', 'text', 'parts that the decision was made without, a JSON array of {part, cause}'),
  field('entities', 'text', 'figures of the entities that the payment names, a JSON object by kind; null: it names none'),
  field('late', 'flag', 'whether the payment was too late for its windows'),
  field('outcome', 'text', outcomes.join(', ')),
  field('score', 'double', 'the score of the decision', '0..100'),
  field('policy_version', 'int32', 'the policy that decided'),
  field('policy_hash', 'text', 'its hash, lower-case hex'),
  field('model_version', 'int32', 'the model that scored; null: none'),
  field('model_hash', 'text', 'its hash, lower-case hex'),
  field('expires_at', 'instant', 'from when its row may be gone from the table; null: never', 'UTC'),
  field('rest', 'text', 'what the body says beyond these columns, a JSON object; null for a decision'),
];

const signalColumns = signalNames.map((name): [SignalName, string] => [name, signalColumn(name)]);

/** The columns of an entry, from which `entryOfRow` makes exactly this entry again. */
export const rowOfEntry = (entry: ArchivedEntry): Row => {
  const { body } = entry;
  const row = entry.body.event === 'DECISION_MADE' ? rowOfDecision(entry) : rowOfEvent(entry);
  const fits = row !== null && entryFields.every((one) => holds(one, row[one.name]));
  if (fits && canonicalText(entryOfRow(row).body) === canonicalText(body)) return row;
  // A body of another form: kept whole.
  return { ...common(entry), transaction_id: textOrNull(body.transactionId), rest: canonicalText(body) };
};

const common = ({ body, hash, expiresAt }: ArchivedEntry): Row => ({
  ...empty,
  hash,
  chain: body.chain,
  sequence: body.sequence,
  previous_hash: body.previousHash,
  event: body.event,
  written_at: Date.parse(body.at),
  expires_at: expiresAt === undefined ? null : expiresAt * 1_000,
});

const empty: Row = Object.fromEntries(entryFields.map(({ name }) => [name, null]));

const rowOfEvent = (entry: ArchivedEntry): Row => {
  const { chain: _c, sequence: _s, previousHash: _p, event: _e, at: _a, ...rest } = entry.body;
  return { ...common(entry), transaction_id: textOrNull(rest.transactionId), rest: canonicalText(rest) };
};

/** Null where a field is not of its kind: the body is of another form. */
const rowOfDecision = (entry: ArchivedEntry): Row | null => {
  const body = entry.body as unknown as DecisionBody;
  const { merchant } = body;
  const isOfForm =
    [body.occurredAt, body.receivedAt, body.sealed].every((text) => typeof text === 'string') &&
    [body.triggered, body.lists, body.degraded].every(Array.isArray) &&
    typeof body.signals === 'object';
  if (!isOfForm) return null;
  const row: Record<string, unknown> = {
    ...common(entry),
    transaction_id: body.transactionId,
    occurred_at: Date.parse(body.occurredAt),
    occurred_offset_minutes: offsetMinutesOf(body.occurredAt),
    received_at: Date.parse(body.receivedAt),
    amount_minor: body.amountMinor,
    currency: body.currency,
    spend_minor: body.spendMinor,
    fingerprint: body.fingerprint,
    sealed: new Uint8Array(Buffer.from(body.sealed, 'base64')),
    secret_version: body.secretVersion,
    triggered: body.triggered.join(','),
    merchant_labelled: merchant?.labelled ?? null,
    merchant_frauds: merchant?.frauds ?? null,
    merchant_risk_short: merchant?.riskShort ?? null,
    merchant_risk_long: merchant?.riskLong ?? null,
    lists: JSON.stringify(body.lists),
    degraded: JSON.stringify(body.degraded),
    signal_count: Object.keys(body.signals).length,
    entities: body.entities === undefined ? null : JSON.stringify(body.entities),
    late: body.late,
    outcome: body.outcome,
    score: body.score,
    policy_version: body.policyVersion,
    policy_hash: body.policyHash,
    model_version: body.modelVersion,
    model_hash: body.modelHash,
  };
  for (const [name, column] of signalColumns) row[column] = body.signals[name] ?? null;
  return row;
};

/** The entry that a row was made of. */
export const entryOfRow = (row: Row): ArchivedEntry => {
  const rest = row.rest === null ? null : (JSON.parse(row.rest as string) as Record<string, unknown>);
  const body = {
    chain: row.chain as string,
    sequence: row.sequence as number,
    previousHash: row.previous_hash as string,
    event: row.event as string,
    at: formatInstant(row.written_at as number),
    ...(rest ?? decisionOfRow(row)),
  };
  const entry = { body, hash: row.hash as string };
  return row.expires_at === null ? entry : { ...entry, expiresAt: (row.expires_at as number) / 1_000 };
};

const decisionOfRow = (row: Row) => ({
  transactionId: row.transaction_id,
  occurredAt: formatInstant(row.occurred_at as number, row.occurred_offset_minutes as number),
  receivedAt: formatInstant(row.received_at as number),
  amountMinor: row.amount_minor,
  currency: row.currency,
  spendMinor: row.spend_minor,
  fingerprint: row.fingerprint,
  sealed: Buffer.from(row.sealed as Uint8Array).toString('base64'),
  secretVersion: row.secret_version,
  signals: Object.fromEntries(signalColumns.slice(0, row.signal_count as number).map(([name, column]) => [name, row[column]])),
  triggered: row.triggered === '' ? [] : (row.triggered as string).split(','),
  merchant:
    row.merchant_labelled === null
      ? null
      : {
          labelled: row.merchant_labelled,
          frauds: row.merchant_frauds,
          riskShort: row.merchant_risk_short,
          riskLong: row.merchant_risk_long,
        },
  lists: JSON.parse(row.lists as string),
  degraded: JSON.parse(row.degraded as string),
  ...(typeof row.entities === 'string' && { entities: JSON.parse(row.entities) }),
  late: row.late,
  outcome: row.outcome,
  score: row.score,
  policyVersion: row.policy_version,
  policyHash: row.policy_hash,
  modelVersion: row.model_version,
  modelHash: row.model_hash,
});

const textOrNull = (value: unknown): string | null => (typeof value === 'string' ? value : null);

const offsetMinutesOf = (text: string): number => {
  const [, sign, hours, minutes] = /([+-])(\d\d):(\d\d)$/.exec(text) ?? [];
  const offset = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  return sign === '-' ? -offset : offset;
};
