import { type Endpoint, notFound } from '../../../shared/edge/http.ts';
import type { Clock, ObjectStore } from '../../../shared/ports/ports.ts';
import { EvidenceUnavailable, evidencePage } from './evidence.ts';
import type { ExportStores } from './export.ts';

export interface EvidenceDependencies extends ExportStores {
  readonly clock: Clock;
  /** Of the checkpoint key, SPKI in PEM; asked for at the first page. */
  readonly publicKey: () => Promise<string>;
}

/** `GET /decisions/{transactionId}/evidence`: one HTML page that `aegis verify` takes as it is. */
export const getEvidence =
  ({ clock, publicKey, ...stores }: EvidenceDependencies): Endpoint =>
  async ({ tenant, parameters }) => {
    const transactionId = parameters.transactionId!;
    const page = await evidencePage({ ...stores, archive: tooLong(stores.archive) }, tenant, transactionId, {
      exportedAt: new Date(clock.nowMs()).toISOString(),
      publicKey: await publicKey(),
    }).catch((error: unknown) => {
      if (error instanceof EvidenceUnavailable) throw notFound(`There is no page of ${transactionId}: ${error.message}.`);
      throw error;
    });
    if (page === null) throw notFound(`There is no decision on transaction ${transactionId}.`);
    return { status: 200, body: page, contentType: 'text/html; charset=utf-8' };
  };

/** A request has no time to read through the archive for rows that have expired; the command has. */
const tooLong = (archive: ObjectStore): ObjectStore => ({
  ...archive,
  list: () => Promise.reject(new EvidenceUnavailable('rows of its chain have gone to the archive; aegis evidence reads it')),
});
