/** What a verifier can find wrong. */
export type FindingKind =
  | 'malformed'
  | 'edited'
  | 'rehashed'
  | 'missing'
  | 'inserted'
  | 'fork'
  | 'reordered'
  | 'moved'
  | 'truncated'
  | 'rewritten'
  | 'withheld'
  | 'checkpoint'
  | 'signature'
  | 'wrong-key'
  | 'split-view'
  | 'proof'
  | 'policy'
  | 'count'
  // Of the stores of a deployment alone (`aegis verify --live`):
  | 'uncovered'
  | 'state'
  | 'decision'
  | 'refold'
  | 'key'
  | 'list'
  | 'model'
  | 'webhook';

export interface Finding {
  readonly kind: FindingKind;
  /** Where it shows in the bundle, from 1; null for what was found in the stores. */
  readonly line: number | null;
  /** Null when it concerns no chain. */
  readonly chain: string | null;
  /** The bad entry, by its place in the chain. */
  readonly sequence: number | null;
  /** The first entry that may be concerned too: everything from here to `sequence` lies between two checkpoints. */
  readonly since: number | null;
  /** The item of the table that it is about, as `pk / sk`; left out when it is about an entry or a checkpoint. */
  readonly item?: string;
  /** A sentence for people. */
  readonly text: string;
}

/** Thrown when a file cannot be read as a bundle. It says nothing about the content. */
export class Unreadable extends Error {
  override readonly name = 'Unreadable';
}
