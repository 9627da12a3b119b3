import { type FeatureName, featureNames } from './features.ts';
import type { LearnedFacts } from './model.ts';
import { type SignalName, signalNames } from './signals/names.ts';

/** Points per bin of each variable. A value x falls into bin i when edges[i-1] <= x < edges[i]. */
export interface Scorecard {
  /** Points of a payment that is usual in everything. */
  readonly base: number;
  readonly variables: readonly ScorecardVariable[];
}

interface ScorecardVariable {
  /** A feature's or signal's name, or `percentile`. */
  readonly name: string;
  /** Ascending. */
  readonly edges: readonly number[];
  /** One more than edges. */
  readonly points: readonly number[];
  /** Of a value that could not be computed. */
  readonly missing: number;
}

/** The bin of a value: the number of edges at or below it. */
export const binOf = (edges: readonly number[], value: number): number => {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value >= edges[middle]!) low = middle + 1;
    else high = middle;
  }
  return low;
};

/** Everything a scorecard may look at, in the order in which its training rows hold them. */
export const scorecardVariables: readonly string[] = [
  'percentile',
  ...featureNames,
  ...signalNames.filter((name) => name !== 'ANOMALY'),
];

/** How a variable is read; null when it could not be computed. Throws a RangeError for an unknown name. */
export const readerOf = (name: string): ((facts: LearnedFacts) => number | null) => {
  if (name === 'percentile') return (facts) => facts.percentile;
  const feature = featureNames.indexOf(name as FeatureName);
  if (feature >= 0) return (facts) => facts.features[feature]!;
  const signal = signalNames.indexOf(name as SignalName);
  if (signal >= 0) return (facts) => facts.signals[signal] ?? null;
  throw new RangeError(`scorecard: there is no variable ${name}`);
};
