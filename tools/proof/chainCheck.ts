import type { Finding, FindingKind } from '../../functions/read/evidence/finding.ts';
import { firstPreviousHash } from '../../shared/proof/entry.ts';
import type { EntryFacts } from './entryFacts.ts';

/** A head that a checkpoint holds. */
export interface Anchor {
  readonly checkpoint: number;
  readonly sequence: number;
  readonly head: string;
}

export interface ChainStart {
  readonly chain: string;
  /** The sequence of the first entry shown. */
  readonly first: number;
  /** The line that announces the chain. */
  readonly line: number;
  /** The first entry shown must be older than this when it is not entry 1, so that nothing was left out before it; null = any. */
  readonly mustStartBefore: string | null;
}

interface Seen {
  readonly line: number;
  readonly sequence: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** Something is wrong, and the entry that follows decides with which entry. */
type Suspicion =
  | { readonly kind: 'break'; readonly entry: Seen; readonly before: Seen | null; readonly previousHash: string }
  | { readonly kind: 'fork'; readonly first: Seen; readonly second: Seen }
  | { readonly kind: 'anchor'; readonly entry: Seen; readonly anchor: Anchor }
  | {
      readonly kind: 'gap';
      readonly expected: number;
      readonly entry: Seen;
      next: number;
      isFound: boolean;
      isRepeated: boolean;
    };

/**
 * Follows one chain entry by entry in constant memory and keeps the first finding. The heads that checkpoints hold (`anchors`) are known
 * before the entries.
 */
export class ChainCheck {
  readonly #start: ChainStart;
  readonly #anchors = new Map<number, Anchor>();
  #lastAnchor = 0;
  #anchoredThrough = 0;
  #expected: number;
  #last: Seen | null = null;
  /** The entry before the last. */
  #beforeLast: Seen | null = null;
  #suspicion: Suspicion | null = null;
  #finding: Finding | null = null;
  /** Entries after the last one that a checkpoint holds. */
  #uncovered = 0;

  constructor(start: ChainStart) {
    this.#start = start;
    this.#expected = start.first;
  }

  get chain(): string {
    return this.#start.chain;
  }

  get finding(): Finding | null {
    return this.#finding;
  }

  get uncovered(): number {
    return this.#uncovered;
  }

  /** A head whose proof holds. Two checkpoints that hold different heads for one sequence are a finding. */
  anchor(anchor: Anchor, line: number) {
    const known = this.#anchors.get(anchor.sequence);
    if (known && known.head !== anchor.head) {
      const text = `checkpoints ${known.checkpoint} and ${anchor.checkpoint} hold different entries ${anchor.sequence}: the history was rewritten`;
      this.report('rewritten', line, anchor.sequence, text);
    }
    this.#anchors.set(anchor.sequence, anchor);
    this.#lastAnchor = Math.max(this.#lastAnchor, anchor.sequence);
  }

  entry(facts: EntryFacts, line: number) {
    if (this.#finding) return;
    const place = this.#expected;
    if (facts.kind === 'malformed') return this.#reportAfterSuspicion('malformed', line, place, facts.text);
    if (facts.kind === 'edited') {
      const { computed, hash } = facts;
      return this.#reportAfterSuspicion(
        'edited',
        line,
        place,
        `was edited: its body gives the hash ${computed}, it says ${hash}`,
      );
    }
    const { chain, sequence, previousHash, hash } = facts;
    if (chain !== this.chain)
      return this.#reportAfterSuspicion('moved', line, place, `is entry ${sequence} of chain ${chain}, moved here`);
    if (sequence === undefined || previousHash === undefined) {
      return this.#reportAfterSuspicion('malformed', line, place, 'has no sequence or no previousHash');
    }
    this.#follow({ line, sequence, previousHash, hash }, facts.at);
  }

