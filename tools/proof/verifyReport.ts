import type { BundleHeader } from '../../functions/read/evidence/bundle.ts';
import type { Finding } from '../../functions/read/evidence/finding.ts';
import { type Checkpoint, checkpointHash } from '../../shared/proof/checkpoint.ts';
import { sweepCoverage } from '../../shared/proof/sweepRecord.ts';

export interface VerifyOptions {
  /** SPKI in PEM, one key or several, from a source other than the bundle. Without it the bundle's own keys are used, and the report says so. */
  readonly publicKey?: string;
  /** Checkpoints that the caller has kept from before: another history, or one cut short, shows against them. */
  readonly known?: readonly Checkpoint[];
  /** Called now and then with the bytes read so far. */
  readonly onProgress?: (bytesRead: number) => void;
  /** Threads that hash the entries of a large bundle beside this one; default: one per core, at most 4. */
  readonly threads?: number;
}

export interface VerifyReport {
  readonly verdict: 'intact' | 'tampered' | 'unreadable';
  /** 0 intact, 1 tampered, 2 unreadable. */
  readonly exitCode: 0 | 1 | 2;
  /** In the order of the bundle, the first of each chain, at most `findingsMax`. */
  readonly findings: readonly Finding[];
  /** Why the bundle cannot be read, or null. */
  readonly unreadable: string | null;
  readonly scope: BundleHeader['scope'] | null;
  readonly chains: number;
  readonly entries: number;
  /** Entries after the last checkpoint that holds their chain: edits of them show only while a later entry still fits the old hash. */
  readonly uncoveredEntries: number;
  readonly checkpoints: { readonly count: number; readonly first: CheckpointName | null; readonly last: CheckpointName | null };
  /** Of scope `range`: what the checkpoints record of the sweep in the week before the last of them; null for another scope. */
  readonly sweep: SweepShown | null;
  /** The keys that may have signed, and whether the caller vouched for them. */
  readonly keyIds: readonly string[];
  readonly isKeyGiven: boolean;
}

export interface CheckpointName {
  readonly number: number;
  readonly at: string;
  readonly hash: string;
}

/** Chains that no checkpoint holds are found by the sweep of the table alone. */
export interface SweepShown {
  /** Parts in which the table is swept; 0 when no checkpoint records one. */
  readonly shares: number;
  /** Those that were swept within the week. */
  readonly covered: number;
  /** What the sweep found wrong in them. */
  readonly findings: number;
}

/** `checkpoints` in order. */
export const sweepShown = (checkpoints: readonly Checkpoint[]): SweepShown => {
  const last = checkpoints.at(-1);
  const { shares, covered } = sweepCoverage(
    checkpoints.map(({ body }) => body),
    last === undefined ? 0 : Date.parse(last.body.at),
  );
  return { shares, covered: covered.length, findings: covered.reduce((sum, { findings }) => sum + findings, 0) };
};

export const nameOfCheckpoint = (checkpoint: Checkpoint | undefined): CheckpointName | null =>
  checkpoint ? { number: checkpoint.body.number, at: checkpoint.body.at, hash: checkpointHash(checkpoint.body) } : null;

export const findingsMax = 100;
