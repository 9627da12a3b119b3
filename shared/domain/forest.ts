/**
 * Isolation forest (Liu, Ting, Zhou, ICDM 2008), compiled: all trees in flat arrays, depth first, a left child right after its parent.
 * Score = 2^(-E[h] / c(n)), h the path length, c(n) the mean path length of an unsuccessful search among n rows.
 */
export interface Forest {
  readonly featureCount: number;
  /** Rows each tree was grown on. */
  readonly sampleSize: number;
  /** First node of each tree. */
  readonly roots: Uint32Array;
  /** Column a node splits on; `leafMark` for a leaf. */
  readonly column: Uint8Array;
  /** Rows with a value below it go left; a leaf holds its path length instead. */
  readonly threshold: Float64Array;
  /** The right child of an inner node. */
  readonly right: Uint32Array;
  /** Mean path length of the training rows that reached the node: what the attribution starts from. */
  readonly expected: Float64Array;
}

/** Trees of every forest. */
export const treeCount = 100;

export const leafMark = 255;

const eulerGamma = 0.5772156649015329;

/** c(n): mean path length of an unsuccessful search in a binary tree of n rows. */
export const averagePathLength = (rows: number): number => {
  if (rows <= 1) return 0;
  if (rows === 2) return 1;
  return 2 * (Math.log(rows - 1) + eulerGamma) - (2 * (rows - 1)) / rows;
};

/** 0..1, higher is more unusual. Throws a RangeError for a row of another length or one that is not finite. */
export const forestScore = (forest: Forest, row: Float64Array): number => {
  assertRow(forest, row);
  return scoreOf(pathLengths(forest, row), forest.roots.length, forest.sampleSize);
};

/** What a payment scores of which nothing is known: from the path lengths to be expected at the roots. */
export const baselineOf = ({ roots, expected, sampleSize }: Forest): number =>
  scoreOf(rootLengths(roots, expected), roots.length, sampleSize);

const rootLengths = (roots: Uint32Array, expected: Float64Array): number =>
  roots.reduce((length, root) => length + expected[root]!, 0);

const scoreOf = (length: number, trees: number, sampleSize: number): number =>
  2 ** (-(length / trees) / averagePathLength(sampleSize));

/**
 * Each column's share of the score, into `shares`; returns the score, the same bits as `forestScore`. A step from a node to its child changes the path length to
 * be expected; that change belongs to the column of the split (Saabas 2014, on path lengths). The sum of changes is the difference
 * between the row's path length and the root's, and is put on the score's scale by one factor, so `baselineOf` + shares = score.
 */
export const attribute = (forest: Forest, row: Float64Array, shares: Float64Array): number => {
  assertRow(forest, row);
  const { roots, column, threshold, right, expected } = forest;
  shares.fill(0);
  let length = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    let split = column[node]!;
    while (split !== leafMark) {
      const child = row[split]! < threshold[node]! ? node + 1 : right[node]!;
      shares[split] = shares[split]! + (expected[child]! - expected[node]!);
      node = child;
      split = column[node]!;
    }
    length += threshold[node]!;
  }
  const rootLength = rootLengths(roots, expected);
  const score = scoreOf(length, roots.length, forest.sampleSize);
  const factor =
    Math.abs(length - rootLength) < 1e-9
      ? (-Math.LN2 * score) / (averagePathLength(forest.sampleSize) * roots.length)
      : (score - scoreOf(rootLength, roots.length, forest.sampleSize)) / (length - rootLength);
  for (let i = 0; i < shares.length; i++) shares[i] = shares[i]! * factor;
  return score;
};

const pathLengths = ({ roots, column, threshold, right }: Forest, row: Float64Array): number => {
  let length = 0;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    let split = column[node]!;
    while (split !== leafMark) {
      node = row[split]! < threshold[node]! ? node + 1 : right[node]!;
      split = column[node]!;
    }
    length += threshold[node]!;
  }
  return length;
};