  /** After the last entry. */
  finish(line: number) {
    if (this.#finding) return;
    if (this.#suspicion) return this.#decide(this.#suspicion, null);
    if (this.#expected > this.#lastAnchor) return;
    const anchor = [...this.#anchors.values()].find((one) => one.sequence >= this.#expected)!;
    const text = `entry ${this.#expected} and what follows is cut off: checkpoint ${anchor.checkpoint} holds entry ${anchor.sequence}, the chain ends at ${this.#expected - 1}`;
    this.report('truncated', line, this.#expected, text, this.#anchoredThrough + 1);
  }

  report(kind: FindingKind, line: number, sequence: number | null, text: string, since: number | null = null) {
    this.#finding ??= { kind, line, chain: this.chain, sequence, since, text: `chain ${this.chain}: ${text}` };
  }

  #reportAfterSuspicion(kind: FindingKind, line: number, sequence: number, text: string) {
    if (this.#suspicion) this.#decide(this.#suspicion, null);
    this.report(kind, line, sequence, `entry ${sequence} ${text}`);
  }

  #follow(entry: Seen, at: string | undefined) {
    if (this.#suspicion?.kind === 'gap') return this.#searchOn(this.#suspicion, entry);
    if (this.#suspicion) return this.#decide(this.#suspicion, entry);
    const expected = this.#expected;
    if (entry.sequence > expected) {
      this.#suspicion = { kind: 'gap', expected, entry, next: 0, isFound: false, isRepeated: false };
    } else if (entry.sequence < expected) this.#goBack(entry);
    else if (this.#last === null) this.#begin(entry, at);
    else if (entry.previousHash !== this.#last.hash) {
      this.#suspicion = { kind: 'break', entry, before: this.#last, previousHash: this.#last.hash };
    } else this.#accept(entry);
  }

  #begin(entry: Seen, at: string | undefined) {
    const { mustStartBefore } = this.#start;
    if (entry.sequence === 1 && entry.previousHash !== firstPreviousHash) {
      this.#suspicion = { kind: 'break', entry, before: null, previousHash: firstPreviousHash };
    } else if (entry.sequence > 1 && mustStartBefore !== null && !(Date.parse(at ?? '') < Date.parse(mustStartBefore))) {
      const text = `entries before ${entry.sequence} are missing: it is not older than the range, which begins at ${mustStartBefore}`;
      this.report('missing', entry.line, entry.sequence - 1, text);
    } else this.#accept(entry);
  }

  #accept(entry: Seen) {
    this.#beforeLast = this.#last;
    this.#last = entry;
    this.#expected = entry.sequence + 1;
    const anchor = this.#anchors.get(entry.sequence);
    if (anchor && anchor.head !== entry.hash) this.#suspicion = { kind: 'anchor', entry, anchor };
    else if (anchor) this.#anchoredThrough = entry.sequence;
    if (entry.sequence > this.#lastAnchor) this.#uncovered++;
  }

  /** A sequence that was there already. */
  #goBack(entry: Seen) {
    const last = this.#last;
    const before = this.#beforeLast?.hash ?? firstPreviousHash;
    if (last && entry.sequence === last.sequence && entry.previousHash === before && entry.hash !== last.hash) {
      this.#suspicion = { kind: 'fork', first: last, second: entry };
      return;
    }
    const expected = this.#expected;
    this.report('inserted', entry.line, expected, `an entry ${entry.sequence} stands in the place of entry ${expected}`);
  }

  #searchOn(gap: Suspicion & { readonly kind: 'gap' }, entry: Seen) {
    if (gap.next === 0) gap.next = entry.sequence;
    if (entry.sequence === gap.expected) gap.isFound = true;
    if (entry.sequence === gap.entry.sequence) gap.isRepeated = true;
  }

  #decide(suspicion: Suspicion, next: Seen | null) {
    switch (suspicion.kind) {
      case 'break':
        return this.#decideBreak(suspicion, next);
      case 'fork': {
        const { first, second } = suspicion;
        const intruder = next?.previousHash === second.hash && this.#anchoredThrough < first.sequence ? first : second;
        const text = `fork at entry ${second.sequence}: two entries follow entry ${second.sequence - 1} (lines ${first.line} and ${second.line}); the one in line ${intruder.line} is not continued`;
        return this.report('fork', intruder.line, second.sequence, text);
      }
      case 'anchor':
        return this.#decideAnchor(suspicion, next);
      case 'gap': {
        const { expected, entry, isFound, isRepeated, next: following } = suspicion;
        if (isFound && isRepeated) {
          return this.report(
            'inserted',
            entry.line,
            expected,
            `entry ${entry.sequence} was inserted in the place of entry ${expected}`,
          );
        }
        if (isFound) {
          return this.report(
            'reordered',
            entry.line,
            expected,
            `entry ${expected} is out of order: entry ${entry.sequence} stands in its place`,
          );
        }
        if (following === expected + 1 && entry.sequence !== expected + 1) {
          return this.report(
            'rehashed',
            entry.line,
            expected,
            `entry ${expected} was altered and hashed anew: it says it is entry ${entry.sequence}`,
          );
        }
        const last = entry.sequence - 1;
        const missing = last === expected ? `entry ${expected} is missing` : `entries ${expected} to ${last} are missing`;
        return this.report('missing', entry.line, expected, missing);
      }
    }
  }

  #decideBreak({ entry, before, previousHash }: Suspicion & { readonly kind: 'break' }, next: Seen | null) {
    const { sequence } = entry;
    const anchor = this.#anchors.get(sequence);
    if (next && next.sequence === sequence && next.previousHash === previousHash) {
      return this.report('inserted', entry.line, sequence, `an entry ${sequence} was inserted before the true one`);
    }
    const isConfirmed = anchor ? anchor.head === entry.hash : next?.previousHash === entry.hash;
    if (isConfirmed && before && this.#anchoredThrough < before.sequence) {
      const text = `entry ${before.sequence} was altered and hashed anew: entry ${sequence} continues another one`;
      return this.report('rehashed', before.line, before.sequence, text, this.#anchoredThrough + 1);
    }
    const doubt =
      isConfirmed || anchor || next || !before ? '' : ` (or entry ${before.sequence} was altered: no later entry tells)`;
    const text = `entry ${sequence} does not continue entry ${sequence - 1}: it was altered and hashed anew${doubt}`;
    this.report('rehashed', entry.line, sequence, text, doubt ? before!.sequence : null);
  }

  #decideAnchor({ entry, anchor }: Suspicion & { readonly kind: 'anchor' }, next: Seen | null) {
    const { sequence } = entry;
    if (next && next.sequence === sequence && next.hash === anchor.head) {
      return this.report('inserted', entry.line, sequence, `an entry ${sequence} was inserted before the true one`);
    }
    if (next?.previousHash === anchor.head) {
      return this.report(
        'rehashed',
        entry.line,
        sequence,
        `entry ${sequence} was altered and hashed anew: checkpoint ${anchor.checkpoint} and entry ${next.sequence} hold another one`,
      );
    }
    const since = this.#anchoredThrough + 1;
    const which = since === sequence ? `entry ${sequence}` : `entries ${since} to ${sequence}, or the last of them,`;
    const text = `${which} rewritten or rolled back: checkpoint ${anchor.checkpoint} holds ${anchor.head} as entry ${sequence}, the chain has ${entry.hash}`;
    this.report('rewritten', entry.line, sequence, text, since);
  }
}
