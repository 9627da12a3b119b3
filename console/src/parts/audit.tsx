import { dispositionWords } from '../format.ts';
import { toDecision } from '../router.ts';
import type { AuditItem, Disposition } from '../wire.ts';

/** What proves an entry, apart from the check in this browser. */
export const proofText = (proof: AuditItem['proof'] | undefined): string => {
  if (proof?.state === 'CHECKPOINTED') return `signed, checkpoint ${proof.checkpoint}`;
  return proof?.state === 'CHAINED' ? 'chained, not signed yet' : 'unknown';
};

/** What an entry records: the outcome of a decision, or who reviewed it and what they wrote. */
export function AuditEvent({ entry: { body, inputs } }: { readonly entry: AuditItem }) {
  if (body.event === 'DECISION_MADE') {
    return <a href={toDecision(String(body.transactionId))}>{String(body.outcome).toLowerCase()}</a>;
  }
  if (body.event !== 'REVIEWED') return <>{body.event.toLowerCase().replaceAll('_', ' ')}</>;
  const review = (inputs ?? {}) as { disposition?: Disposition; note?: string | null; by?: string };
  return (
    <span class="event">
      <strong>{review.disposition === undefined ? 'reviewed' : dispositionWords[review.disposition]}</strong>
      {review.by !== undefined && <span class="hint"> by {review.by}</span>}
      {review.note && <q>{review.note}</q>}
    </span>
  );
}
