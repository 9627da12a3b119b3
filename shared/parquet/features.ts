import { featureNames } from '../domain/features.ts';
import { outcomes } from '../domain/outcome.ts';
import { firstCounts } from '../domain/rowFormat.ts';
import { signalNames } from '../domain/signals/names.ts';
import type { ArchivedDecision, ArchivedLabel } from '../model/archive.ts';
import type { Columns, Field, Row } from './file.ts';

const snake = (name: string): string =>
  name
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .replaceAll(/([a-z])(\d)/g, '$1_$2')
    .toLowerCase();

export const featureColumn = (name: string): string => `feature_${snake(name)}`;
export const signalColumn = (name: string): string => `signal_${name.toLowerCase()}`;

/** Of 0.1: every decision has them. */
const firstFeatures: readonly string[] = featureNames.slice(0, firstCounts.features);

const transactionFields: readonly Field[] = [
  { name: 'tenant', type: 'text', nullable: false, unit: null, meaning: 'whose transaction it is' },
  { name: 'transaction_id', type: 'text', nullable: false, unit: null, meaning: "the producer's id, unique for the tenant" },
];

export const signalFields: readonly Field[] = signalNames.map((name) => ({
  name: signalColumn(name),
  type: 'double',
  nullable: true,
  unit: 'of the signal',
  meaning: `value of the signal ${name}; null: could not be computed`,
}));

/** What the model saw of a decision; a feature's column is found by its name, so files of another set of features stay readable. */
export const featureFields: readonly Field[] = [
  ...transactionFields,
  { name: 'occurred_at', type: 'instant', nullable: false, unit: 'UTC', meaning: 'when the payment occurred' },
  { name: 'outcome', type: 'text', nullable: false, unit: null, meaning: outcomes.join(', ') },
  ...featureNames.map(
    (name): Field => ({
      name: featureColumn(name),
      type: 'double',
      nullable: !firstFeatures.includes(name),
      unit: 'of the feature',
      meaning: `the feature ${name}, as the model saw it${firstFeatures.includes(name) ? '' : '; null: decided by a version without it'}`,
    }),
  ),
  ...signalFields,
];

export const labelFields: readonly Field[] = [
  ...transactionFields,
  { name: 'known_at', type: 'instant', nullable: false, unit: 'UTC', meaning: 'when it became known' },
  { name: 'fraud', type: 'flag', nullable: false, unit: null, meaning: 'true: fraud; false: legitimate' },
];

export const rowOfDecision = ({ tenant, transactionId, occurredAtMs, outcome, features, signals }: ArchivedDecision): Row => {
  const row: Record<string, unknown> = { tenant, transaction_id: transactionId, occurred_at: occurredAtMs, outcome };
  for (let i = 0; i < featureColumns.length; i++) row[featureColumns[i]!] = features[i] ?? null;
  for (let i = 0; i < signalColumns.length; i++) row[signalColumns[i]!] = signals[i] ?? null;
  return row;
};

export const rowOfLabel = ({ tenant, transactionId, knownAtMs, fraud }: ArchivedLabel): Row => ({
  tenant,
  transaction_id: transactionId,
  known_at: knownAtMs,
  fraud,
});

const featureColumns = featureNames.map(featureColumn);
const signalColumns = signalNames.map(signalColumn);

/** The decisions of a file, each with the features that its version knew; null for a file without one of those of 0.1. */
export const decisionsOf = (columns: Columns): readonly ArchivedDecision[] | null => {
  const known = featureColumns.map((name) => columns.of(name) as readonly (number | null)[] | undefined);
  const features = known.slice(0, known.includes(undefined) ? known.indexOf(undefined) : known.length);
  if (features.length < firstFeatures.length) return null;
  const signals = signalColumns.map((name) => columns.of(name) as readonly (number | null)[] | undefined);
  const [tenant, id, at, outcome] = ['tenant', 'transaction_id', 'occurred_at', 'outcome'].map((name) => columns.of(name)!);
  return Array.from({ length: columns.rows }, (_, i) => ({
    kind: 'decision',
    tenant: tenant![i] as string,
    transactionId: id![i] as string,
    occurredAtMs: at![i] as number,
    outcome: outcome![i] as ArchivedDecision['outcome'],
    features: numbersIn(features.map((column) => column![i]!)),
    signals: signals.map((column) => column?.[i] ?? null),
  }));
};

/** Up to the first that is null. */
const numbersIn = (values: readonly (number | null)[]): readonly number[] => {
  const end = values.indexOf(null);
  return (end < 0 ? values : values.slice(0, end)) as readonly number[];
};

export const labelsOf = (columns: Columns): readonly ArchivedLabel[] => {
  const [tenant, id, at, fraud] = ['tenant', 'transaction_id', 'known_at', 'fraud'].map((name) => columns.of(name)!);
  return Array.from({ length: columns.rows }, (_, i) => ({
    kind: 'label',
    tenant: tenant![i] as string,
    transactionId: id![i] as string,
    knownAtMs: at![i] as number,
    fraud: fraud![i] as boolean,
  }));
};
