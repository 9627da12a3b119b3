import { createHash } from 'node:crypto';
import type { Boosted } from '../domain/boosted.ts';
import { featureNames, featureSchemaVersion } from '../domain/features.ts';
import { attribute, averagePathLength, baselineOf, type Forest, leafMark, treeCount } from '../domain/forest.ts';
import { type Learned, learnedLayer } from '../domain/learned.ts';
import type { CompiledModel } from '../domain/model.ts';
import { type PercentileScale, percentileOf, scaleStops } from '../domain/percentile.ts';
import type { Scorecard } from '../domain/scorecard.ts';

/** All that a model is made of; its version is not in it, so that equal models have equal bytes. */
export interface ModelParts {
  readonly forest: Forest;
  readonly scale: PercentileScale;
  readonly learned: Learned | null;
}

/** An artefact that is not what it says, and why. */
export class ModelInvalid extends Error {
  override readonly name = 'ModelInvalid';
}

const magic = 0x4145_474d;
const formatVersion = 1;
const nodesPerForestMax = 100 * 511;
const boostedTreesMax = 1000;
const boostedDepthMax = 12;
const bytesMax = 1_000_000;
const variablesMax = 100;
const edgesMax = 1000;
const pointsMax = 1000;

/** Lower-case hex SHA-256 over the features' names, order and meaning. */
export const schemaHash = createHash('sha256')
  .update(JSON.stringify([featureSchemaVersion, ...featureNames]))
  .digest('hex');

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/**
 * One binary file, little-endian: magic, format, schema hash, sizes, percentile scale, forest, learned layer. Trees are written node by
 * node, depth first: a byte for the column and a float32 threshold, or 255 and what the leaf holds. There are no child indices
 * that could point out of range or in circles, and no training rows.
 */
export const encodeArtefact = ({ forest, scale, learned }: ModelParts): Uint8Array => {
  const writer = new Writer();
  writer.u32(magic);
  writer.u8(formatVersion);
  writer.bytes(Buffer.from(schemaHash, 'hex'));
  writer.u8(forest.featureCount);
  writer.u16(forest.sampleSize);
  writer.u16(forest.roots.length);
  for (const score of scale.scores) writer.f64(score);
  for (const root of forest.roots) {
    writeTree(writer, forest, root, (node, depth) => writer.u8(leafSize(forest.threshold[node]! - depth, forest.sampleSize) - 1));
  }
  writer.u8(learned === null ? 0 : learned.combinations === null ? 1 : 2);
  if (learned !== null) {
    const text = Buffer.from(JSON.stringify(learned.scorecard));
    writer.u32(text.length);
    writer.bytes(text);
  }
  if (learned !== null && learned.combinations !== null) {
    const { combinations } = learned;
    writer.u16(combinations.roots.length);
    for (const root of combinations.roots) {
      writeTree(writer, combinations, root, (node) => writer.f32(combinations.threshold[node]!));
    }
  }
  return writer.finish();
};

/** Checks everything and compiles; throws ModelInvalid with the fault. `expected` is what the manifest says. */
export const loadArtefact = (
  bytes: Uint8Array,
  expected: { readonly version: number; readonly sha256: string },
): CompiledModel => {
  if (bytes.length > bytesMax) throw new ModelInvalid(`${bytes.length} bytes, at most ${bytesMax} allowed`);
  const hash = sha256(bytes);
  if (hash !== expected.sha256) throw new ModelInvalid(`SHA-256 ${hash}, the manifest says ${expected.sha256}`);
  return compile(decodeArtefact(bytes), expected);
};

export const compile = (
  { forest, scale, learned }: ModelParts,
  { version, sha256: hash }: { readonly version: number; readonly sha256: string },
): CompiledModel => {
  const shares = new Float64Array(forest.featureCount);
  const baseline = baselineOf(forest);
  return {
    version,
    hash,
    learned: learned === null ? null : learnedLayer(learned),
    score: (row) => {
      const score = attribute(forest, row, shares);
      const contributions = [{ feature: 'baseline', points: baseline }];
      for (const [i, feature] of featureNames.entries()) contributions.push({ feature, points: shares[i]! });
      if (!(score >= 0 && score <= 1)) throw new RangeError(`anomaly score ${score}, 0 to 1 expected`);
      return { score, percentile: percentileOf(scale, score), contributions };
    },
  };
};

/** Throws ModelInvalid naming the first fault. */
export const decodeArtefact = (bytes: Uint8Array): ModelParts => {
  const reader = new Reader(bytes);
  check(reader.u32() === magic, 'not a model artefact');
  check(reader.u8() === formatVersion, 'a format of another version');
  check(Buffer.from(reader.bytes(32)).toString('hex') === schemaHash, 'made for other features');
  check(reader.u8() === featureNames.length, 'another number of features');
  const sampleSize = reader.u16();
  check(sampleSize === 256, `trees of ${sampleSize} rows, 256 expected`);
  const trees = reader.u16();
  check(trees === treeCount, `${trees} trees, ${treeCount} expected`);
  const scores = Float64Array.from(scaleStops, () => reader.f64());
  check(
    scores.every((score, i) => score > 0 && score <= 1 && (i === 0 || score >= scores[i - 1]!)),
    'a percentile scale that is not ascending within 0..1',
  );
  const forest = readForest(reader, trees, sampleSize);
  const learned = readLearned(reader);
  check(reader.isAtEnd, 'bytes after the end');
  return { forest, scale: { scores }, learned };
};

const check = (holds: boolean, fault: string): void => {
  if (!holds) throw new ModelInvalid(fault);
};

