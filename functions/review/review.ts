import { fault } from '../../shared/contract/fault.ts';
import { noteCharactersMax } from '../../shared/contract/noteLimits.ts';
import { formatInstant } from '../../shared/contract/time.ts';
import { objectBody } from '../../shared/edge/body.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { Endpoint } from '../../shared/edge/request.ts';
import { type DisposeDependencies, type Disposition, dispose, dispositions, type LabelSource, labelSources } from './dispose.ts';

/** An analyst waits no longer. */
const withinMs = 10_000;

/** `POST /decisions/{transactionId}/review`: what a transaction was, by a person. */
export const postReview = (dependencies: DisposeDependencies): Endpoint<ReviewBody> => ({
  read: readReview,
  answer: async ({ tenant, keyId, parameters, receivedAtMs }, { disposition, note, source }) => {
    const transactionId = parameters.transactionId!;
    const disposal = { tenant, transactionId, disposition, note, source, by: keyId };
    const result = await dispose(dependencies, disposal, receivedAtMs + withinMs);
    if (result.kind === 'unknown') throw notFound(`There is no decision on transaction ${transactionId}.`);
    if (result.kind === 'erased')
      throw notFound(`The data of transaction ${transactionId} were erased; it can be labelled no more.`);
    const { knownAtMs, review } = result;
    return { status: 200, body: { transactionId, disposition, knownAt: formatInstant(knownAtMs), review } };
  },
});

interface ReviewBody {
  readonly disposition: Disposition;
  readonly note: string | null;
  readonly source: LabelSource;
}

const readReview = objectBody<ReviewBody>({
  fields: ['disposition', 'note', 'source'],
  expected: 'an object with disposition, note and source',
  read: ({ disposition, note = null, source }, faults) => {
    const known = dispositions.find((name) => name === disposition);
    if (known === undefined) faults.push(fault('/disposition', 'disposition', `one of ${dispositions.join(', ')}`, disposition));
    const isNote = note === null || (typeof note === 'string' && [...note].length <= noteCharactersMax);
    if (!isNote) faults.push(fault('/note', 'note', `a text of at most ${noteCharactersMax} characters`, note));
    const knownSource = labelSources.find((name) => name === (source ?? 'ANALYST'));
    if (knownSource === undefined) faults.push(fault('/source', 'source', `one of ${labelSources.join(', ')}`, source));
    if (known === undefined || !isNote || knownSource === undefined) return null;
    return { disposition: known, note, source: knownSource };
  },
});
