import { noteCharactersMax } from '../../../shared/contract/noteLimits.ts';
import { labelSources } from '../../../shared/reviews/labels.ts';
import {
  array,
  choice,
  closed,
  disposition,
  id,
  object,
  optional,
  orNull,
  outcome,
  page,
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
  ReviewPage: page(
    object(
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
      },
      ['disposition', 'closedAt'],
    ),
  ),
} as const satisfies Record<string, Schema>;
