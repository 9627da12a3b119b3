import type { Outcome, WireDecisionItem } from './wire.ts';

/** The decisions of the live view, newest first: a window of bounded size on an endless stream. */

/** Decisions kept; older ones leave. */
export const kept = 10_000;

export class Feed {
  /** Newest first. Replaced, never changed, so that views can tell by identity whether there is anything new. */
  items: readonly WireDecisionItem[] = [];
  /** Taken in while paused, not yet in `items`. */
  waiting: readonly WireDecisionItem[] = [];
  paused = false;
  #known = new Set<string>();
  /** Whether `items` are to go when `waiting` comes. */
  #isStale = false;
  readonly #listeners = new Set<() => void>();

  /** Newest first, as the API answers them. Returns how many were new. */
  add(newest: readonly WireDecisionItem[]): number {
    const fresh = newest.filter((item) => item.transactionId !== null && !this.#known.has(item.transactionId));
    if (fresh.length === 0) return 0;
    for (const item of fresh) this.#known.add(item.transactionId!);
    this.waiting = merged(fresh, this.waiting);
    if (!this.paused) this.#release();
    else if (this.waiting.length > kept) this.#forget('waiting');
    this.#tell();
    return fresh.length;
  }

  /** Begins anew with these, newest first, where what lies between them and the known ones was not read. */
  restart(newest: readonly WireDecisionItem[]): void {
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
    this.#tell();
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

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Both are newest first; late arrivals find their place. */
const merged = (a: readonly WireDecisionItem[], b: readonly WireDecisionItem[]): readonly WireDecisionItem[] => {
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

export const filtered = (items: readonly WireDecisionItem[], filter: Filter): readonly WireDecisionItem[] => {
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

/** Decisions a second over the last `windowMs` of the newest ones. */
export const ratePerSecond = (items: readonly WireDecisionItem[], nowMs: number, windowMs = 30_000): number => {
  let count = 0;
  for (const item of items) {
    if (Date.parse(item.decidedAt) < nowMs - windowMs) break;
    count += 1;
  }
  return count / (windowMs / 1_000);
};
