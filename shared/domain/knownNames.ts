import { causes } from './decision.ts';
import { featureNames } from './features.ts';
import type { Layout, Names } from './fields.ts';
import { signalNames } from './signals/names.ts';

/** Every name that this version knows to read and write packed rows with. */
export const knownNames: Names = { signals: signalNames, features: featureNames, causes };

/** The layout of bytes that are read and written by one version: all that it knows. */
export const knownLayout: Layout = {
  format: 1,
  counts: { signals: signalNames.length, features: featureNames.length, causes: causes.length },
  names: knownNames,
};
