import { useEffect, useRef, useState } from 'preact/hooks';
import { type Page, path } from '../api.ts';
import { type ReadChain, readChain } from '../audit.ts';
import { ago, changeText, dateTime, dispositionWords, money, payersTime, signalLabel, whole } from '../format.ts';
import { useHeld } from '../held.ts';
import { type Resource, useClock, useKeys, useLoad, useResource } from '../hooks.ts';
import { Choices, Empty, OutcomeTag, Panel, Shown } from '../parts/basics.tsx';
import { DispositionForm } from '../parts/disposition.tsx';
import { toAccount, toDecision } from '../router.ts';
import { useScope } from '../session.tsx';
import type { AuditItem, ExplainedDecision, ReviewItem } from '../wire.ts';
import { AuditEvent } from './account.tsx';

const refreshMs = 3_000;
const transactionsShown = 20;
type Shelf = 'open' | 'closed';

/** One review an account: J and K choose, F, L and U decide. */
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
          <kbd>J</kbd> <kbd>K</kbd> choose · <kbd>F</kbd> fraud · <kbd>L</kbd> legitimate · <kbd>U</kbd> unsure · <kbd>N</kbd>{' '}
          note · <kbd>Z</kbd> undo
        </span>
      </div>
      <Shown of={reviews} what="reviews" lines={8}>
        {({ items, cursor }) =>
          items.length === 0 ? (
            <Empty title={shelf === 'open' ? 'Nothing waits for review' : 'No review was closed yet'}>
              {shelf === 'open' && <p>A payment that is reviewed or blocked opens one.</p>}
            </Empty>
          ) : (
            <Queue key={shelf} items={items} more={cursor !== undefined} />
          )
        }
      </Shown>
    </div>
  );
}

function Queue({ items, more }: { readonly items: readonly ReviewItem[]; readonly more: boolean }) {
  const [chosen, setChosen] = useState<string | null>(null);
  const held = useHeld();
  const nowMs = useClock(5_000);
  const list = useRef<HTMLUListElement>(null);
  const index = Math.max(
    0,
    items.findIndex(({ reviewId }) => reviewId === chosen),
  );
  const current = items[index]!;
  const go = (by: number): void => {
    const next = items[Math.min(items.length - 1, Math.max(0, index + by))];
    if (next !== undefined) setChosen(next.reviewId);
  };
  useKeys({ j: () => go(1), k: () => go(-1), ArrowDown: () => go(1), ArrowUp: () => go(-1) });
  useEffect(() => {
    list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest' });
  }, [current.reviewId]);
  const isDone = ({ transactionIds }: ReviewItem): boolean =>
    held.some(({ transactionId, state }) => state !== 'failed' && transactionIds.includes(transactionId));
  return (
    <div class="queue">
      <Panel title="Queue" hint={`${whole(items.length)}${more ? '+' : ''}, one for each account`}>
        <ul ref={list}>
          {items.map((item) => (
            <li key={item.reviewId} class={isDone(item) ? 'done' : ''}>
              <button type="button" aria-current={item === current ? 'true' : undefined} onClick={() => setChosen(item.reviewId)}>
                <OutcomeTag outcome={item.outcome} />
                <span class="id">{item.accountId}</span>
                <span class="hint">
                  {item.transactionIds.length} {item.transactionIds.length === 1 ? 'payment' : 'payments'} ·{' '}
                  {ago(item.openedAt, nowMs)}
                  {item.disposition !== undefined && ` · ${dispositionWords[item.disposition]}`}
                </span>
              </button>
            </li>
          ))}
        </ul>
      </Panel>
      <Detail key={current.reviewId} review={current} onHeld={() => go(1)} />
    </div>
  );
}

function Detail({ review, onHeld }: { readonly review: ReviewItem; readonly onHeld: () => void }) {
  const newest = review.transactionIds.at(-1)!;
  const [transactionId, setTransactionId] = useState(newest);
  const decision = useResource<ExplainedDecision>(`${path`decisions/${transactionId}`}?explain=full`);
  const mayReview = useScope('review');
  const { accountId, userId, transactionIds, closedAt } = review;
  const chain = useLoad<ReadChain>(`${accountId}/${userId}/${newest}/${transactionIds.length}/${closedAt ?? 'open'}`, (signal) =>
    readChain(accountId, userId, null, signal),
  );
  const entry = chain.data?.entries.findLast(
    ({ body }) => body.event === 'DECISION_MADE' && body.transactionId === transactionId,
  );
  return (
    <Panel
      title={`Account ${review.accountId}`}
      hint={
        <>
          of {review.userId} · <a href={toAccount(review.accountId, review.userId)}>open the account</a>
        </>
      }
    >
      <label class="inline payments">
        Payment
        <select value={transactionId} onChange={(event) => setTransactionId(event.currentTarget.value)}>
          {review.transactionIds
            .slice(-transactionsShown)
            .toReversed()
            .map((id) => (
              <option key={id} value={id}>
                {id}
              </option>
            ))}
        </select>
        <a href={toDecision(transactionId)}>Open the decision</a>
      </label>
      <Shown of={decision} what="decision">
        {(data) => (
          <div class="summary">
            <p>
              <OutcomeTag outcome={data.outcome} /> <strong>{data.score} points</strong> <Paid entry={entry ?? null} />
            </p>
            <ul class="reasons">
              {data.reasons.map((reason) => (
                <li key={reason.signal}>
                  <strong>{signalLabel(reason.signal)}</strong> {reason.text ?? ''} <span class="points">+{reason.points}</span>
                </li>
              ))}
            </ul>
            {data.counterfactual && <p class="hint">Allowed with {changeText(String(data.counterfactual.change))}.</p>}
          </div>
        )}
      </Shown>
      {mayReview ? (
        <DispositionForm transactionId={transactionId} accountId={review.accountId} onHeld={onHeld} />
      ) : (
        <p class="text hint">This key may read but not review.</p>
      )}
      <WhoDidWhat review={review} chain={chain} />
    </Panel>
  );
}

/** What was paid, as the account's audit chain keeps it. */
function Paid({ entry }: { readonly entry: AuditItem | null }) {
  if (entry === null) return null;
  const { amountMinor, currency, occurredAt } = entry.body as unknown as Paid;
  const { merchantId, channel } = (entry.inputs ?? {}) as { merchantId?: string; channel?: string };
  return (
    <span class="paid">
      <strong>{money(amountMinor, currency)}</strong> {occurredAt !== null && `paid ${payersTime(occurredAt)}`}
      {merchantId !== undefined && ` to ${merchantId}`}
      {channel !== undefined && ` by ${channel}`}
    </span>
  );
}

interface Paid {
  readonly amountMinor: number;
  readonly currency: string;
  readonly occurredAt: string | null;
}

/** The dispositions so far, as the account's audit chain keeps them. */
function WhoDidWhat(props: { readonly review: ReviewItem; readonly chain: Resource<ReadChain> }) {
  const {
    review: { transactionIds },
    chain,
  } = props;
  const said = (chain.data?.entries ?? []).filter(
    ({ body, inputs }) => body.event === 'REVIEWED' && transactionIds.includes(String(inputs?.transactionId)),
  );
  if (said.length === 0) return null;
  return (
    <>
      <h3>Who did what</h3>
      <ul class="versions">
        {said.toReversed().map((entry) => (
          <li key={entry.hash}>
            <AuditEvent entry={entry} />
            <span class="hint">
              {String(entry.inputs?.transactionId)}, {dateTime(entry.body.at)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
