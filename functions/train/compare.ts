import { averagePrecision } from './metrics.ts';

/** What two models gave the same payments; `labels` where they are known: 1 fraud, 0 honest. */
export interface Comparison {
  readonly challenger: Float64Array;
  readonly champion: Float64Array;
  /** Percentiles of both, for the share of alerts at the review budget. */
  readonly labels: readonly (0 | 1 | null)[];
}

export interface Verdict {
  /** Null: no worse. */
  readonly reason: string | null;
  readonly metrics: Readonly<Record<string, number>>;
}

/** Percentile from which a payment counts as an alert: a review budget of 1 %. */
const alertPercentile = 99;
/** Average precision may fall by this before a model counts as worse: noise of the seed. */
const precisionSlack = 0.02;
/** Alerts may grow to this multiple of the champion's, and to 2 % at least. */
const alertGrowthMax = 1.5;
const alertShareMin = 0.02;
/** A population stability index above this means that the scale has shifted. */
const stabilityMax = 0.25;
const labelledFraudsMin = 20;

/**
 * Is the challenger no worse on the same payments? Average precision over the labelled ones, the share of alerts, and the population
 * stability index of the percentiles.
 */
export const compare = ({ challenger, champion, labels }: Comparison): Verdict => {
  const known = [...labels.keys()].filter((i) => labels[i] !== null);
  const knownLabels = Uint8Array.from(known, (i) => labels[i]!);
  const frauds = knownLabels.reduce((sum, label) => sum + label, 0);
  const precisionOf = (scores: Float64Array): number =>
    frauds === 0
      ? 0
      : averagePrecision(
          Float64Array.from(known, (i) => scores[i]!),
          knownLabels,
        );
  const metrics = {
    averagePrecision: precisionOf(challenger),
    averagePrecisionBefore: precisionOf(champion),
    alertShare: alertShare(challenger),
    alertShareBefore: alertShare(champion),
    stability: stabilityIndex(champion, challenger),
  };
  const checks: readonly (readonly [boolean, string])[] = [
    [
      frauds >= labelledFraudsMin && metrics.averagePrecision < metrics.averagePrecisionBefore - precisionSlack,
      `average precision ${metrics.averagePrecision.toFixed(4)}, before ${metrics.averagePrecisionBefore.toFixed(4)}`,
    ],
    [
      metrics.alertShare > Math.max(alertShareMin, alertGrowthMax * metrics.alertShareBefore),
      `alerts on ${(100 * metrics.alertShare).toFixed(2)} % of payments, before ${(100 * metrics.alertShareBefore).toFixed(2)} %`,
    ],
    [
      metrics.stability > stabilityMax,
      `population stability index ${metrics.stability.toFixed(3)}, at most ${stabilityMax} allowed`,
    ],
  ];
  const faults = checks.filter(([isWorse]) => isWorse).map(([, text]) => text);
  return { reason: faults.length === 0 ? null : faults.join('; '), metrics };
};

const alertShare = (percentiles: Float64Array): number =>
  percentiles.reduce((count, percentile) => count + (percentile >= alertPercentile ? 1 : 0), 0) / percentiles.length;

/** Over ten equal bins of the percentile: sum of (b - a) ln(b / a), shares of at least one in ten thousand. */
export const stabilityIndex = (before: Float64Array, after: Float64Array): number => {
  const shares = (percentiles: Float64Array): number[] => {
    const counts = new Array<number>(10).fill(0);
    for (const percentile of percentiles) counts[Math.min(9, Math.floor(percentile / 10))]! += 1;
    return counts.map((count) => Math.max(count / percentiles.length, 1e-4));
  };
  const [a, b] = [shares(before), shares(after)];
  return a.reduce((sum, share, bin) => sum + (b[bin]! - share) * Math.log(b[bin]! / share), 0);
};
