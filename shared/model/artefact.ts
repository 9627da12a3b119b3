import { createHash } from 'node:crypto';
import { ByteReader, ByteWriter } from '../domain/bytes.ts';
import { byte, double, fixed, fixed32, hex, little16 } from '../domain/codecs.ts';
import { featureNames } from '../domain/features.ts';
import { fieldsOf, readFields, writeFields } from '../domain/fields.ts';
import { attribute, baselineOf, type Forest } from '../domain/forest.ts';
import { knownLayout } from '../domain/knownNames.ts';
import { type Learned, learnedLayer } from '../domain/learned.ts';
import type { CompiledModel } from '../domain/model.ts';
import { type PercentileScale, percentileOf, scaleStops } from '../domain/percentile.ts';
import { readScorecard } from './artefactScorecard.ts';
import { readBoosted, readForest, writeBoosted, writeForest } from './artefactTrees.ts';
import { featuresOf, schemaHashOf } from './features.ts';
import { treeCount, treeRows } from './forestShape.ts';
import { check, ModelInvalid } from './invalid.ts';

/** All that a model is made of; its version is not in it, so that equal models have equal bytes. */
export interface ModelParts {
  /** What the forest's columns are, by name. */
  readonly features: readonly string[];
  readonly forest: Forest;
  readonly scale: PercentileScale;
  readonly learned: Learned | null;
}

/** What a manifest says of its artefact. */
interface Expected {
  readonly version: number;
  readonly sha256: string;
  /** Left out: those of this version, or of one before it. */
  readonly features?: readonly string[];
}

const magic = 0x4145_474d;
const formatVersion = 1;
const bytesMax = 1_000_000;
const boostedTreesMax = 1000;

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** What an artefact states before its trees. */
interface Header {
  readonly magic: number;
  readonly format: number;
  /** Binds the artefact to the names, the order and the meaning of its features. */
  readonly schemaHash: string;
  readonly featureCount: number;
  readonly sampleSize: number;
  readonly trees: number;
  readonly scores: readonly number[];
}

const { field } = fieldsOf<Header>();

const header = [
  field('magic', fixed32),
  field('format', byte),
  field('schemaHash', hex(32)),
  field('featureCount', byte),
  field('sampleSize', little16),
  field('trees', little16),
  field('scores', fixed(scaleStops.length, double)),
];

/** What follows the forest: no learned layer, a scorecard, or a scorecard and boosted trees. */
const learnedKinds = { none: 0, scorecard: 1, combinations: 2 } as const;

/** One binary file, little-endian: the header, the forest, the learned layer. */
export const encodeArtefact = ({ features, forest, scale, learned }: ModelParts): Uint8Array => {
  const writer = new ByteWriter();
  const stated: Header = {
    magic,
    format: formatVersion,
    schemaHash: schemaHashOf(features),
    featureCount: forest.featureCount,
    sampleSize: forest.sampleSize,
    trees: forest.roots.length,
    scores: Array.from(scale.scores),
  };
  writeFields(header, writer, stated, knownLayout);
  writeForest(writer, forest);
  if (learned === null) return writer.byte(learnedKinds.none).finish();
  const { scorecard, combinations } = learned;
  writer.byte(combinations === null ? learnedKinds.scorecard : learnedKinds.combinations);
  const text = Buffer.from(JSON.stringify(scorecard));
  writer.fixed32(text.length).raw(text);
  if (combinations !== null) {
    little16.write(writer, combinations.roots.length, {}, knownLayout);
    writeBoosted(writer, combinations);
  }
  return writer.finish();
};

/** Checks everything and compiles, see `compile`; throws ModelInvalid with the fault. `expected` is what the manifest says. */
export const loadArtefact = (bytes: Uint8Array, expected: Expected, known?: readonly string[]): CompiledModel => {
  if (bytes.length > bytesMax) throw new ModelInvalid(`${bytes.length} bytes, at most ${bytesMax} allowed`);
  const hash = sha256(bytes);
  if (hash !== expected.sha256) throw new ModelInvalid(`SHA-256 ${hash}, the manifest says ${expected.sha256}`);
  return compile(decodeArtefact(bytes, expected.features), expected, known);
};

