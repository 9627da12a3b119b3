import { type Fault, fault } from '../../shared/contract/fault.ts';
import { allowedId, isTransactionId } from '../../shared/contract/ids.ts';
import { noteCharactersMax } from '../../shared/contract/noteLimits.ts';
import { objectBody } from '../../shared/edge/body.ts';
import { type Disposition, dispositions, type LabelSource, labelSources } from './dispose.ts';

export interface ReviewBody {
  readonly disposition: Disposition;
  readonly note: string | null;
  readonly source: LabelSource;
}

export interface ReviewDisposal {
  readonly disposition: Disposition;
  readonly note: string | null;
  /** Null: all of the review. */
  readonly transactionIds: readonly string[] | null;
}

const ids = 'a list of 1 to 1,000 ids of payments in the review';
const idsMax = 1_000;

/** The body of `POST /reviews/{reviewId}/dispose`. */
export const readReviewDisposal = objectBody<ReviewDisposal>({
  fields: ['disposition', 'note', 'transactionIds'],
  expected: 'an object with disposition, note and transactionIds',
  read: ({ disposition, note, transactionIds = null }, faults) => {
    const said = readWord({ disposition, note }, faults);
    const isList =
      transactionIds === null || (Array.isArray(transactionIds) && transactionIds.length >= 1 && transactionIds.length <= idsMax);
    if (!isList) faults.push(fault('/transactionIds', 'transactionIds', ids, transactionIds));
    else {
      for (const [i, id] of (transactionIds ?? []).entries()) {
        if (typeof id !== 'string' || !isTransactionId(id))
          faults.push(fault(`/transactionIds/${i}`, 'transactionIds', `of ids, each ${allowedId}`, id));
      }
    }
    return said === null || !isList ? null : { ...said, transactionIds: transactionIds as readonly string[] | null };
  },
});

/** What is said of one payment or of many. */
function readWord(
  { disposition, note = null }: Readonly<Record<string, unknown>>,
  faults: Fault[],
): Pick<ReviewBody, 'disposition' | 'note'> | null {
  const known = dispositions.find((name) => name === disposition);
  if (known === undefined) faults.push(fault('/disposition', 'disposition', `one of ${dispositions.join(', ')}`, disposition));
  const isNote = note === null || (typeof note === 'string' && [...note].length <= noteCharactersMax);
  if (!isNote) faults.push(fault('/note', 'note', `a text of at most ${noteCharactersMax} characters`, note));
  return known === undefined || !isNote ? null : { disposition: known, note };
}

/** The body of `POST /decisions/{transactionId}/review`. */
export const readReview = objectBody<ReviewBody>({
  fields: ['disposition', 'note', 'source'],
  expected: 'an object with disposition, note and source',
  read: ({ disposition, note, source }, faults) => {
    const said = readWord({ disposition, note }, faults);
    const knownSource = labelSources.find((name) => name === (source ?? 'ANALYST'));
    if (knownSource === undefined) faults.push(fault('/source', 'source', `one of ${labelSources.join(', ')}`, source));
    return said === null || knownSource === undefined ? null : { ...said, source: knownSource };
  },
});
