import { noteCharactersMax } from '../../../shared/contract/noteLimits.ts';
import { labelSources } from '../../../shared/reviews/labels.ts';
import {
  array,
  choice,
  closed,
  count,
  disposition,
  id,
  object,
  optional,
  orNull,
  outcome,
  page,
  refer,
  type Schema,
  text,
  time,
} from './parts.ts';

/** What became known of a decision. */
export const label = object(
  {
    disposition: choice(['CONFIRMED_FRAUD', 'LEGITIMATE']),
    by: { ...orNull(text), description: 'Null where the entry that says it cannot be opened any more' },
    knownAt: time,
    source: { ...choice(labelSources), description: 'A person at work on it, or an import such as of chargebacks' },
    note: text,
  },
  ['note'],
);

const reviewItem = object(
  {
    reviewId: text,
    userId: id,
    accountId: id,
    state: choice(['open', 'closed']),
    openedAt: time,
    outcome,
    transactionIds: array(id),
    disposition,
    closedAt: time,
    assignee: { ...orNull(text), description: "Who has claimed it: a key's owner or a token's subject" },
    claimedAt: orNull(time),
    priority: { type: 'integer', minimum: 0, maximum: 100, description: 'By score, amount and age' },
    amountMinor: {
      ...orNull(count),
      description: 'Sum in base currency, of what has a rate; null in a review that was opened by 0.1',
    },
    dueAt: time,
    reasons: { ...array(text), description: "Names of its payments' reasons, each once" },
  },
  ['disposition', 'closedAt'],
);

/** Reviews and labels on the wire. */
export const reviewSchemas = {
  Review: closed(
    object(
      {
        disposition,
        note: optional({ type: 'string', maxLength: noteCharactersMax }),
        source: optional(choice(labelSources)),
      },
      ['note', 'source'],
    ),
  ),
  Reviewed: object({
    transactionId: id,
    disposition,
    knownAt: time,
    review: orNull(object({ reviewId: text, state: choice(['open', 'closed']) })),
  }),
  ReviewDisposal: closed(
    object(
      {
        disposition,
        note: optional({ type: 'string', maxLength: noteCharactersMax }),
        transactionIds: optional(array(id, { minItems: 1, maxItems: 1_000 })),
      },
      ['note', 'transactionIds'],
    ),
  ),
  ReviewDisposed: object({
    labelled: { ...array(id), description: 'The payments that now bear the disposition, of this call or of one before' },
    remaining: { ...count, description: 'Payments of the review that are not labelled' },
    review: refer('ReviewItem'),
  }),
  Nothing: closed(object({})),
  ReviewItem: reviewItem,
  ReviewPage: page(refer('ReviewItem')),
} as const satisfies Record<string, Schema>;
