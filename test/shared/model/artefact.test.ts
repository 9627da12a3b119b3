import { beforeAll, describe, expect, it } from 'vitest';
import { buildModel } from '../../../functions/train/build.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { forestScore, leafMark } from '../../../shared/domain/forest.ts';
import { learnedLayer } from '../../../shared/domain/learned.ts';
import { decodeArtefact, encodeArtefact, loadArtefact, type ModelParts, sha256 } from '../../../shared/model/artefact.ts';
import { ModelInvalid } from '../../../shared/model/invalid.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { trainingRows } from '../../functions/train/generated.ts';

const rows = trainingRows(3000, 1);
let parts: ModelParts;
let bytes: Uint8Array;

beforeAll(() => {
  parts = buildModel(rows, 1).parts;
  bytes = encodeArtefact(parts);
});

const scaleAt = 4 + 1 + 32 + 1 + 2 + 2;
const treesAt = scaleAt + 8 * 119;

describe('an artefact', () => {
  it('comes back as it was written, to the bit of every score', () => {
    const back = decodeArtefact(bytes);
    expect(encodeArtefact(back)).toEqual(bytes);
    const learned = [learnedLayer(parts.learned!), learnedLayer(back.learned!)] as const;
    for (const row of rows.slice(0, 500)) {
      const features = row.features as Float64Array;
      expect(forestScore(back.forest, features)).toBe(forestScore(parts.forest, features));
      const facts = { features, signals: row.signals, percentile: 50 };
      expect(learned[1].score(facts)).toEqual(learned[0].score(facts));
    }
  });

  it('stays under 100 KB and holds no training row', () => {
    expect(bytes.length).toBeLessThan(100_000);
    const first = Buffer.from(new Float64Array([rows[0]!.features[0]!]).buffer);
    expect(Buffer.from(bytes).includes(first)).toBe(false);
  });

  it('scores with shares that add up, and a percentile within 0..100', () => {
    const model = loadArtefact(bytes, { version: 3, sha256: sha256(bytes) });
    expect(model.version).toBe(3);
    for (const { features } of rows.slice(0, 200)) {
      const { score, percentile, contributions } = model.score(features as Float64Array);
      expect(contributions.map(({ feature }) => feature)).toEqual(['baseline', ...featureNames]);
      expect(contributions.reduce((sum, { points }) => sum + points, 0)).toBeCloseTo(score, 12);
      expect(percentile).toBeGreaterThanOrEqual(0);
      expect(percentile).toBeLessThanOrEqual(100);
    }
  });

  it('is refused in each of 1,000 corruptions', () => {
    const random = seededRandom(99).fraction;
    const expected = { version: 1, sha256: sha256(bytes) };
    for (let i = 0; i < 1000; i++) {
      const bad = corrupted(bytes, random);
      expect(() => loadArtefact(bad, expected)).toThrow(ModelInvalid);
    }
  });

  it('fails with ModelInvalid or loads, and never in another way, when the manifest was made to fit the corruption', () => {
    const random = seededRandom(7).fraction;
    for (let i = 0; i < 1000; i++) {
      const bad = corrupted(bytes, random);
      try {
        const model = loadArtefact(bad, { version: 1, sha256: sha256(bad) });
        const { score } = model.score(rows[0]!.features as Float64Array);
        expect(score >= 0 && score <= 1).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(ModelInvalid);
      }
    }
  });

  const changed = (change: (view: DataView) => void): Uint8Array => {
    const copy = bytes.slice();
    change(new DataView(copy.buffer));
    return copy;
  };
  it.each<[string, () => Uint8Array, RegExp]>([
    ['another kind of file', () => changed((view) => view.setUint8(0, 1)), /not a model artefact/],
    ['a format of the future', () => changed((view) => view.setUint8(4, 2)), /another version/],
    ['another feature schema', () => changed((view) => view.setUint8(5, view.getUint8(5) ^ 1)), /other features/],
    ['another number of features', () => changed((view) => view.setUint8(37, 3)), /number of features/],
    ['trees of another sample', () => changed((view) => view.setUint16(38, 255, true)), /256 expected/],
    ['too many trees', () => changed((view) => view.setUint16(40, 5000, true)), /100 expected/],
    ['a scale that falls', () => changed((view) => view.setFloat64(scaleAt + 8, 0.01, true)), /not ascending/],
    ['a scale that is not a number', () => changed((view) => view.setFloat64(scaleAt, Number.NaN, true)), /not ascending/],
    [
      'a threshold that is not a number',
      () => changed((view) => view.setFloat32(treesAt + 1, Number.NaN, true)),
      /threshold of NaN/,
    ],
    [
      'an infinite threshold',
      () => changed((view) => view.setFloat32(treesAt + 1, Number.POSITIVE_INFINITY, true)),
      /threshold of Inf/,
    ],
    ['a column out of range', () => changed((view) => view.setUint8(treesAt, 200)), /column 200/],
    ['a cut tail', () => bytes.slice(0, -1), /cut off/],
    ['a byte too many', () => Uint8Array.of(...bytes, 0), /after the end/],
    ['nothing', () => Uint8Array.of(), /cut off/],
    ['more than a megabyte', () => new Uint8Array(1_000_001), /at most/],
  ])('is refused with its fault named: %s', (_, make, message) => {
    const bad = make();
    expect(() => loadArtefact(bad, { version: 1, sha256: sha256(bad) })).toThrow(ModelInvalid);
    expect(() => loadArtefact(bad, { version: 1, sha256: sha256(bad) })).toThrow(message);
  });

  it('is refused when a leaf claims rows that the tree was not grown on', () => {
    const at = treesAt + firstLeafOffset(bytes, treesAt);
    const bad = changed((view) => view.setUint8(at, (view.getUint8(at) + 1) % 256));
    expect(() => decodeArtefact(bad)).toThrow(/rows, 256 expected/);
  });
});

