import type { Boosted } from '../domain/boosted.ts';
import { leafMark } from '../domain/forest.ts';
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
  const bins = rows.columns.map((column, j) => Uint8Array.from(column, (value) => binIndex(edges[j]!, value)));
  const logOdds = Float64Array.from(rows.logOdds);
  const slope = new Float64Array(logOdds.length);
  const curvature = new Float64Array(logOdds.length);
  const grower = new TreeGrower(edges, bins, slope, curvature);
  for (let tree = 0; tree < treesMax; tree++) {
    const sampled: number[] = [];
    for (let i = 0; i < logOdds.length; i++) {
      const probability = 1 / (1 + Math.exp(-logOdds[i]!));
      slope[i] = rows.weights[i]! * (rows.labels[i]! - probability);
      curvature[i] = rows.weights[i]! * probability * (1 - probability);
      if (random() < rowShare) sampled.push(i);
    }
    grower.addTree(Uint32Array.from(sampled));
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

class TreeGrower {
  readonly #edges: readonly Float64Array[];
  readonly #bins: readonly Uint8Array[];
  readonly #slope: Float64Array;
  readonly #curvature: Float64Array;
  readonly #roots: number[] = [];
  readonly #column: number[] = [];
  readonly #bin: number[] = [];
  readonly #threshold: number[] = [];
  readonly #right: number[] = [];
  readonly #slopes = new Float64Array(binsMax);
  readonly #curvatures = new Float64Array(binsMax);

  constructor(edges: readonly Float64Array[], bins: readonly Uint8Array[], slope: Float64Array, curvature: Float64Array) {
    this.#edges = edges;
    this.#bins = bins;
    this.#slope = slope;
    this.#curvature = curvature;
  }

  addTree(rows: Uint32Array): void {
    this.#roots.push(this.#column.length);
    this.#add(rows, depthMax);
  }

  #add(rows: Uint32Array, depth: number): void {
    let slope = 0;
    let curvature = 0;
    for (const row of rows) {
      slope += this.#slope[row]!;
      curvature += this.#curvature[row]!;
    }
    const split = depth === 0 ? null : this.#bestSplit(rows, slope, curvature);
    const at = this.#column.length;
    if (split === null) {
      this.#push(leafMark, 0, Math.fround((learningRate * slope) / (curvature + leafRidge)));
      return;
    }
    this.#push(split.column, split.bin, this.#edges[split.column]![split.bin]!);
    const bins = this.#bins[split.column]!;
    this.#add(
      rows.filter((row) => bins[row]! <= split.bin),
      depth - 1,
    );
    this.#right[at] = this.#column.length;
    this.#add(
      rows.filter((row) => bins[row]! > split.bin),
      depth - 1,
    );
  }

  #bestSplit(rows: Uint32Array, slope: number, curvature: number): { column: number; bin: number } | null {
    let best: { column: number; bin: number } | null = null;
    let bestGain = gainMin;
    const unsplit = slope ** 2 / (curvature + leafRidge);
    for (const [column, bins] of this.#bins.entries()) {
      const edges = this.#edges[column]!.length;
      this.#slopes.fill(0);
      this.#curvatures.fill(0);
      for (const row of rows) {
        const bin = bins[row]!;
        this.#slopes[bin]! += this.#slope[row]!;
        this.#curvatures[bin]! += this.#curvature[row]!;
      }
      let leftSlope = 0;
      let left = 0;
      for (let bin = 0; bin < edges; bin++) {
        leftSlope += this.#slopes[bin]!;
        left += this.#curvatures[bin]!;
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
      node = this.#bins[this.#column[node]!]![row]! <= this.#bin[node]! ? node + 1 : this.#right[node]!;
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
