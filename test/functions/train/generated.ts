import type { TrainingRow } from '../../../functions/train/build.ts';
import { type Matrix, matrixOf } from '../../../functions/train/matrix.ts';
import { seededRandom } from '../../../functions/train/random.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import { signalNames } from '../../../shared/domain/signals/names.ts';

/** A standard normal deviate (Box and Muller 1958). */
export const normal = (random: () => number): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

/** Rows around the origin. */
export const cloud = (height: number, width: number, seed: number, centre = 0, spread = 1): Matrix => {
  const random = seededRandom(seed);
  return matrixOf(
    Array.from({ length: height }, () => Array.from({ length: width }, () => centre + spread * normal(random))),
    width,
  );
};

export const concat = (...parts: readonly Matrix[]): Matrix => ({
  width: parts[0]!.width,
  height: parts.reduce((sum, part) => sum + part.height, 0),
  values: Float64Array.from(parts.flatMap((part) => Array.from(part.values))),
});

/** Payments of which every `fraudEvery`th is fraud and lies away from the others in two features that only together tell. */
export const trainingRows = (count: number, seed: number, fraudEvery = 20): TrainingRow[] => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, (_, i) => {
    const fraud = i % fraudEvery === 0;
    const features = Float64Array.from(featureNames, () => normal(random));
    const side = random() < 0.5 ? -1 : 1;
    features[0] = side * 2 + 0.3 * normal(random);
    features[1] = (fraud ? side : -side) * 2 + 0.3 * normal(random);
    features[2]! += fraud ? 1 : 0;
    return { occurredAtMs: 1_700_000_000_000 + i * 60_000, features, signals: signalNames.map(() => 0), fraud };
  });
};
