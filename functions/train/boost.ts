import type { Boosted } from '../../shared/domain/boosted.ts';
import { leafMark } from '../../shared/domain/forest.ts';
import { seededRandom } from './random.ts';

const treesMax = 150;
const depthMax = 4;
const learningRate = 0.1;
const binsMax = 64;
/** Ridge on leaf values, least curvature in a leaf, least gain of a split. */
const leafRidge = 5;
const leafCurvatureMin = 3;
const gainMin = 1e-3;
/** Share of the rows that each tree sees. */
const rowShare = 0.6;

export interface BoostRows {
  /** `columns[j][i]` is variable j of row i; NaN where it could not be computed. */
  readonly columns: readonly Float64Array[];
  /** 1 = fraud. */
  readonly labels: Float64Array;
  readonly weights: Float64Array;
  /** Log-odds that stand already: the trees learn what is left. */
  readonly logOdds: Float64Array;
}

/**
 * Gradient-boosted trees on log-loss, by histograms (Friedman 2001; Chen and Guestrin 2016 for gain and leaf values). Small, seeded,
 * bounded: 150 trees of depth 4. A value that could not be computed goes right.
 */
export const boost = (rows: BoostRows, seed: number): Boosted => {
  const random = seededRandom(seed);
  const edges = rows.columns.map((column) => edgesOf(column, rows.labels));
  const logOdds = Float64Array.from(rows.logOdds);
  const slope = new Float64Array(logOdds.length);
  const curvature = new Float64Array(logOdds.length);
  const grower = new TreeGrower(edges, binned(rows.columns, edges), slope, curvature);
  const order = new Uint32Array(logOdds.length);
  for (let tree = 0; tree < treesMax; tree++) {
    let sampled = 0;
    for (let i = 0; i < logOdds.length; i++) {
      const probability = 1 / (1 + Math.exp(-logOdds[i]!));
      slope[i] = rows.weights[i]! * (rows.labels[i]! - probability);
      curvature[i] = rows.weights[i]! * probability * (1 - probability);
      if (random() < rowShare) order[sampled++] = i;
    }
    grower.addTree(order.subarray(0, sampled));
    for (let i = 0; i < logOdds.length; i++) logOdds[i]! += grower.valueOf(i);
  }
  return grower.finish(rows.columns.length);
};

/** Quantiles of all rows and of the frauds, in the precision of the artefact. */
const edgesOf = (column: Float64Array, labels: Float64Array): Float64Array => {
  const known = column.filter((value) => !Number.isNaN(value)).sort();
  const frauds = column.filter((value, i) => labels[i] === 1 && !Number.isNaN(value)).sort();
  const edges = new Set<number>();
  for (const sorted of [known, frauds]) {
    for (let i = 1; i < binsMax / 2 && sorted.length > 0; i++) {
      edges.add(Math.fround(sorted[Math.floor((i * sorted.length) / (binsMax / 2))]!));
    }
  }
  return Float64Array.from(edges).sort();
};

