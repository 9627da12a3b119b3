import { useEffect, useRef, useState } from 'preact/hooks';
import type { Page } from '../api.ts';
import { ago, dispositionWords, plural, whole } from '../format.ts';
import { useHeld } from '../held.ts';
import { useClock, useResource } from '../hooks.ts';
import { useKeys } from '../keys.ts';
import { Choices, Empty, OutcomeTag, Panel, Shown } from '../parts/basics.tsx';
import { isListed, moved, nothingSelected, refreshed, type Selection, selected } from '../selection.ts';
import type { ReviewItem } from '../wire.ts';
import { ReviewDetail } from './reviews/detail.tsx';

const refreshMs = 3_000;
type Shelf = 'open' | 'closed';

/** The review queue, one review for each account: J and K select, F, L and U decide. */
export function ReviewsPage() {
  const [shelf, setShelf] = useState<Shelf>('open');
  const reviews = useResource<Page<ReviewItem>>(`reviews?state=${shelf}&limit=100`, refreshMs);
  return (
    <div class="reviews">
      <div class="pageHead">
        <h1>Reviews</h1>
        <Choices<Shelf>
          label="State"
          choices={[
            { value: 'open', label: 'Open' },
            { value: 'closed', label: 'Closed' },
          ]}
          value={shelf}
          onChange={setShelf}
        />
        <span class="hint keys">
          <kbd>J</kbd> <kbd>K</kbd> select · <kbd>F</kbd> fraud · <kbd>L</kbd> legitimate · <kbd>U</kbd> unsure · <kbd>N</kbd>{' '}
          note · <kbd>Z</kbd> undo
        </span>
      </div>
      <Shown of={reviews} what="reviews" lines={8}>
        {({ items, cursor }) => <Queue key={shelf} shelf={shelf} items={items} hasMore={cursor !== undefined} />}
      </Shown>
    </div>
  );
}

interface QueueProps {
  readonly shelf: Shelf;
  readonly items: readonly ReviewItem[];
  readonly hasMore: boolean;
}

function Queue({ shelf, items, hasMore }: QueueProps) {
  const [selection, setSelection] = useState<Selection>(nothingSelected);
  const current = refreshed(selection, items);
  const held = useHeld();
  useEffect(() => setSelection((known) => refreshed(known, items)), [items]);
  const isDone = ({ transactionIds }: ReviewItem): boolean =>
    held.some(({ transactionId, state }) => state !== 'failed' && transactionIds.includes(transactionId));
  const go = (by: 1 | -1): void => setSelection(moved(current, items, by));
  useKeys({ j: () => go(1), k: () => go(-1), ArrowDown: () => go(1), ArrowUp: () => go(-1) });
  if (items.length === 0 && current.review === null) {
    return shelf === 'open' ? (
      <Empty title="There is nothing to review">
        <p>A payment that is sent to review or blocked opens a review.</p>
      </Empty>
    ) : (
      <Empty title="No review is closed yet" />
    );
  }
  return (
    <div class="queue">
      <Panel title="Queue" hint={`${whole(items.length)}${hasMore ? '+' : ''}, one for each account`}>
        <List
          items={items}
          current={current.review}
          isDone={isDone}
          onSelect={(review) => setSelection(selected(review, items))}
        />
      </Panel>
      {current.review === null ? (
        <Panel title="No review is selected">
          <p class="text">Select a review with a click, or with J and K.</p>
        </Panel>
      ) : (
        <ReviewDetail
          key={current.review.reviewId}
          review={current.review}
          isListed={isListed(current, items)}
          onHeld={() => setSelection(moved(current, items, 1, isDone))}
        />
      )}
    </div>
  );
}

interface ListProps {
  readonly items: readonly ReviewItem[];
  readonly current: ReviewItem | null;
  readonly isDone: (review: ReviewItem) => boolean;
  readonly onSelect: (review: ReviewItem) => void;
}

function List({ items, current, isDone, onSelect }: ListProps) {
  const list = useRef<HTMLUListElement>(null);
  const nowMs = useClock(5_000);
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [current?.reviewId]);
  return (
    <ul ref={list}>
      {items.map((item) => (
        <li key={item.reviewId} class={isDone(item) ? 'done' : ''}>
          <button
            type="button"
            aria-current={item.reviewId === current?.reviewId ? 'true' : undefined}
            onClick={() => onSelect(item)}
          >
            <OutcomeTag outcome={item.outcome} />
            <span class="id">{item.accountId}</span>
            <span class="hint">
              {plural(item.transactionIds.length, 'payment')} · {ago(item.openedAt, nowMs)}
              {item.disposition !== undefined && ` · ${dispositionWords[item.disposition]}`}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
