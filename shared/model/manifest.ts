import { featureNames } from '../domain/features.ts';
import type { Attribute, Item } from '../ports/ports.ts';
import { ModelInvalid, schemaHash } from './artefact.ts';

/** What is known of one model version beside its bytes. */
export interface Manifest {
  readonly version: number;
  readonly kind: 'isolation-forest';
  /** Lower-case hex, of the artefact: its key in the bucket is `models/<sha256>`. */
  readonly sha256: string;
  readonly bytes: number;
  readonly features: readonly string[];
  readonly schemaHash: string;
  readonly seed: number;
  readonly trainedAtMs: number;
  readonly trainingWindow: { readonly fromMs: number; readonly toMs: number };
  /** Rows seen, and SHA-256 of those trained on. */
  readonly rows: number;
  readonly digest: string;
  /** SHA-256 of the reference set behind the percentile scale: `references/<sha256>` in the bucket, float64 rows. */
  readonly reference: string;
  /** Labelled frauds and honest rows behind the learned layer; null while it is off. */
  readonly learned: { readonly frauds: number; readonly honest: number } | null;
  /** By set and figure. */
  readonly metrics: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Version of the code that trained it. */
  readonly codeVersion: string;
  readonly status: 'published' | 'candidate';
  /** Why it is a candidate; null for a published one. */
  readonly reason: string | null;
}

export const artefactKey = (sha256: string): string => `models/${sha256}`;

export const manifestAttributes = (manifest: Manifest): Record<string, Attribute> => ({ manifest: JSON.stringify(manifest) });

/** Throws ModelInvalid when the item is not the manifest of this version or of other features. */
export const manifestOf = (item: Item, version: number): Manifest => {
  const manifest = parse(item.manifest);
  const problems = [
    [manifest.version === version, `manifest of version ${manifest.version}, ${version} expected`],
    [/^[0-9a-f]{64}$/.test(manifest.sha256), 'manifest without a SHA-256'],
    [manifest.schemaHash === schemaHash, 'made for other features'],
    [JSON.stringify(manifest.features) === JSON.stringify(featureNames), 'names other features'],
  ] as const;
  for (const [holds, fault] of problems) if (!holds) throw new ModelInvalid(fault);
  return manifest;
};

/** A manifest as stored, whatever features it was made for: for lists. */
export const parse = (text: Attribute | undefined): Manifest => {
  try {
    const value = JSON.parse(String(text)) as Manifest;
    if (typeof value === 'object' && value !== null && typeof value.sha256 === 'string') return value;
  } catch (error) {
    throw new ModelInvalid('the manifest is not JSON', { cause: error });
  }
  throw new ModelInvalid('the manifest is not one');
};
