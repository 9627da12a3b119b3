/** Scores at fixed percentiles of a reference set, finer towards the top: what turns a forest's score into 0..100. */
export interface PercentileScale {
  /** By position in `scaleStops`, never decreasing. */
  readonly scores: Float64Array;
}

/** 0..99 by 1, ..99.9 by 0.1, ..99.99 by 0.01, 100. */
export const scaleStops: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => i),
  ...Array.from({ length: 9 }, (_, i) => (990 + i) / 10),
  ...Array.from({ length: 10 }, (_, i) => (9990 + i) / 100),
  100,
];

/** The scale of a reference set's scores; at least one score. */
export const scaleOf = (scores: Float64Array): PercentileScale => {
  const sorted = Float64Array.from(scores).sort();
  const at = (stop: number): number => {
    const position = (stop / 100) * (sorted.length - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, sorted.length - 1);
    return sorted[low]! + (position - low) * (sorted[high]! - sorted[low]!);
  };
  return { scores: Float64Array.from(scaleStops, at) };
};

/** 0..100, linear between stops; equal scores have one percentile, the highest. */
export const percentileOf = ({ scores }: PercentileScale, score: number): number => {
  if (score < scores[0]!) return 0;
  let low = 0;
  let high = scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (scores[middle]! <= score) low = middle + 1;
    else high = middle;
  }
  if (low === scores.length) return 100;
  const from = scaleStops[low - 1]!;
  return from + ((score - scores[low - 1]!) / (scores[low]! - scores[low - 1]!)) * (scaleStops[low]! - from);
};