interface Trees {
  readonly column: Uint8Array;
  readonly threshold: Float64Array;
  readonly right: Uint32Array;
}

const writeTree = (writer: Writer, trees: Trees, root: number, writeLeaf: (node: number, depth: number) => void): void => {
  const visit = (node: number, depth: number): void => {
    const column = trees.column[node]!;
    writer.u8(column);
    if (column === leafMark) {
      writeLeaf(node, depth);
      return;
    }
    writer.f32(trees.threshold[node]!);
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

const readForest = (reader: Reader, trees: number, sampleSize: number): Forest => {
  const depthMax = Math.ceil(Math.log2(sampleSize));
  const nodes = new Nodes(featureNames.length, nodesPerForestMax);
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
    const size = reader.u8() + 1;
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
    featureCount: featureNames.length,
    sampleSize,
    roots: Uint32Array.from(roots),
    ...nodes.finish(),
    expected: Float64Array.from(expected),
  };
};

const readLearned = (reader: Reader): Learned | null => {
  const kind = reader.u8();
  check(kind <= 2, `a learned layer of kind ${kind}`);
  if (kind === 0) return null;
  const scorecard = readScorecard(reader.bytes(reader.u32()));
  const learned = { scorecard, combinations: kind === 1 ? null : readBoosted(reader, scorecard.variables.length) };
  try {
    learnedLayer(learned);
  } catch (error) {
    throw new ModelInvalid('the learned layer names what the engine does not know', { cause: error });
  }
  return learned;
};

const readScorecard = (bytes: Uint8Array): Scorecard => {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ModelInvalid('the scorecard is not JSON', { cause: error });
  }
  const points = (x: unknown): x is number => typeof x === 'number' && Math.abs(x) <= pointsMax;
  const list = (x: unknown): x is unknown[] => Array.isArray(x);
  const { base, variables } = (value ?? {}) as Record<string, unknown>;
  check(points(base) && list(variables) && variables.length <= variablesMax, 'a scorecard without base or variables');
  for (const variable of variables as unknown[]) {
    const { name, edges, points: given, missing } = (variable ?? {}) as Record<string, unknown>;
    check(typeof name === 'string' && points(missing), 'a scorecard variable without name or points');
    check(
      list(edges) &&
        edges.length <= edgesMax &&
        edges.every(
          (edge, i) => typeof edge === 'number' && Number.isFinite(edge) && (i === 0 || edge > (edges[i - 1] as number)),
        ),
      `scorecard variable ${String(name)}: edges that are not ascending`,
    );
    check(
      list(given) && given.length === (edges as unknown[]).length + 1 && given.every(points),
      `scorecard variable ${String(name)}: one number of points for each bin expected`,
    );
  }
  return value as Scorecard;
};

const readBoosted = (reader: Reader, width: number): Boosted => {
  const trees = reader.u16();
  check(trees <= boostedTreesMax, `${trees} boosted trees, at most ${boostedTreesMax} allowed`);
  const nodes = new Nodes(width, nodesPerForestMax);
  const visit = (depth: number): void => {
    const at = nodes.length;
    if (!nodes.readHead(reader, depth, boostedDepthMax)) {
      const value = reader.f32();
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
  readHead(reader: Reader, depth: number, depthMax: number): boolean {
    check(this.length < this.#limit, `more than ${this.#limit} nodes`);
    const column = reader.u8();
    this.#column.push(column);
    this.#threshold.push(0);
    this.#right.push(0);
    if (column === leafMark) return false;
    check(column < this.#width, `a split on column ${column} of ${this.#width}`);
    check(depth < depthMax, `a tree deeper than ${depthMax}`);
    const threshold = reader.f32();
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

class Writer {
  #view = new DataView(new ArrayBuffer(1 << 16));
  #at = 0;

  #room(size: number): number {
    if (this.#at + size > this.#view.byteLength) {
      const larger = new Uint8Array(2 * (this.#at + size));
      larger.set(new Uint8Array(this.#view.buffer));
      this.#view = new DataView(larger.buffer);
    }
    this.#at += size;
    return this.#at - size;
  }

  u8(value: number): void {
    const at = this.#room(1);
    this.#view.setUint8(at, value);
  }
  u16(value: number): void {
    const at = this.#room(2);
    this.#view.setUint16(at, value, true);
  }
  u32(value: number): void {
    const at = this.#room(4);
    this.#view.setUint32(at, value, true);
  }
  f32(value: number): void {
    const at = this.#room(4);
    this.#view.setFloat32(at, value, true);
  }
  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value, true);
  }
  bytes(value: Uint8Array): void {
    const at = this.#room(value.length);
    new Uint8Array(this.#view.buffer).set(value, at);
  }
  finish(): Uint8Array {
    return new Uint8Array(this.#view.buffer).slice(0, this.#at);
  }
}

class Reader {
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #take(size: number): number {
    check(this.#at + size <= this.#view.byteLength, `cut off at byte ${this.#view.byteLength}`);
    this.#at += size;
    return this.#at - size;
  }

  u8(): number {
    return this.#view.getUint8(this.#take(1));
  }
  u16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }
  u32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }
  f32(): number {
    return this.#view.getFloat32(this.#take(4), true);
  }
  f64(): number {
    return this.#view.getFloat64(this.#take(8), true);
  }
  bytes(length: number): Uint8Array {
    const at = this.#take(length);
    return new Uint8Array(this.#view.buffer, this.#view.byteOffset + at, length);
  }
  get isAtEnd(): boolean {
    return this.#at === this.#view.byteLength;
  }
}
