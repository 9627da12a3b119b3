/** Figures of a ranking: `scores` higher = more suspicious, `labels` 1 = fraud. Ties are shared evenly. */

/** Area under the ROC curve by average ranks; NaN without both classes. */
export const rocAuc = (scores: Float64Array, labels: Uint8Array): number => {
  const order = ascending(scores);
  let rankSum = 0;
  let frauds = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) to++;
    for (let i = from; i < to; i++) {
      if (labels[order[i]!]) {
        rankSum += (from + to + 1) / 2;
        frauds += 1;
      }
    }
    from = to;
  }
  return (rankSum - (frauds * (frauds + 1)) / 2) / (frauds * (order.length - frauds));
};

/** Average precision, stepwise: the sum over thresholds of (recall gained) x (precision there); NaN without frauds. */
export const averagePrecision = (scores: Float64Array, labels: Uint8Array): number => {
  const order = ascending(scores).reverse();
  let hits = 0;
  let sum = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let gained = 0;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) gained += labels[order[to++]!]!;
    hits += gained;
    sum += gained * (hits / to);
    from = to;
  }
  return sum / hits;
};

/** Share of the frauds above the threshold that at most `falseAlarms` (0..1) of the honest rows pass. */
export const recallAt = (scores: Float64Array, labels: Uint8Array, falseAlarms: number): number => {
  const order = ascending(scores).reverse();
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  const allowed = falseAlarms * (labels.length - frauds);
  let honest = 0;
  let hits = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let gained = 0;
    while (to < order.length && scores[order[to]!] === scores[order[from]!]) gained += labels[order[to++]!]!;
    honest += to - from - gained;
    if (honest > allowed) break;
    hits += gained;
    from = to;
  }
  return hits / frauds;
};

export interface DatedScore {
  readonly atMs: number;
  readonly account: number;
  readonly score: number;
  readonly fraud: boolean;
}

/**
 * Card precision (Fraud Detection Handbook, chapter 4): each day the `budget` accounts with the highest score are checked; the share
 * of them that had a fraud that day, averaged over days. An account found compromised is not checked again.
 */
export const cardPrecision = (rows: readonly DatedScore[], budget: number): number => {
  const days = Map.groupBy(rows, (row) => Math.floor(row.atMs / 86_400_000));
  const found = new Set<number>();
  const precisions: number[] = [];
  for (const [, ofDay] of [...days].sort(([a], [b]) => a - b)) {
    const accounts = new Map<number, { score: number; fraud: boolean }>();
    for (const { account, score, fraud } of ofDay) {
      if (found.has(account)) continue;
      const before = accounts.get(account);
      accounts.set(account, { score: Math.max(score, before?.score ?? score), fraud: fraud || (before?.fraud ?? false) });
    }
    const checked = [...accounts].sort(([, a], [, b]) => b.score - a.score).slice(0, budget);
    const hits = checked.filter(([, { fraud }]) => fraud);
    for (const [account] of hits) found.add(account);
    precisions.push(hits.length / budget);
  }
  return precisions.reduce((sum, precision) => sum + precision, 0) / precisions.length;
};

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Indices of the values in ascending order. */
const ascending = (values: Float64Array): Uint32Array => Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
