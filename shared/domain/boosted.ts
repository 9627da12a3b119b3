import { leafMark } from './forest.ts';

/** Boosted trees in the forest's layout: a leaf's threshold is what it adds to the log-odds. */
export interface Boosted {
  /** Variables of a row. */
  readonly width: number;
  readonly roots: Uint32Array;
  readonly column: Uint8Array;
  readonly threshold: Float64Array;
  readonly right: Uint32Array;
}

/** Log-odds that the trees add; a NaN goes right. */
export const boostedLogOdds = ({ roots, column, threshold, right }: Boosted, row: Float64Array): number => {
  let sum = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    let split = column[node]!;
    while (split !== leafMark) {
      node = row[split]! < threshold[node]! ? node + 1 : right[node]!;
      split = column[node]!;
    }
    sum += threshold[node]!;
  }
  return sum;
};
