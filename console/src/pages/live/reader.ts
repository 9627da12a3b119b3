import { useEffect, useReducer, useState } from 'preact/hooks';
import { type ApiError, get, type Page } from '../../api.ts';
import { Feed, kept } from '../../feed.ts';
import { asApiError } from '../../hooks.ts';
import type { DecisionItem } from '../../wire.ts';

const feedEveryMs = 1_000;
const backoffMsMax = 15_000;
const pageSize = 200;
const smallPageSize = 25;
/** Pages read to catch up after a pause or a burst. */
const catchUpPagesMax = 10;
/** Older pages read in each round, until the view holds all that it keeps. */
const olderPagesPerRound = 2;

/** Outlives the page, so that an analyst who comes back finds the same decisions. */
export const feed = new Feed();

/** Reads the newest decisions into the feed while the tab is visible, and renders again when the feed changes. */
export function useFeed(): { readonly error: ApiError | null; readonly loaded: boolean } {
  const [, changed] = useReducer((round: number) => round + 1, 0);
  const [error, setError] = useState<ApiError | null>(null);
  const [loaded, setLoaded] = useState(feed.items.length > 0);
  useEffect(() => feed.subscribe(() => changed(undefined as never)), []);
  useEffect(() => {
    const stop = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let failures = 0;
    const round = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          await readNew(stop.signal);
          failures = 0;
          setError(null);
          setLoaded(true);
        }
      } catch (problem) {
        if (stop.signal.aborted) return;
        failures += 1;
        setError(asApiError(problem));
      }
      if (!stop.signal.aborted) timer = setTimeout(round, Math.min(backoffMsMax, feedEveryMs * 2 ** failures));
    };
    round();
    return () => {
      stop.abort();
      clearTimeout(timer);
    };
  }, []);
  return { error, loaded };
}

/** The cursor of the next older page; undefined before the first page, null after the last. */
let older: string | null | undefined;

/** Reads the decisions that are new, and then a few older pages, so that neither waits for the other. */
async function readNew(signal: AbortSignal): Promise<void> {
  if (older === undefined) {
    const first: Page<DecisionItem> = await get(`decisions/latest?limit=${pageSize}`, signal);
    feed.add(first.items);
    older = first.items.length === 0 ? undefined : (first.cursor ?? null);
    return;
  }
  await catchUp(signal);
  const isFull = (): boolean => feed.paused || feed.items.length >= kept;
  for (let page = 0; page < olderPagesPerRound && older !== null && !isFull(); page += 1) {
    const next: Page<DecisionItem> = await get(`decisions/latest?limit=${pageSize}&cursor=${encodeURIComponent(older)}`, signal);
    feed.add(next.items);
    older = next.cursor ?? null;
  }
}

async function catchUp(signal: AbortSignal): Promise<void> {
  // Usually only a few are new: a small page is enough.
  const { items }: Page<DecisionItem> = await get(`decisions/latest?limit=${smallPageSize}`, signal);
  if (items.length < smallPageSize || items.some(({ transactionId }) => feed.knows(transactionId))) {
    feed.add(items);
    return;
  }
  const found: DecisionItem[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < catchUpPagesMax; page += 1) {
    const url = `decisions/latest?limit=${pageSize}`;
    const next: Page<DecisionItem> = await get(
      cursor === undefined ? url : `${url}&cursor=${encodeURIComponent(cursor)}`,
      signal,
    );
    found.push(...next.items);
    cursor = next.cursor;
    if (cursor === undefined || next.items.some(({ transactionId }) => feed.knows(transactionId))) {
      feed.add(found);
      return;
    }
  }
  // Too many were missed to catch up: start anew, since a view with a gap would be wrong.
  feed.restart(found);
  older = cursor ?? null;
}
