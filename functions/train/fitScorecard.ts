import { pointsAtEvenOdds, pointsPerNat } from '../../shared/domain/learned.ts';
import { binOf, type Scorecard } from '../../shared/domain/scorecard.ts';
import { seededRandom } from './random.ts';

/** Labelled rows: `columns[j][i]` is variable j of row i, NaN where it could not be computed. */
export interface LabelledRows {
  readonly names: readonly string[];
  readonly columns: readonly Float64Array[];
  /** 1 = fraud. */
  readonly labels: Uint8Array;
}

const honestMax = 60_000;
const binsByRows = 12;
const binsByFrauds = 10;
const binRowsMin = 30;
/** Penalty on the squared step between neighbouring bins, and on each weight. */
const smoothing = 2;
const shrinkage = 0.2;
const iterationsMax = 20;
const halvingsMax = 10;
const convergence = 1e-5;

/**
 * A scorecard by penalised logistic regression on binned variables (Hand and Henley 1997; the smooth steps after Eilers and Marx
 * 1996), fitted by Newton's method. Honest rows beyond 60,000 are sampled and weighted up, so time and memory are bounded.
 */
export const fitScorecard = (rows: LabelledRows, seed: number): Scorecard => {
  const { kept, weights } = sampleRows(rows.labels, seed);
  const variables = rows.columns.map((column, j) => {
    const edges = edgesOf(column, rows.labels, kept);
    return { name: rows.names[j]!, edges, bins: edges.length + 2 };
  });
  const offsets: number[] = [];
  let size = 1;
  for (const { bins } of variables) {
    offsets.push(size);
    size += bins;
  }
  const active = new Uint16Array(kept.length * variables.length);
  for (const [i, row] of kept.entries()) {
    for (const [j, { edges }] of variables.entries()) {
      const value = rows.columns[j]![row]!;
      active[i * variables.length + j] = offsets[j]! + (Number.isNaN(value) ? edges.length + 1 : binOf(edges, value));
    }
  }
  const labels = Float64Array.from(kept, (row) => rows.labels[row]!);
  const solution = newton({ active, width: variables.length, labels, weights, size, variables, offsets });
  let base = pointsAtEvenOdds + pointsPerNat * solution[0]!;
  const scored = variables.map(({ name, edges }, j) => {
    const points = Array.from({ length: edges.length + 1 }, (_, bin) => pointsPerNat * solution[offsets[j]! + bin]!);
    const usual = points[commonest(active, variables.length, j, points.length, offsets[j]!)] ?? 0;
    base += usual;
    const missing = pointsPerNat * solution[offsets[j]! + edges.length + 1]!;
    return { name, edges, points: points.map((value) => hundredths(value - usual)), missing: hundredths(missing - usual) };
  });
  return { base: hundredths(base), variables: scored };
};

const hundredths = (points: number): number => Math.round(points * 100) / 100;

const sampleRows = (labels: Uint8Array, seed: number): { kept: Uint32Array; weights: Float64Array } => {
  const random = seededRandom(seed);
  const honest = labels.length - labels.reduce((sum, label) => sum + label, 0);
  const share = Math.min(1, honestMax / honest);
  const kept: number[] = [];
  for (let i = 0; i < labels.length; i++) if (labels[i] || random() < share) kept.push(i);
  return { kept: Uint32Array.from(kept), weights: Float64Array.from(kept, (row) => (labels[row] ? 1 : 1 / share)) };
};

/** Quantiles of all rows and of the frauds, so that bins are fine where the frauds are; each bin holds at least 30 rows. */
const edgesOf = (column: Float64Array, labels: Uint8Array, kept: Uint32Array): number[] => {
  const all: number[] = [];
  const ofFrauds: number[] = [];
  for (const row of kept) {
    const value = column[row]!;
    if (Number.isNaN(value)) continue;
    all.push(value);
    if (labels[row]) ofFrauds.push(value);
  }
  const sorted = Float64Array.from(all).sort();
  const frauds = Float64Array.from(ofFrauds).sort();
  const candidates = new Set<number>();
  for (let i = 1; i < binsByRows; i++) candidates.add(sorted[Math.floor((i * sorted.length) / binsByRows)]!);
  for (const tail of [0.98, 0.99, 0.995, 0.998]) candidates.add(sorted[Math.floor(tail * sorted.length)]!);
  for (let i = 1; i < binsByFrauds; i++) candidates.add(frauds[Math.floor((i * frauds.length) / binsByFrauds)]!);
  candidates.delete(undefined as never);
  const edges: number[] = [];
  let below = 0;
  for (const edge of [...candidates].sort((a, b) => a - b)) {
    const rowsBelow = lowerBound(sorted, edge);
    if (rowsBelow - below >= binRowsMin && sorted.length - rowsBelow >= binRowsMin) {
      edges.push(edge);
      below = rowsBelow;
    }
  }
  return edges;
};

