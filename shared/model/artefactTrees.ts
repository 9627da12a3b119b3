import type { Boosted } from '../domain/boosted.ts';
import type { ByteReader, ByteWriter } from '../domain/bytes.ts';
import { averagePathLength, type Forest, leafMark } from '../domain/forest.ts';
import { check } from './invalid.ts';

/**
 * Trees of an artefact, node by node, depth first: a byte for the column and a float32 threshold, or 255 and what the leaf holds. There
 * are no child indices that could point out of range or in circles, and no training rows.
 */

const nodesPerForestMax = 100 * 511;
const boostedDepthMax = 12;
/** Points of a leaf or bin stay within this. */
export const pointsMax = 1000;

export const writeForest = (writer: ByteWriter, forest: Forest): void => {
  for (const root of forest.roots) {
    writeTree(writer, forest, root, (node, depth) =>
      writer.byte(leafSize(forest.threshold[node]! - depth, forest.sampleSize) - 1),
    );
  }
};

export const writeBoosted = (writer: ByteWriter, boosted: Boosted): void => {
  for (const root of boosted.roots) writeTree(writer, boosted, root, (node) => writer.float(boosted.threshold[node]!));
};

interface Trees {
  readonly column: Uint8Array;
  readonly threshold: Float64Array;
  readonly right: Uint32Array;
}

const writeTree = (writer: ByteWriter, trees: Trees, root: number, writeLeaf: (node: number, depth: number) => unknown): void => {
  const visit = (node: number, depth: number): void => {
    const column = trees.column[node]!;
    writer.byte(column);
    if (column === leafMark) {
      writeLeaf(node, depth);
      return;
    }
    writer.float(trees.threshold[node]!);
    visit(node + 1, depth + 1);
    visit(trees.right[node]!, depth + 1);
  };
  visit(root, 0);
};

/** The leaf size whose mean path length this is. */
const leafSize = (length: number, sampleSize: number): number => {
  for (let size = 1; size <= sampleSize; size++) if (Math.abs(averagePathLength(size) - length) < 1e-9) return size;
  throw new RangeError(`no leaf has a mean path length of ${length}`);
};

/** Throws ModelInvalid with the first fault. */
export const readForest = (reader: ByteReader, featureCount: number, trees: number, sampleSize: number): Forest => {
  const depthMax = Math.ceil(Math.log2(sampleSize));
  const nodes = new Nodes(featureCount, nodesPerForestMax);
  const expected: number[] = [];
  const visit = (depth: number): { size: number; lengths: number } => {
    const at = nodes.length;
    if (nodes.readHead(reader, depth, depthMax)) {
      const left = visit(depth + 1);
      nodes.closeLeft(at);
      const right = visit(depth + 1);
      const size = left.size + right.size;
      expected[at] = (left.lengths + right.lengths) / size;
      return { size, lengths: left.lengths + right.lengths };
    }
    const size = reader.byte() + 1;
    // Leaves of one row share a length of exactly their depth.
    const length = depth + averagePathLength(size);
    nodes.setLeaf(at, length);
    expected[at] = length;
    return { size, lengths: length * size };
  };
  const roots = Array.from({ length: trees }, (_, tree) => {
    const root = nodes.length;
    const { size } = visit(0);
    check(size === sampleSize, `tree ${tree} holds ${size} rows, ${sampleSize} expected`);
    return root;
  });
  return {
    featureCount,
    sampleSize,
    roots: Uint32Array.from(roots),
    ...nodes.finish(),
    expected: Float64Array.from(expected),
  };
};

/** Throws ModelInvalid with the first fault. */
export const readBoosted = (reader: ByteReader, width: number, trees: number): Boosted => {
  const nodes = new Nodes(width, nodesPerForestMax);
  const visit = (depth: number): void => {
    const at = nodes.length;
    if (!nodes.readHead(reader, depth, boostedDepthMax)) {
      const value = reader.float();
      check(Math.abs(value) <= pointsMax, `a leaf of ${value}`);
      nodes.setLeaf(at, value);
      return;
    }
    visit(depth + 1);
    nodes.closeLeft(at);
    visit(depth + 1);
  };
  const roots = Array.from({ length: trees }, () => {
    const root = nodes.length;
    visit(0);
    return root;
  });
  return { width, roots: Uint32Array.from(roots), ...nodes.finish() };
};

class Nodes {
  readonly #width: number;
  readonly #limit: number;
  readonly #column: number[] = [];
  readonly #threshold: number[] = [];
  readonly #right: number[] = [];

  constructor(width: number, limit: number) {
    this.#width = width;
    this.#limit = limit;
  }

  get length(): number {
    return this.#column.length;
  }

  /** Appends the node that comes next, without what a leaf holds; true for an inner one. */
  readHead(reader: ByteReader, depth: number, depthMax: number): boolean {
    check(this.length < this.#limit, `more than ${this.#limit} nodes`);
    const column = reader.byte();
    this.#column.push(column);
    this.#threshold.push(0);
    this.#right.push(0);
    if (column === leafMark) return false;
    check(column < this.#width, `a split on column ${column} of ${this.#width}`);
    check(depth < depthMax, `a tree deeper than ${depthMax}`);
    const threshold = reader.float();
    check(Number.isFinite(threshold), `a threshold of ${threshold}`);
    this.#threshold[this.length - 1] = threshold;
    return true;
  }

  closeLeft(node: number): void {
    this.#right[node] = this.length;
  }

  setLeaf(node: number, value: number): void {
    this.#threshold[node] = value;
  }

  finish(): Trees {
    return {
      column: Uint8Array.from(this.#column),
      threshold: Float64Array.from(this.#threshold),
      right: Uint32Array.from(this.#right),
    };
  }
}
