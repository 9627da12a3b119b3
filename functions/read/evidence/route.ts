import { notFound } from '../../../shared/edge/problem.ts';
import type { AnswerWithoutBody } from '../../../shared/edge/request.ts';
import type { Clock, ObjectStore } from '../../../shared/ports/ports.ts';
import type { OpenInputs } from '../inputs.ts';
import { EvidenceUnavailable, evidencePage } from './evidence.ts';
import type { ExportStores } from './export.ts';

export interface EvidenceDependencies extends ExportStores {
  readonly clock: Clock;
  /** Of the checkpoint key, SPKI in PEM; read when the first page is made. */
  readonly publicKey: () => Promise<string>;
}

/** `GET /decisions/{transactionId}/evidence`: one HTML page that `aegis verify` reads as it is. */
export const getEvidence =
  ({ clock, publicKey, ...stores }: EvidenceDependencies, openInputs: OpenInputs): AnswerWithoutBody =>
  async ({ tenant, parameters }) => {
    const transactionId = parameters.transactionId!;
    const page = await evidencePage({ ...stores, archive: withoutSearch(stores.archive) }, tenant, transactionId, {
      exportedAt: new Date(clock.nowMs()).toISOString(),
      publicKey: await publicKey(),
      openInputs,
    }).catch((error: unknown) => {
      if (error instanceof EvidenceUnavailable)
        throw notFound(`The evidence page of ${transactionId} cannot be made here: ${error.message}.`);
      throw error;
    });
    if (page === null) throw notFound(`There is no decision on transaction ${transactionId}.`);
    return { status: 200, body: page, contentType: 'text/html; charset=utf-8' };
  };

/** A request has no time to search the archive for rows that have expired; `aegis evidence` has. */
const withoutSearch = (archive: ObjectStore): ObjectStore => ({
  ...archive,
  list: () =>
    Promise.reject(new EvidenceUnavailable('a part of its chain is only in the archive; aegis evidence reads it there')),
});
