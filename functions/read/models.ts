import { formatInstant } from '../../shared/domain/time.ts';
import { type Endpoint, notFound } from '../../shared/edge/http.ts';
import type { Manifest } from '../../shared/model/manifest.ts';
import { listManifests, readManifest, readPointer } from '../../shared/model/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { isSequence } from './cursor.ts';
import { pageBody, pageRequest } from './pages.ts';

/** `GET /model`: the card of the model in force; 404 before the first. */
export const getModel =
  (table: TableStore): Endpoint =>
  async () => {
    const pointer = await readPointer(table);
    const manifest = pointer === null ? null : await readManifest(table, pointer.version);
    if (manifest === null) throw notFound('There is no model yet: rules decide.');
    return { status: 200, body: card(manifest, true) };
  };

/** `GET /model/versions`: the cards of all versions, candidates with the reason, newest first. */
export const getModelVersions =
  (table: TableStore): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const [pointer, manifests] = await Promise.all([
      readPointer(table),
      listManifests(table, limit, after === null ? undefined : Number(after)),
    ]);
    const items = manifests.map((manifest) => card(manifest, manifest.version === pointer?.version));
    const last = manifests.length === limit ? manifests.at(-1)!.version : 1;
    return { status: 200, body: pageBody(request, items, last > 1 ? String(last) : undefined) };
  };

const card = (manifest: Manifest, isInForce: boolean) => ({
  version: manifest.version,
  kind: manifest.kind,
  status: isInForce ? 'active' : manifest.status,
  reason: manifest.reason,
  trainedAt: formatInstant(manifest.trainedAtMs, 0),
  trainingWindow: {
    from: formatInstant(manifest.trainingWindow.fromMs, 0),
    to: formatInstant(manifest.trainingWindow.toMs, 0),
  },
  rows: manifest.rows,
  features: manifest.features,
  learned: manifest.learned,
  metrics: manifest.metrics,
  drift: manifest.metrics.comparison?.stability ?? null,
  seed: manifest.seed,
  codeVersion: manifest.codeVersion,
  bytes: manifest.bytes,
  sha256: manifest.sha256,
});
