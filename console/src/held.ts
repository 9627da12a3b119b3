import { useEffect, useReducer } from 'preact/hooks';
import { path, post } from './api.ts';
import { draftOf, keepDraft } from './drafts.ts';
import { asApiError } from './hooks.ts';
import type { Disposition } from './wire.ts';

/** Dispositions are held for a moment before they are sent, so that the analyst can undo a mistake. */

export const holdMs = 5_000;
const shownMs = 4_000;

export interface HeldReview {
  readonly id: number;
  readonly transactionId: string;
  readonly accountId: string | null;
  readonly disposition: Disposition;
  readonly note: string;
  /** The draft that the note came from, and goes back to when the disposition is undone. */
  readonly draft: string;
  readonly dueMs: number;
  readonly state: 'held' | 'sending' | 'sent' | 'failed';
  readonly message?: string;
}

type Wanted = Pick<HeldReview, 'transactionId' | 'accountId' | 'disposition' | 'note' | 'draft'>;

let all: readonly HeldReview[] = [];
let count = 0;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const listeners = new Set<() => void>();

const change = (next: readonly HeldReview[]): void => {
  all = next;
  for (const listener of listeners) listener();
};

const set = (id: number, changed: Partial<HeldReview>): void =>
  change(all.map((review) => (review.id === id ? { ...review, ...changed } : review)));

/** Holds a disposition. It replaces one of the same transaction that is still held, and takes over its note when it has none. */
export const hold = (wanted: Wanted): void => {
  const replaced = all.find(({ transactionId, state }) => transactionId === wanted.transactionId && state === 'held');
  if (replaced !== undefined) remove(replaced.id);
  count += 1;
  const id = count;
  const note = wanted.note === '' && replaced !== undefined ? replaced.note : wanted.note;
  change([...all, { ...wanted, note, id, dueMs: Date.now() + holdMs, state: 'held' }]);
  timers.set(
    id,
    setTimeout(() => void sendNow(id), holdMs),
  );
};

/** Takes a held disposition back. Its note is a draft again, unless another was begun. */
export const undo = (id: number): void => {
  const review = all.find((candidate) => candidate.id === id);
  if (review?.state !== 'held') return;
  if (draftOf(review.draft) === '') keepDraft(review.draft, review.note);
  remove(id);
};

const remove = (id: number): void => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  change(all.filter((review) => review.id !== id));
};

export const undoLast = (): void => {
  const last = all.findLast(({ state }) => state === 'held');
  if (last !== undefined) undo(last.id);
};

export const dismiss = (id: number): void => change(all.filter((review) => review.id !== id));

async function sendNow(id: number, keepalive = false): Promise<void> {
  const review = all.find((candidate) => candidate.id === id);
  if (review?.state !== 'held') return;
  clearTimeout(timers.get(id));
  timers.delete(id);
  set(id, { state: 'sending' });
  const { transactionId, disposition, note } = review;
  try {
    await post(path`decisions/${transactionId}/review`, { disposition, ...(note !== '' && { note }) }, { keepalive });
    set(id, { state: 'sent' });
    setTimeout(() => dismiss(id), shownMs);
  } catch (error) {
    const { message, faults } = asApiError(error);
    set(id, { state: 'failed', message: [message, ...faults.map((fault) => fault.detail)].join(' ') });
  }
}

/** Leaving the page sends what is held. */
addEventListener('pagehide', () => {
  for (const { id } of all) void sendNow(id, true);
});

/** Returns the held dispositions, and renders again whenever one changes. */
export function useHeld(): readonly HeldReview[] {
  const [, changed] = useReducer((round: number) => round + 1, 0);
  useEffect(() => {
    const listener = (): void => changed(undefined as never);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return all;
}
