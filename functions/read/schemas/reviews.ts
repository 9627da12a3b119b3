import { noteCharactersMax } from '../../../shared/contract/noteLimits.ts';
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

/** Reviews and labels on the wire. */
export const reviewSchemas = {
  Review: closed(
    object(
      {
        disposition,
        note: optional({ type: 'string', maxLength: noteCharactersMax }),
      },
      ['note'],
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
