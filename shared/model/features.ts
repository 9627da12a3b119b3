import { createHash } from 'node:crypto';
import { featureNames, featureSchemaVersion } from '../domain/features.ts';

/** Lower-case hex SHA-256 over features' names, order and meaning: what an artefact is bound to. */
export const schemaHashOf = (features: readonly string[]): string =>
  createHash('sha256')
    .update(JSON.stringify([featureSchemaVersion, ...features]))
    .digest('hex');

/** Of the features of this version. */
export const schemaHash = schemaHashOf(featureNames);

/** The first features of this version that have the hash: those of a version before any were appended. Null when none have it. */
export const featuresOf = (hash: string): readonly string[] | null => {
  for (let count = featureNames.length; count > 0; count--) {
    const features = featureNames.slice(0, count);
    if (schemaHashOf(features) === hash) return features;
  }
  return null;
};
