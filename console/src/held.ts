import { useEffect, useReducer } from 'preact/hooks';
import { path, post } from './api.ts';
import { asApiError } from './hooks.ts';
import type { Disposition } from './wire.ts';

/** Dispositions that wait a moment before they are sent, so that a slip can be undone. */

export const holdMs = 5_000;
const shownMs = 4_000;

export interface HeldReview {
  readonly id: number;
  readonly transactionId: string;
  readonly accountId: string | null;
  readonly disposition: Disposition;
  readonly note: string;
  readonly dueMs: number;
  readonly state: 'held' | 'sending' | 'sent' | 'failed';
  readonly message?: string;
}

type Wanted = Pick<HeldReview, 'transactionId' | 'accountId' | 'disposition' | 'note'>;

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

/** Another disposition of the same transaction replaces one that is still held. */
export const hold = (wanted: Wanted): void => {
  for (const other of all) if (other.transactionId === wanted.transactionId && other.state === 'held') undo(other.id);
  count += 1;
  const id = count;
  change([...all, { ...wanted, id, dueMs: Date.now() + holdMs, state: 'held' }]);
  timers.set(
    id,
    setTimeout(() => void sendNow(id), holdMs),
  );
};

export const undo = (id: number): void => {
  clearTimeout(timers.get(id));
  timers.delete(id);
  change(all.filter((review) => review.id !== id || review.state !== 'held'));
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

/** Whoever leaves the page has decided: what is held is sent. */
addEventListener('pagehide', () => {
  for (const { id } of all) void sendNow(id, true);
});

/** A changed set of held reviews each time one moves on. */
export function useHeld(): readonly HeldReview[] {
  const [, changed] = useReducer((round: number) => round + 1, 0);
  useEffect(() => {
    const listener = (): void => changed(undefined as never);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return all;
}