const assertRow = (forest: Forest, row: Float64Array): void => {
  if (row.length !== forest.featureCount) {
    throw new RangeError(`a row of ${row.length} features, ${forest.featureCount} expected`);
  }
  for (let i = 0; i < row.length; i++) {
    if (!Number.isFinite(row[i])) throw new RangeError(`feature ${i} is ${row[i]}, a finite number expected`);
  }
};

/** Trees walked side by side: the processor waits for several of their nodes at once. */
const lanes = 4;
const nodeWords = 4;
/** Beyond every rank: a leaf never lets a row go on to its right. */
const never = 2 ** 29;

/**
 * A scorer of one forest, for rows by the million: the same bits as `forestScore` in less than half the time, nothing allocated. Each
 * value is replaced by its rank among its column's thresholds, so that a step is integer arithmetic without a branch to mispredict.
 */
export const forestScorer = (forest: Forest): ((row: Float64Array) => number) => {
  const { roots, column, threshold, right } = forest;
  const thresholds = Array.from({ length: forest.featureCount }, (_, feature) =>
    Float64Array.from(new Set(threshold.filter((_, node) => column[node] === feature))).sort(),
  );
  // Each node: column, rank from which a row goes right, step to the left child, step to the right one.
  const nodes = new Int32Array(nodeWords * column.length);
  for (let node = 0; node < column.length; node++) {
    const split = column[node]!;
    const isLeaf = split === leafMark;
    nodes[nodeWords * node] = isLeaf ? 0 : split;
    nodes[nodeWords * node + 1] = isLeaf ? never : ranksUpTo(thresholds[split]!, threshold[node]!);
    nodes[nodeWords * node + 2] = isLeaf ? 0 : nodeWords;
    nodes[nodeWords * node + 3] = isLeaf ? 0 : nodeWords * (right[node]! - node);
  }
  const padded = Math.ceil(roots.length / lanes) * lanes;
  const starts = Int32Array.from({ length: padded }, (_, tree) => nodeWords * (roots[tree] ?? roots[0]!));
  const depth = Math.ceil(Math.log2(forest.sampleSize));
  const ranks = new Int32Array(forest.featureCount);
  const normaliser = averagePathLength(forest.sampleSize);

  return (row) => {
    assertRow(forest, row);
    for (let i = 0; i < ranks.length; i++) ranks[i] = ranksUpTo(thresholds[i]!, row[i]!);
    let length = 0;
    for (let tree = 0; tree < starts.length; tree += lanes) {
      let a = starts[tree]!;
      let b = starts[tree + 1]!;
      let c = starts[tree + 2]!;
      let d = starts[tree + 3]!;
      for (let level = 0; level < depth; level++) {
        // All ones where the row's rank is below the node's, else zero.
        let below = (ranks[nodes[a]!]! - nodes[a + 1]!) >> 31;
        a += (nodes[a + 2]! & below) | (nodes[a + 3]! & ~below);
        below = (ranks[nodes[b]!]! - nodes[b + 1]!) >> 31;
        b += (nodes[b + 2]! & below) | (nodes[b + 3]! & ~below);
        below = (ranks[nodes[c]!]! - nodes[c + 1]!) >> 31;
        c += (nodes[c + 2]! & below) | (nodes[c + 3]! & ~below);
        below = (ranks[nodes[d]!]! - nodes[d + 1]!) >> 31;
        d += (nodes[d + 2]! & below) | (nodes[d + 3]! & ~below);
      }
      length += threshold[a / nodeWords]!;
      if (tree + 1 < roots.length) length += threshold[b / nodeWords]!;
      if (tree + 2 < roots.length) length += threshold[c / nodeWords]!;
      if (tree + 3 < roots.length) length += threshold[d / nodeWords]!;
    }
    return 2 ** (-(length / roots.length) / normaliser);
  };
};

/** How many of the ascending values are at or below this one. */
const ranksUpTo = (ascending: Float64Array, value: number): number => {
  let low = 0;
  let left = ascending.length;
  while (left > 0) {
    const half = left >> 1;
    if (ascending[low + half]! <= value) {
      low += half + 1;
      left -= half + 1;
    } else left = half;
  }
  return low;
};