/** The number of edges at or below the value; a missing one counts as above all. */
const binIndex = (edges: Float64Array, value: number): number => {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (value < edges[middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
};

/** Every row's bins beside each other, one byte per variable. */
const binned = (columns: readonly Float64Array[], edges: readonly Float64Array[]): Uint8Array => {
  const width = columns.length;
  const bins = new Uint8Array(width * (columns[0]?.length ?? 0));
  for (const [j, column] of columns.entries()) {
    for (let i = 0; i < column.length; i++) bins[i * width + j] = binIndex(edges[j]!, column[i]!);
  }
  return bins;
};

/** For each variable and bin of a node's rows: the sum of slopes, then of curvatures. */
type Histogram = Float64Array;

class TreeGrower {
  readonly #edges: readonly Float64Array[];
  readonly #width: number;
  readonly #bins: Uint8Array;
  readonly #slope: Float64Array;
  readonly #curvature: Float64Array;
  readonly #roots: number[] = [];
  readonly #column: number[] = [];
  readonly #bin: number[] = [];
  readonly #threshold: number[] = [];
  readonly #right: number[] = [];
  readonly #spare: Histogram[] = [];
  readonly #scratch: Uint32Array;

  constructor(edges: readonly Float64Array[], bins: Uint8Array, slope: Float64Array, curvature: Float64Array) {
    this.#edges = edges;
    this.#width = edges.length;
    this.#bins = bins;
    this.#slope = slope;
    this.#curvature = curvature;
    this.#scratch = new Uint32Array(slope.length);
  }

  /** Puts the rows into another order. */
  addTree(rows: Uint32Array): void {
    this.#roots.push(this.#column.length);
    const histogram = this.#histogramOf(rows);
    this.#add(rows, depthMax, histogram);
    this.#spare.push(histogram);
  }

  #add(rows: Uint32Array, depth: number, histogram: Histogram | null): void {
    let slope = 0;
    let curvature = 0;
    for (let i = 0; i < rows.length; i++) {
      slope += this.#slope[rows[i]!]!;
      curvature += this.#curvature[rows[i]!]!;
    }
    const split = histogram === null ? null : this.#bestSplit(histogram, slope, curvature);
    const at = this.#column.length;
    if (histogram === null || split === null) {
      this.#push(leafMark, 0, Math.fround((learningRate * slope) / (curvature + leafRidge)));
      return;
    }
    this.#push(split.column, split.bin, this.#edges[split.column]![split.bin]!);
    const leftCount = this.#partition(rows, split.column, split.bin);
    const left = rows.subarray(0, leftCount);
    const right = rows.subarray(leftCount);
    if (depth === 1) {
      this.#add(left, 0, null);
      this.#right[at] = this.#column.length;
      this.#add(right, 0, null);
      return;
    }
    // Only the smaller side is counted: the other one is what it leaves of the parent.
    const smaller = this.#histogramOf(left.length < right.length ? left : right);
    for (let i = 0; i < histogram.length; i++) histogram[i]! -= smaller[i]!;
    this.#add(left, depth - 1, left.length < right.length ? smaller : histogram);
    this.#right[at] = this.#column.length;
    this.#add(right, depth - 1, left.length < right.length ? histogram : smaller);
    this.#spare.push(smaller);
  }

  #histogramOf(rows: Uint32Array): Histogram {
    const width = this.#width;
    const bins = this.#bins;
    const histogram = this.#spare.pop() ?? new Float64Array(2 * binsMax * width);
    histogram.fill(0);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const slope = this.#slope[row]!;
      const curvature = this.#curvature[row]!;
      const from = row * width;
      for (let j = 0; j < width; j++) {
        const cell = 2 * (binsMax * j + bins[from + j]!);
        histogram[cell]! += slope;
        histogram[cell + 1]! += curvature;
      }
    }
    return histogram;
  }

  /** Rows at or below the bin first, in their order; returns how many they are. */
  #partition(rows: Uint32Array, column: number, bin: number): number {
    let left = 0;
    let right = 0;
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      if (this.#bins[row * this.#width + column]! <= bin) rows[left++] = row;
      else this.#scratch[right++] = row;
    }
    rows.set(this.#scratch.subarray(0, right), left);
    return left;
  }

  #bestSplit(histogram: Histogram, slope: number, curvature: number): { column: number; bin: number } | null {
    let best: { column: number; bin: number } | null = null;
    let bestGain = gainMin;
    const unsplit = slope ** 2 / (curvature + leafRidge);
    for (let column = 0; column < this.#width; column++) {
      const edges = this.#edges[column]!.length;
      let leftSlope = 0;
      let left = 0;
      for (let bin = 0; bin < edges; bin++) {
        leftSlope += histogram[2 * (binsMax * column + bin)]!;
        left += histogram[2 * (binsMax * column + bin) + 1]!;
        if (left < leafCurvatureMin || curvature - left < leafCurvatureMin) continue;
        const gain = leftSlope ** 2 / (left + leafRidge) + (slope - leftSlope) ** 2 / (curvature - left + leafRidge) - unsplit;
        if (gain > bestGain) {
          bestGain = gain;
          best = { column, bin };
        }
      }
    }
    return best;
  }

  /** What the last tree gives to a training row. */
  valueOf(row: number): number {
    let node = this.#roots.at(-1)!;
    while (this.#column[node] !== leafMark)
      node = this.#bins[row * this.#width + this.#column[node]!]! <= this.#bin[node]! ? node + 1 : this.#right[node]!;
    return this.#threshold[node]!;
  }

  #push(column: number, bin: number, threshold: number): void {
    this.#column.push(column);
    this.#bin.push(bin);
    this.#threshold.push(threshold);
    this.#right.push(0);
  }

  finish(width: number): Boosted {
    return {
      width,
      roots: Uint32Array.from(this.#roots),
      column: Uint8Array.from(this.#column),
      threshold: Float64Array.from(this.#threshold),
      right: Uint32Array.from(this.#right),
    };
  }
}