const lowerBound = (sorted: Float64Array, value: number): number => {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
};

const commonest = (active: Uint16Array, width: number, variable: number, bins: number, offset: number): number => {
  const counts = new Uint32Array(bins + 1);
  for (let i = variable; i < active.length; i += width) counts[active[i]! - offset]! += 1;
  let best = 0;
  for (let bin = 1; bin < bins; bin++) if (counts[bin]! > counts[best]!) best = bin;
  return best;
};

interface Problem {
  /** For each row, the weight that each variable's bin selects. */
  readonly active: Uint16Array;
  readonly width: number;
  readonly labels: Float64Array;
  readonly weights: Float64Array;
  readonly size: number;
  readonly variables: readonly { readonly edges: readonly number[]; readonly bins: number }[];
  readonly offsets: readonly number[];
}

const newton = (problem: Problem): Float64Array => {
  const { labels, weights, size } = problem;
  const penalty = penaltyOf(problem);
  const solution = new Float64Array(size);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const frauds = labels.reduce((sum, label) => sum + label, 0);
  solution[0] = Math.log(frauds / (total - frauds));
  let loss = lossOf(problem, penalty, solution);
  for (let iteration = 0; iteration < iterationsMax; iteration++) {
    const { hessian, gradient } = derivatives(problem, penalty, solution);
    const step = solve(hessian, gradient, size);
    const before = loss;
    for (let halving = 0; halving <= halvingsMax; halving++) {
      const candidate = solution.map((value, i) => value + step[i]! / 2 ** halving);
      const candidateLoss = lossOf(problem, penalty, candidate);
      if (candidateLoss < loss) {
        solution.set(candidate);
        loss = candidateLoss;
        break;
      }
    }
    if (before - loss < convergence * before) break;
  }
  return solution;
};

/** Penalised negative log-likelihood. */
const lossOf = ({ active, width, labels, weights, size }: Problem, penalty: Float64Array, solution: Float64Array): number => {
  let loss = 0;
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += penalty[i * size + j]! * solution[j]!;
    loss += (sum * solution[i]!) / 2;
  }
  for (let i = 0; i < labels.length; i++) {
    const logOdds = logOddsOf(active, i * width, width, solution);
    const signed = labels[i] ? -logOdds : logOdds;
    loss += weights[i]! * (signed > 30 ? signed : Math.log1p(Math.exp(signed)));
  }
  return loss;
};

const logOddsOf = (active: Uint16Array, from: number, width: number, solution: Float64Array): number => {
  let logOdds = solution[0]!;
  for (let j = from; j < from + width; j++) logOdds += solution[active[j]!]!;
  return logOdds;
};

/** Of the loss: its second derivatives (lower triangle) and its downhill gradient. */
const derivatives = (problem: Problem, penalty: Float64Array, solution: Float64Array) => {
  const { active, width, labels, weights, size } = problem;
  const hessian = new Float64Array(penalty);
  const gradient = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += penalty[i * size + j]! * solution[j]!;
    gradient[i] = -sum;
  }
  for (let i = 0; i < labels.length; i++) {
    const from = i * width;
    const probability = 1 / (1 + Math.exp(-logOddsOf(active, from, width, solution)));
    const slope = weights[i]! * (labels[i]! - probability);
    const curvature = weights[i]! * probability * (1 - probability);
    gradient[0]! += slope;
    hessian[0]! += curvature;
    for (let j = from; j < from + width; j++) {
      const row = active[j]!;
      gradient[row]! += slope;
      hessian[row * size]! += curvature;
      for (let k = from; k <= j; k++) hessian[row * size + active[k]!]! += curvature;
    }
  }
  return { hessian, gradient };
};

const penaltyOf = ({ size, variables, offsets }: Problem): Float64Array => {
  const penalty = new Float64Array(size * size);
  for (let i = 1; i < size; i++) penalty[i * size + i] = shrinkage;
  for (const [j, { edges }] of variables.entries()) {
    for (let bin = 0; bin < edges.length; bin++) {
      const low = offsets[j]! + bin;
      const high = low + 1;
      penalty[low * size + low]! += smoothing;
      penalty[high * size + high]! += smoothing;
      penalty[high * size + low]! -= smoothing;
      penalty[low * size + high]! -= smoothing;
    }
  }
  return penalty;
};

/** Solves A x = b for a positive definite A of which the lower triangle is given; A is overwritten (Cholesky). */
const solve = (a: Float64Array, b: Float64Array, size: number): Float64Array => {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= a[i * size + k]! * a[j * size + k]!;
      a[i * size + j] = i === j ? Math.sqrt(Math.max(sum, 1e-12)) : sum / a[j * size + j]!;
    }
  }
  const x = Float64Array.from(b);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * size + k]! * x[k]!;
    x[i]! /= a[i * size + i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) x[i]! -= a[k * size + i]! * x[k]!;
    x[i]! /= a[i * size + i]!;
  }
  return x;
};
