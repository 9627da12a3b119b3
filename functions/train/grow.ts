import mlIsolationForest, { type TreeNode } from 'ml-isolation-forest';
import { averagePathLength, type Forest, leafMark } from '../../shared/domain/forest.ts';
import { treeCount, treeRows } from '../../shared/model/forestShape.ts';
import { seededRandom } from '../../shared/store/random.ts';
import type { Matrix } from './matrix.ts';

/** Regrowths of one leaf whose column was constant; 254 constant columns of 255 would need about a thousand draws. */
const graftsMax = 4096;

/**
 * Grows an isolation forest and compiles it. The same rows and seed give the same bits.
 *
 * The library grows one tree at a time on a sample of its own, because it would grow every tree on the whole set and cannot be
 * trained twice; it draws from `Math.random` alone, so that is replaced while it runs. Splits that leave one side empty are
 * dropped, leaves that ended early on a constant column are grown on, and paths are cut at the depth of the paper, which the library
 * passes by one. Nothing of its objects, which hold the training rows, is kept.
 */
export const growForest = (rows: Matrix, seed: number): Forest => {
  if (rows.height < 2) throw new RangeError(`${rows.height} rows, at least 2 needed to grow a forest`);
  if (rows.width < 1 || rows.width >= leafMark) throw new RangeError(`${rows.width} features, 1 to ${leafMark - 1} allowed`);
  for (let i = 0; i < rows.values.length; i++) {
    if (!Number.isFinite(rows.values[i])) {
      throw new RangeError(
        `row ${Math.floor(i / rows.width)}, feature ${i % rows.width} is ${rows.values[i]}, a finite number expected`,
      );
    }
  }
  const sampleSize = Math.min(treeRows, rows.height);
  const nodes = new NodeList(rows.width, sampleSize);
  const random = seededRandom(seed).fraction;
  for (let tree = 0; tree < treeCount; tree++) {
    const sample = sampleIndices(rows.height, sampleSize, random).map((index) =>
      Array.from(rows.values.subarray(index * rows.width, (index + 1) * rows.width)),
    );
    nodes.addTree(sample, random);
  }
  return nodes.finish();
};

type Rows = readonly (readonly number[])[];

class NodeList {
  readonly #featureCount: number;
  readonly #sampleSize: number;
  readonly #depthMax: number;
  readonly #roots: number[] = [];
  readonly #column: number[] = [];
  readonly #threshold: number[] = [];
  readonly #right: number[] = [];
  readonly #expected: number[] = [];

  constructor(featureCount: number, sampleSize: number) {
    this.#featureCount = featureCount;
    this.#sampleSize = sampleSize;
    this.#depthMax = Math.ceil(Math.log2(sampleSize));
  }

  addTree(sample: Rows, random: () => number): void {
    this.#roots.push(this.#column.length);
    this.#add(growTree(sample, random), sample, 0, random, 0);
  }

  /** Appends what is below `node` for the rows that reach it; returns the sum of their path lengths. */
  #add(node: TreeNode, rows: Rows, depth: number, random: () => number, grafts: number): number {
    if (depth === this.#depthMax || rows.length === 1 || allEqual(rows)) return this.#addLeaf(rows.length, depth);
    if (node.left === undefined || node.right === undefined) return this.#graft(rows, depth, random, grafts);
    const column = node.splitColumn!;
    const threshold = Math.fround(node.splitValue!);
    const left = rows.filter((row) => row[column]! < threshold);
    if (left.length === 0) return this.#add(node.right, rows, depth, random, grafts);
    if (left.length === rows.length) return this.#add(node.left, rows, depth, random, grafts);
    const at = this.#column.length;
    this.#push(column, threshold);
    const leftLengths = this.#add(node.left, left, depth + 1, random, 0);
    this.#right[at] = this.#column.length;
    const rightRows = rows.filter((row) => row[column]! >= threshold);
    const lengths = leftLengths + this.#add(node.right, rightRows, depth + 1, random, 0);
    this.#expected[at] = lengths / rows.length;
    return lengths;
  }

  #graft(rows: Rows, depth: number, random: () => number, grafts: number): number {
    if (grafts === graftsMax) return this.#addLeaf(rows.length, depth);
    return this.#add(growTree(rows, random), rows, depth, random, grafts + 1);
  }

  #addLeaf(size: number, depth: number): number {
    const length = depth + averagePathLength(size);
    this.#push(leafMark, length);
    this.#expected[this.#column.length - 1] = length;
    return length * size;
  }

  #push(column: number, threshold: number): void {
    this.#column.push(column);
    this.#threshold.push(threshold);
    this.#right.push(0);
    this.#expected.push(0);
  }

  finish(): Forest {
    return {
      featureCount: this.#featureCount,
      sampleSize: this.#sampleSize,
      roots: Uint32Array.from(this.#roots),
      column: Uint8Array.from(this.#column),
      threshold: Float64Array.from(this.#threshold),
      right: Uint32Array.from(this.#right),
      expected: Float64Array.from(this.#expected),
    };
  }
}

/** Synchronous throughout: nothing else can run while `Math.random` is replaced. */
const growTree = (rows: Rows, random: () => number): TreeNode => {
  const { random: original } = Math;
  Math.random = random;
  try {
    const grown = new mlIsolationForest.IsolationForest({ nEstimators: 1 });
    grown.train(rows);
    return grown.forest[0]!;
  } finally {
    Math.random = original;
  }
};

const allEqual = (rows: Rows): boolean => rows.every((row) => row.every((value, column) => value === rows[0]![column]));

/** `count` different indices below `size`, in random order (Floyd's algorithm, then a shuffle). */
const sampleIndices = (size: number, count: number, random: () => number): number[] => {
  const chosen = new Set<number>();
  for (let top = size - count; top < size; top++) {
    const pick = Math.floor(random() * (top + 1));
    chosen.add(chosen.has(pick) ? top : pick);
  }
  const indices = [...chosen];
  for (let i = indices.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [indices[i], indices[j]] = [indices[j]!, indices[i]!];
  }
  return indices;
};