describe('a model of another list of features', () => {
  const known = [...featureNames];
  /** The parts with their columns named and placed as in `features`, which is an order of the same names. */
  const placed = (features: readonly string[]): ModelParts => {
    const column = parts.forest.column.map((at) => (at === leafMark ? at : features.indexOf(known[at]!)));
    return { ...parts, features, forest: { ...parts.forest, column } };
  };
  const load = (given: ModelParts, names?: readonly string[]) => {
    const artefact = encodeArtefact(given);
    return loadArtefact(artefact, { version: 1, sha256: sha256(artefact), features: given.features }, names);
  };
  const byName = ({ contributions }: { contributions: readonly { feature: string; points: number }[] }) =>
    Object.fromEntries(contributions.map(({ feature, points }) => [feature, points]));

  it('in another order scores every row as before, feature by feature', () => {
    const [before, after] = [load(parts), load(placed(known.toReversed()))];
    for (const row of rows.slice(0, 200)) {
      const features = row.features as Float64Array;
      const [a, b] = [before.score(features), after.score(features)];
      expect(b.score).toBe(a.score);
      expect(b.percentile).toBe(a.percentile);
      expect(byName(b)).toEqual(byName(a));
      const facts = { features, signals: row.signals, percentile: a.percentile };
      expect(after.learned!.score(facts)).toEqual(before.learned!.score(facts));
    }
  });

  it('that is shorter stays in force when features are appended: it reads those that it was trained on', () => {
    const grown = [...known, 'laterA', 'laterB'];
    const [before, after] = [load(parts), load(parts, grown)];
    for (const row of rows.slice(0, 200)) {
      const features = row.features as Float64Array;
      expect(after.score(Float64Array.of(...features, 1e6, -1e6))).toEqual(before.score(features));
    }
    expect(() => after.score(rows[0]!.features as Float64Array)).toThrow(
      `a row of ${known.length} features, ${known.length + 2} expected`,
    );
  });

  it('trained on fewer features than this version has is found by its hash, without a manifest', () => {
    const fewer = trainingRows(300, 2).map((row) => ({ ...row, fraud: null, features: row.features as Float64Array }));
    const cut = fewer.map((row) => ({ ...row, features: row.features.subarray(0, 20) }));
    const { parts: small } = buildModel(cut, 1);
    const artefact = encodeArtefact(small);
    expect(decodeArtefact(artefact).features).toEqual(known.slice(0, 20));
    const model = loadArtefact(artefact, { version: 1, sha256: sha256(artefact) });
    for (const { features } of fewer.slice(0, 50)) {
      const { score, contributions } = model.score(features);
      expect(score).toBe(forestScore(small.forest, features.subarray(0, 20)));
      expect(contributions.map(({ feature }) => feature)).toEqual(['baseline', ...known.slice(0, 20)]);
    }
  });

  it('is refused when it needs a feature that is gone, and only then', () => {
    const gone = known.map((name) => (name === 'amount' ? 'gone' : name));
    expect(() => load(placedAs(gone))).toThrow(new ModelInvalid('needs the feature gone, which this version does not have'));
    const unused = { ...placedAs([...known, 'gone']), forest: { ...parts.forest, featureCount: known.length + 1 } };
    const row = rows[0]!.features as Float64Array;
    expect(load(unused).score(row).score).toBe(load(parts).score(row).score);
  });

  it('is refused when the manifest names other features than the artefact was made for', () => {
    const artefact = encodeArtefact(parts);
    const expected = { version: 1, sha256: sha256(artefact), features: known.toReversed() };
    expect(() => loadArtefact(artefact, expected)).toThrow(/made for other features/);
  });

  /** The parts with their columns renamed. */
  const placedAs = (features: readonly string[]): ModelParts => ({ ...parts, features });
});

/** Offset of the size byte of the first leaf of the tree that starts at `from`. */
const firstLeafOffset = (file: Uint8Array, from: number): number => {
  let at = from;
  while (file[at] !== 255) at += 5;
  return at + 1 - from;
};

const corrupted = (good: Uint8Array, random: () => number): Uint8Array => {
  const kind = Math.floor(random() * 4);
  const at = Math.floor(random() * good.length);
  if (kind === 0) return good.slice(0, at);
  if (kind === 1) return Uint8Array.of(...good.slice(0, at), Math.floor(random() * 256), ...good.slice(at));
  const bad = good.slice();
  const flips = kind === 2 ? 1 : 20;
  for (let i = 0; i < flips; i++) {
    const where = Math.floor(random() * good.length);
    bad[where]! ^= 1 << Math.floor(random() * 8);
  }
  if (Buffer.from(bad).equals(good)) bad[0]! ^= 1;
  return bad;
};
