import { formatInstant } from '../../shared/contract/time.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { Endpoint } from '../../shared/edge/request.ts';
import { type ReviewBody, readReview } from './bodies.ts';
import { type DisposeDependencies, dispose } from './dispose.ts';

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