/**
 * Makes a model ready for rows of `known` features, which it finds by their names: a model that was trained on fewer features, or on
 * features in another order, scores as it did. Throws ModelInvalid when it needs a feature that is not known.
 */
export const compile = (
  { features, forest, scale, learned }: ModelParts,
  { version, sha256: hash }: Pick<Expected, 'version' | 'sha256'>,
  known: readonly string[] = featureNames,
): CompiledModel => {
  const columns = features.map((name) => known.indexOf(name));
  for (const [i, name] of features.entries())
    check(columns[i]! >= 0 || !forest.column.includes(i), `needs the feature ${name}, which this version does not have`);
  const isAsKnown = columns.length === known.length && columns.every((column, i) => column === i);
  const own = new Float64Array(columns.length);
  const ownRow = (row: Float64Array): Float64Array => {
    if (isAsKnown) return row;
    for (const [i, column] of columns.entries()) own[i] = row[column] ?? 0;
    return own;
  };
  const shares = new Float64Array(forest.featureCount);
  const baseline = baselineOf(forest);
  return {
    version,
    hash,
    learned: learned === null ? null : compileLearned(learned),
    score: (row) => {
      if (row.length !== known.length) throw new RangeError(`a row of ${row.length} features, ${known.length} expected`);
      const score = attribute(forest, ownRow(row), shares);
      const contributions = [{ feature: 'baseline', points: baseline }];
      for (const [i, feature] of features.entries()) contributions.push({ feature, points: shares[i]! });
      if (!(score >= 0 && score <= 1)) throw new RangeError(`anomaly score ${score}, 0 to 1 expected`);
      return { score, percentile: percentileOf(scale, score), contributions };
    },
  };
};

const compileLearned = (learned: Learned) => {
  try {
    return learnedLayer(learned);
  } catch (error) {
    throw new ModelInvalid('the learned layer names what the engine does not know', { cause: error });
  }
};

/** `features` are those that the manifest names; left out: those of this version, or of one before it. Throws ModelInvalid with the first fault. */
export const decodeArtefact = (bytes: Uint8Array, features?: readonly string[]): ModelParts => {
  try {
    return readParts(new ByteReader(bytes), features);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new ModelInvalid(`cut off at byte ${bytes.length}`, { cause: error });
  }
};

const readParts = (reader: ByteReader, given: readonly string[] | undefined): ModelParts => {
  const stated = readFields<Header>(header, reader, {}, knownLayout);
  const { sampleSize, trees, scores } = stated;
  check(stated.magic === magic, 'not a model artefact');
  check(stated.format === formatVersion, 'a format of another version');
  const features = given ?? featuresOf(stated.schemaHash);
  if (features === null || schemaHashOf(features) !== stated.schemaHash) throw new ModelInvalid('made for other features');
  check(stated.featureCount === features.length, 'another number of features');
  check(sampleSize === treeRows, `trees of ${sampleSize} rows, ${treeRows} expected`);
  check(trees === treeCount, `${trees} trees, ${treeCount} expected`);
  check(
    scores.every((score, i) => score > 0 && score <= 1 && (i === 0 || score >= scores[i - 1]!)),
    'a percentile scale that is not ascending within 0..1',
  );
  const forest = readForest(reader, features.length, trees, sampleSize);
  const learned = readLearned(reader);
  check(reader.done, 'bytes after the end');
  return { features, forest, scale: { scores: Float64Array.from(scores) }, learned };
};

const readLearned = (reader: ByteReader): Learned | null => {
  const kind = reader.byte();
  check(kind <= learnedKinds.combinations, `a learned layer of kind ${kind}`);
  if (kind === learnedKinds.none) return null;
  const scorecard = readScorecard(reader.raw(reader.fixed32()));
  if (kind === learnedKinds.scorecard) return { scorecard, combinations: null };
  const trees = little16.read(reader, {}, knownLayout);
  check(trees <= boostedTreesMax, `${trees} boosted trees, at most ${boostedTreesMax} allowed`);
  return { scorecard, combinations: readBoosted(reader, scorecard.variables.length, trees) };
};
