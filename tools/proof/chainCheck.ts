import type { Finding, FindingKind } from '../../functions/read/evidence/finding.ts';
import { zeroHash } from '../../shared/domain/audit.ts';
import type { EntryFacts } from './entryFacts.ts';
import { type Anchor, type ChainEntry, explained, type Gap, type Suspicion } from './suspicion.ts';

export interface ChainStart {
  readonly chain: string;
  /** The sequence of the first entry shown. */
  readonly first: number;
  /** The line that announces the chain. */
  readonly line: number;
  /** The first entry shown must be older than this when it is not entry 1, so that nothing was left out before it; null = any. */
  readonly mustStartBefore: string | null;
}

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
  #last: ChainEntry | null = null;
  /** The entry before the last. */
  #beforeLast: ChainEntry | null = null;
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
    if (this.#suspicion) return this.#reportSuspicion(this.#suspicion, null);
    if (this.#expected > this.#lastAnchor) return;
    const anchor = [...this.#anchors.values()].find(({ sequence }) => sequence >= this.#expected)!;
    const text = `entry ${this.#expected} and what follows is cut off: checkpoint ${anchor.checkpoint} holds entry ${anchor.sequence}, the chain ends at ${this.#expected - 1}`;
    this.report('truncated', line, this.#expected, text, this.#anchoredThrough + 1);
  }

  report(kind: FindingKind, line: number, sequence: number | null, text: string, since: number | null = null) {
    this.#finding ??= { kind, line, chain: this.chain, sequence, since, text: `chain ${this.chain}: ${text}` };
  }

  #reportAfterSuspicion(kind: FindingKind, line: number, sequence: number, text: string) {
    if (this.#suspicion) this.#reportSuspicion(this.#suspicion, null);
    this.report(kind, line, sequence, `entry ${sequence} ${text}`);
  }

  #follow(entry: ChainEntry, at: string | undefined) {
    if (this.#suspicion?.kind === 'gap') return this.#searchOn(this.#suspicion, entry);
    if (this.#suspicion) return this.#reportSuspicion(this.#suspicion, entry);
    const expected = this.#expected;
    if (entry.sequence > expected) {
      this.#suspicion = { kind: 'gap', expected, entry, next: 0, isFound: false, isRepeated: false };
    } else if (entry.sequence < expected) this.#goBack(entry);
    else if (this.#last === null) this.#begin(entry, at);
    else if (entry.previousHash !== this.#last.hash) {
      this.#suspicion = { kind: 'break', entry, before: this.#last, previousHash: this.#last.hash };
    } else this.#accept(entry);
  }

  #begin(entry: ChainEntry, at: string | undefined) {
    const { mustStartBefore } = this.#start;
    if (entry.sequence === 1 && entry.previousHash !== zeroHash) {
      this.#suspicion = { kind: 'break', entry, before: null, previousHash: zeroHash };
    } else if (entry.sequence > 1 && mustStartBefore !== null && !(Date.parse(at ?? '') < Date.parse(mustStartBefore))) {
      const text = `entries before ${entry.sequence} are missing: it is not older than the range, which begins at ${mustStartBefore}`;
      this.report('missing', entry.line, entry.sequence - 1, text);
    } else this.#accept(entry);
  }

  #accept(entry: ChainEntry) {
    this.#beforeLast = this.#last;
    this.#last = entry;
    this.#expected = entry.sequence + 1;
    const anchor = this.#anchors.get(entry.sequence);
    if (anchor && anchor.head !== entry.hash) this.#suspicion = { kind: 'anchor', entry, anchor };
    else if (anchor) this.#anchoredThrough = entry.sequence;
    if (entry.sequence > this.#lastAnchor) this.#uncovered++;
  }

  /** A sequence that was there already. */
  #goBack(entry: ChainEntry) {
    const last = this.#last;
    const before = this.#beforeLast?.hash ?? zeroHash;
    if (last && entry.sequence === last.sequence && entry.previousHash === before && entry.hash !== last.hash) {
      this.#suspicion = { kind: 'fork', first: last, second: entry };
      return;
    }
    const expected = this.#expected;
    this.report('inserted', entry.line, expected, `an entry ${entry.sequence} stands in the place of entry ${expected}`);
  }

  #searchOn(gap: Gap, entry: ChainEntry) {
    if (gap.next === 0) gap.next = entry.sequence;
    if (entry.sequence === gap.expected) gap.isFound = true;
    if (entry.sequence === gap.entry.sequence) gap.isRepeated = true;
  }

  #reportSuspicion(suspicion: Suspicion, next: ChainEntry | null) {
    const found = explained(suspicion, next, { anchors: this.#anchors, anchoredThrough: this.#anchoredThrough });
    this.report(found.kind, found.line, found.sequence, found.text, found.since);
  }
}
