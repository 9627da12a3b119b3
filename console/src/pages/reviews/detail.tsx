import { useEffect, useState } from 'preact/hooks';
import { path } from '../../api.ts';
import { type ReadChain, readChain } from '../../audit.ts';
import { changeText, dateTime, money, paidWords, signalLabel } from '../../format.ts';
import { type Resource, useLoad, useResource } from '../../hooks.ts';
import { AuditEvent } from '../../parts/audit.tsx';
import { OutcomeTag, Panel, Shown } from '../../parts/basics.tsx';
import { DispositionForm } from '../../parts/disposition.tsx';
import { toAccount, toDecision } from '../../router.ts';
import { useScope } from '../../session.tsx';
import type { AuditItem, Decision, ReviewItem } from '../../wire.ts';

const transactionsShown = 20;
/** A payment must be on the screen for this long before it can be decided: an earlier click or key was meant for another review. */
const settleMs = 400;

interface ReviewDetailProps {
  readonly review: ReviewItem;
  readonly isListed: boolean;
  readonly onHeld: () => void;
}

/** The selected review: one payment of it, the form to decide it, and what analysts decided so far. */
export function ReviewDetail({ review, isListed, onHeld }: ReviewDetailProps) {
  const { reviewId, accountId, userId, transactionIds, closedAt } = review;
  const newest = transactionIds.at(-1)!;
  const [transactionId, setTransactionId] = useState(newest);
  const decision = useResource<Decision>(`${path`decisions/${transactionId}`}?explain=full`);
  const ready = useSettled(decision.data !== null);
  const mayReview = useScope('review');
  const chain = useLoad<ReadChain>(`${accountId}/${userId}/${newest}/${transactionIds.length}/${closedAt ?? 'open'}`, (signal) =>
    readChain(accountId, userId, null, signal),
  );
  const entry = chain.data?.entries.findLast(
    ({ body }) => body.event === 'DECISION_MADE' && body.transactionId === transactionId,
  );
  return (
    <Panel
      title={`Account ${accountId}`}
      hint={
        <>
          of {userId} · <a href={toAccount(accountId, userId)}>open the account</a>
        </>
      }
    >
      {!isListed && <p class="text hint">This review is no longer in the list.</p>}
      <label class="inline payments">
        Payment
        <select value={transactionId} onChange={(event) => setTransactionId(event.currentTarget.value)}>
          {transactionIds
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
        {(data) => <Summary decision={data} entry={entry ?? null} />}
      </Shown>
      {mayReview ? (
        <DispositionForm transactionId={transactionId} accountId={accountId} draft={reviewId} ready={ready} onHeld={onHeld} />
      ) : (
        <p class="text hint">This key cannot review payments.</p>
      )}
      <Dispositions review={review} chain={chain} />
    </Panel>
  );
}

/** Whether `isShown` has been true for `settleMs`. */
function useSettled(isShown: boolean): boolean {
  const [isSettled, setSettled] = useState(false);
  useEffect(() => {
    if (!isShown) return;
    const timer = setTimeout(() => setSettled(true), settleMs);
    return () => {
      clearTimeout(timer);
      setSettled(false);
    };
  }, [isShown]);
  return isShown && isSettled;
}

const Summary = ({ decision, entry }: { readonly decision: Decision; readonly entry: AuditItem | null }) => (
  <div class="summary">
    <p>
      <OutcomeTag outcome={decision.outcome} /> <strong>{decision.score} points</strong> <Paid entry={entry} />
    </p>
    <ul class="reasons">
      {decision.reasons.map((reason) => (
        <li key={reason.signal}>
          <strong>{signalLabel(reason.signal)}</strong> {reason.text ?? ''} <span class="points">+{reason.points}</span>
        </li>
      ))}
    </ul>
    {decision.counterfactual && <p class="hint">Allowed with {changeText(String(decision.counterfactual.change))}.</p>}
  </div>
);

/** The payment, as the account's audit chain records it. */
function Paid({ entry }: { readonly entry: AuditItem | null }) {
  if (entry === null) return null;
  const { amountMinor, currency, occurredAt } = entry.body as AuditItem['body'] & PaidBody;
  return (
    <span class="paid">
      <strong>{money(amountMinor, currency)}</strong> {paidWords({ ...(entry.inputs as PaidInputs | null), occurredAt })}
    </span>
  );
}

interface PaidBody {
  readonly amountMinor: number;
  readonly currency: string;
  readonly occurredAt: string | null;
}

interface PaidInputs {
  readonly merchantId: string | null;
  readonly channel: string | null;
}

/** The dispositions so far, as the account's audit chain records them. */
function Dispositions(props: { readonly review: ReviewItem; readonly chain: Resource<ReadChain> }) {
  const { review, chain } = props;
  const reviewed = (chain.data?.entries ?? []).filter(
    ({ body }) => body.event === 'REVIEWED' && review.transactionIds.includes(String(body.transactionId)),
  );
  if (reviewed.length === 0) return null;
  return (
    <>
      <h3>Dispositions so far</h3>
      <ul class="versions">
        {reviewed.toReversed().map((entry) => (
          <li key={entry.hash}>
            <AuditEvent entry={entry} />
            <span class="hint">
              {String(entry.body.transactionId)}, {dateTime(entry.body.at)}
            </span>
          </li>
        ))}
      </ul>
    </>
  );
}
