import type { DecisionItem, Outcome } from './wire.ts';

/** The decisions of the live view, newest first: the last `kept` of an endless stream. */

/** Decisions kept; older ones are dropped. */
export const kept = 10_000;

export class Feed {
  /** Newest first. The array is replaced, never changed: a view compares identities to see whether anything is new. */
  items: readonly DecisionItem[] = [];
  /** Received while paused, not yet in `items`. */
  waiting: readonly DecisionItem[] = [];
  paused = false;
  #known = new Set<string>();
  /** Whether `waiting` replaces `items` instead of joining them. */
  #isStale = false;
  readonly #listeners = new Set<() => void>();

  /** Adds decisions, newest first, as the API answers them. Returns how many were new. */
  add(newest: readonly DecisionItem[]): number {
    const fresh = newest.filter((item) => item.transactionId !== null && !this.#known.has(item.transactionId));
    if (fresh.length === 0) return 0;
    for (const item of fresh) this.#known.add(item.transactionId!);
    this.waiting = merged(fresh, this.waiting);
    if (!this.paused) this.#release();
    else if (this.waiting.length > kept) this.#forget('waiting');
    this.#notify();
    return fresh.length;
  }

  /** Drops what it holds and starts anew with these, newest first: used when decisions in between were not read. */
  restart(newest: readonly DecisionItem[]): void {
    this.#known = new Set();
    this.waiting = [];
    this.#isStale = true;
    this.add(newest);
  }

  knows(transactionId: string | null): boolean {
    return transactionId !== null && this.#known.has(transactionId);
  }

  pause(paused: boolean): void {
    this.paused = paused;
    if (!paused) this.#release();
    this.#notify();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #release(): void {
    if (this.waiting.length === 0) return;
    this.items = merged(this.waiting, this.#isStale ? [] : this.items);
    this.#isStale = false;
    this.waiting = [];
    if (this.items.length > kept) this.#forget('items');
  }

  #forget(list: 'items' | 'waiting'): void {
    for (const item of this[list].slice(kept)) this.#known.delete(item.transactionId!);
    this[list] = this[list].slice(0, kept);
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Merges two lists, both newest first. */
const merged = (a: readonly DecisionItem[], b: readonly DecisionItem[]): readonly DecisionItem[] => {
  const last = a.at(-1);
  if (b.length === 0 || (last !== undefined && last.decidedAt >= b[0]!.decidedAt)) return [...a, ...b];
  return [...a, ...b].sort((x, y) => (x.decidedAt < y.decidedAt ? 1 : x.decidedAt > y.decidedAt ? -1 : 0));
};

export interface Filter {
  readonly outcome: Outcome | null;
  readonly signal: string | null;
  /** Part of a transaction's, account's or user's id, in any case. */
  readonly text: string;
  readonly scoreMin: number;
}

export const noFilter: Filter = { outcome: null, signal: null, text: '', scoreMin: 0 };

export const filtered = (items: readonly DecisionItem[], filter: Filter): readonly DecisionItem[] => {
  if (filter === noFilter) return items;
  const text = filter.text.trim().toLowerCase();
  return items.filter(
    (item) =>
      (filter.outcome === null || item.outcome === filter.outcome) &&
      (filter.signal === null || (item.signals as readonly string[]).includes(filter.signal)) &&
      item.score >= filter.scoreMin &&
      (text === '' || [item.transactionId, item.accountId, item.userId].some((id) => id?.toLowerCase().includes(text))),
  );
};

/** Decisions per second in the last `windowMs`. */
export const ratePerSecond = (items: readonly DecisionItem[], nowMs: number, windowMs = 30_000): number => {
  let count = 0;
  for (const item of items) {
    if (Date.parse(item.decidedAt) < nowMs - windowMs) break;
    count += 1;
  }
  return count / (windowMs / 1_000);
};
