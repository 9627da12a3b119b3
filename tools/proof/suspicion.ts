import type { FindingKind } from '../../functions/read/evidence/finding.ts';

/** A head that a checkpoint holds. */
export interface Anchor {
  readonly checkpoint: number;
  readonly sequence: number;
  readonly head: string;
}

/** An entry that reads well by itself. */
export interface ChainEntry {
  readonly line: number;
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** Something is wrong, and the entry that follows tells with which entry. */
export type Suspicion = Break | Fork | Mismatch | Gap;

/** The entry does not continue the one before it. */
interface Break {
  readonly kind: 'break';
  readonly entry: ChainEntry;
  readonly before: ChainEntry | null;
  readonly previousHash: string;
}

/** Two entries continue the same one. */
interface Fork {
  readonly kind: 'fork';
  readonly first: ChainEntry;
  readonly second: ChainEntry;
}

/** The entry is not the one that a checkpoint holds. */
interface Mismatch {
  readonly kind: 'anchor';
  readonly entry: ChainEntry;
  readonly anchor: Anchor;
}

/** The entry's sequence is too high. The rest is found by reading on. */
export interface Gap {
  readonly kind: 'gap';
  readonly expected: number;
  readonly entry: ChainEntry;
  /** The sequence after the entry; 0 while unknown. */
  next: number;
  isFound: boolean;
  isRepeated: boolean;
}

/** What checkpoints hold of the chain so far. */
export interface AnchorTrail {
  readonly anchors: ReadonlyMap<number, Anchor>;
  /** The last entry that equals what a checkpoint holds; 0 for none. */
  readonly anchoredThrough: number;
}

export interface Explanation {
  readonly kind: FindingKind;
  readonly line: number;
  readonly sequence: number;
  readonly text: string;
  readonly since: number | null;
}

const because = (kind: FindingKind, line: number, sequence: number, text: string, since: number | null = null): Explanation => ({
  kind,
  line,
  sequence,
  text,
  since,
});

/** What was wrong, now that the entry after it is known; `next` is null at the end of the chain. */
export function explained(suspicion: Suspicion, next: ChainEntry | null, trail: AnchorTrail): Explanation {
  switch (suspicion.kind) {
    case 'break':
      return explainedBreak(suspicion, next, trail);
    case 'fork': {
      const { first, second } = suspicion;
      const intruder = next?.previousHash === second.hash && trail.anchoredThrough < first.sequence ? first : second;
      const text = `fork at entry ${second.sequence}: two entries follow entry ${second.sequence - 1} (lines ${first.line} and ${second.line}); the one in line ${intruder.line} is not continued`;
      return because('fork', intruder.line, second.sequence, text);
    }
    case 'anchor':
      return explainedAnchor(suspicion, next, trail);
    case 'gap':
      return explainedGap(suspicion);
  }
}

function explainedBreak({ entry, before, previousHash }: Break, next: ChainEntry | null, trail: AnchorTrail): Explanation {
  const { sequence } = entry;
  const anchor = trail.anchors.get(sequence);
  if (next && next.sequence === sequence && next.previousHash === previousHash) {
    return because('inserted', entry.line, sequence, `an entry ${sequence} was inserted before the true one`);
  }
  const isConfirmed = anchor ? anchor.head === entry.hash : next?.previousHash === entry.hash;
  if (isConfirmed && before && trail.anchoredThrough < before.sequence) {
    const text = `entry ${before.sequence} was altered and hashed anew: entry ${sequence} continues another one`;
    return because('rehashed', before.line, before.sequence, text, trail.anchoredThrough + 1);
  }
  const doubt =
    isConfirmed || anchor || next || !before ? '' : ` (or entry ${before.sequence} was altered: no later entry tells)`;
  const text = `entry ${sequence} does not continue entry ${sequence - 1}: it was altered and hashed anew${doubt}`;
  return because('rehashed', entry.line, sequence, text, doubt ? before!.sequence : null);
}

function explainedAnchor({ entry, anchor }: Mismatch, next: ChainEntry | null, trail: AnchorTrail): Explanation {
  const { sequence } = entry;
  if (next && next.sequence === sequence && next.hash === anchor.head) {
    return because('inserted', entry.line, sequence, `an entry ${sequence} was inserted before the true one`);
  }
  if (next?.previousHash === anchor.head) {
    return because(
      'rehashed',
      entry.line,
      sequence,
      `entry ${sequence} was altered and hashed anew: checkpoint ${anchor.checkpoint} and entry ${next.sequence} hold another one`,
    );
  }
  const since = trail.anchoredThrough + 1;
  const which = since === sequence ? `entry ${sequence}` : `entries ${since} to ${sequence}, or the last of them,`;
  const text = `${which} rewritten or rolled back: checkpoint ${anchor.checkpoint} holds ${anchor.head} as entry ${sequence}, the chain has ${entry.hash}`;
  return because('rewritten', entry.line, sequence, text, since);
}

function explainedGap({ expected, entry, isFound, isRepeated, next: following }: Gap): Explanation {
  if (isFound && isRepeated) {
    return because('inserted', entry.line, expected, `entry ${entry.sequence} was inserted in the place of entry ${expected}`);
  }
  if (isFound) {
    return because(
      'reordered',
      entry.line,
      expected,
      `entry ${expected} is out of order: entry ${entry.sequence} stands in its place`,
    );
  }
  if (following === expected + 1 && entry.sequence !== expected + 1) {
    return because(
      'rehashed',
      entry.line,
      expected,
      `entry ${expected} was altered and hashed anew: it says it is entry ${entry.sequence}`,
    );
  }
  const last = entry.sequence - 1;
  const missing = last === expected ? `entry ${expected} is missing` : `entries ${expected} to ${last} are missing`;
  return because('missing', entry.line, expected, missing);
}
