import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { type VirtualClock, virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { auditFromItem, isAuditItem } from '../../../shared/ledger/items.ts';
import { dayOf } from '../../../shared/parquet/places.ts';
import { progressItem } from '../../../shared/parquet/progress.ts';
import type { Item, ObjectStore, Randomness, TableStore } from '../../../shared/ports/ports.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { expiresAtS, isExpired } from '../../../shared/proof/hotRows.ts';
import { fileKey } from '../../../shared/proof/keyFile.ts';
import { localSigner, type Signer } from '../../../shared/proof/signer.ts';
import { localMasterSecret, type MasterSecret, secretBytes } from '../../../shared/secrets/masterSecret.ts';
import { expiryAttribute } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';
import { archiveLanes } from './archives.ts';
import { chainFiles } from './chainFiles.ts';
import { type CheckpointHistory, checkpointStores, makeCheckpointHistory } from './checkpoints.ts';
import { compactedDays, compactedToMs } from './compacted.ts';
import { SyntheticTable, templatesOf } from './items.ts';
import { Meter, meteredObjects, meteredSigner, meteredTable } from './meter.ts';
import { syntheticObjects } from './objects.ts';
import { makeRealAccounts } from './realAccounts.ts';
import { chainOf, dayMs, History, type Shape, startMs, tenant } from './shape.ts';
import { syntheticTable } from './table.ts';

/** All that must be computed once for an age; every job's process reads it from a file. */
export interface Prepared {
  readonly shape: Shape;
  readonly secret: string;
  readonly privateKeyPem: string;
  readonly items: readonly Item[];
  readonly checkpoints: CheckpointHistory;
}

/** A stack of some age, its ports metered. */
export interface World {
  readonly history: History;
  readonly clock: VirtualClock;
  readonly meter: Meter;
  readonly table: TableStore;
  readonly archive: ObjectStore;
  readonly models: ObjectStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
  readonly signer: Signer;
  readonly masterSecret: MasterSecret;
  readonly randomness: Randomness;
}

export const prepare = async (shape: Shape): Promise<Prepared> => {
  const history = new History(shape);
  const secret = randomBytes(secretBytes).toString('base64');
  const privateKeyPem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    .privateKey.export({ type: 'pkcs8', format: 'pem' })
    .toString();
  const real = await makeRealAccounts(history, localMasterSecret(secret));
  const checkpoints = makeCheckpointHistory(history, real.entries, localSigner(privateKeyPem).publicKey);
  const others = memoryTable();
  const clock = virtualClock(startMs);
  await addEndpoint(
    { table: others, clock, randomness: seededRandom(3) },
    { tenant, url: 'https://example.com/hook', events: ['decision.*'], createdBy: 'bench' },
    { allowsLoopback: false },
  );
  const template = real.entries[0]!;
  for (let batch = history.firstBatchAt(history.endMs - pendingMs(history)); batch < history.batches; batch += 1) {
    const [from, to] = history.batch(batch);
    await noteHeads(
      others,
      Array.from({ length: to - from }, (_, i) => {
        const entry = from + i;
        const own = { chain: chainOf(history.accountOf(entry)), sequence: history.sequenceOf(entry) };
        return { body: { ...template.body, ...own, at: new Date(history.atMs(entry)).toISOString() }, hash: template.hash };
      }),
    );
  }
  return { shape, secret, privateKeyPem, items: [...real.items, ...others.all()], checkpoints };
};

/** How far the compaction says that it has come. */
const compactionProgress = (history: History): readonly Item[] => {
  if (compactedDays(history) === 0) return [];
  const entriesThrough = dayOf(compactedToMs(history) - dayMs);
  return [progressItem({ revision: 1, holder: '', heldUntilMs: 0, unfinished: null, entriesThrough, sweptDay: '' })];
};

/** Since the last checkpoint. */
const pendingMs = ({ checkpoints, endMs }: History): number => endMs - startMs - checkpoints * 300_000;

export const writePrepared = (file: string, prepared: Prepared): void => writeFileSync(file, serialize(prepared));

export const readPrepared = (file: string): Prepared => deserialize(readFileSync(file)) as Prepared;

/** The stack of these facts, without the audit rows that `hotDays` has let go; a call after `timeMs` of the virtual clock throws OutOfTime. */
export const worldOf = async (prepared: Prepared, timeMs: number, hotDays: number | null = null): Promise<World> => {
  const history = new History(prepared.shape);
  const exact = virtualClock(history.endMs);
  const clock = { ...exact, nowMs: () => Math.floor(exact.nowMs()) };
  const meter = new Meter(clock, history.endMs + timeMs);
  const signer = localSigner(prepared.privateKeyPem);
  const stores = checkpointStores(history, prepared.checkpoints, prepared.privateKeyPem);
  const templates = templatesOf(prepared.items);
  const synthetic = new SyntheticTable(history, templates, { pk: stores.indexPk, lane: stores.index });
  const index = chainFiles(history, prepared.checkpoints);
  const checkpoints = syntheticObjects([stores.objects, ...index.lanes]);
  await fileKey(checkpoints, signer.publicKey);
  const isGone = (item: Item): boolean =>
    isAuditItem(item) && isExpired({ ...item, [expiryAttribute]: expiresAtS(auditFromItem(item), hotDays) }, history.endMs);
  const items = hotDays === null ? prepared.items : prepared.items.filter((item) => !isGone(item));
  return {
    history,
    clock,
    meter,
    table: meteredTable(
      syntheticTable(
        [...items, ...synthetic.pointers(), stores.pointer, index.position, ...compactionProgress(history)],
        synthetic,
      ),
      meter,
    ),
    archive: meteredObjects(syntheticObjects(archiveLanes(history, templates, prepared.items, hotDays)), meter),
    models: meteredObjects(memoryObjects(), meter),
    checkpoints: meteredObjects(checkpoints, meter),
    signer: meteredSigner(signer, meter),
    masterSecret: localMasterSecret(prepared.secret),
    randomness: seededRandom(11),
  };
};
