import { appendSystemEvent } from '../ledger/systemChain.ts';
import {
  type Condition,
  type Item,
  type ObjectStore,
  type TableStore,
  TransactionCancelled,
  type Write,
} from '../ports/ports.ts';
import { defaultTenant, modelPointerKey, modelVersionKey } from '../store/names.ts';
import { firstOf, queryItems } from '../store/pages.ts';
import { sha256 } from './artefact.ts';
import { artefactKey, type Manifest, manifestAttributes, parse } from './manifest.ts';

/**
 * Models in the bucket and the table: the artefact under a key made of its own hash, written once; a manifest item per version,
 * written once; a pointer item that names the version in force and moves by condition. Every move is an entry of the system chain.
 */
export interface ModelStores {
  readonly table: TableStore;
  readonly models: ObjectStore;
}

export interface Pointer {
  readonly version: number;
  readonly sha256: string;
  /** Counts the moves, so that a pointer that is moved back to an earlier version differs from the pointer as it was then. */
  readonly moves: number;
}

export interface Act {
  /** Who does it: the id of a key, or `system`. */
  readonly by: string;
  readonly atMs: number;
}

const attemptsMax = 8;

/** The model could not be put in force, and why. */
export class ModelRefused extends Error {
  override readonly name = 'ModelRefused';
}

/**
 * Stores artefact and manifest under the next version; a published one comes into force in the same transaction. Throws ModelRefused
 * when others kept it from its turn.
 */
export const storeModel = async (
  { table, models }: ModelStores,
  artefact: Uint8Array,
  details: Omit<Manifest, 'version' | 'sha256' | 'bytes'>,
  act: Act,
): Promise<Manifest> => {
  const hash = sha256(artefact);
  await models.put(artefactKey(hash), artefact, { contentType: 'application/octet-stream' });
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const version = (await newestVersion(table)) + 1;
    const manifest: Manifest = { ...details, version, sha256: hash, bytes: artefact.length };
    const writes: Write[] = [
      { kind: 'put', item: { ...modelVersionKey(version), ...manifestAttributes(manifest) }, condition: { kind: 'absent' } },
    ];
    if (manifest.status === 'published') writes.push(movePointer(await readPointer(table), version, hash));
    const moved = await tryAppend(table, `MODEL_${manifest.status.toUpperCase()}`, manifest, act, writes);
    if (moved) return manifest;
  }
  throw new ModelRefused(`others wrote models at the same time, ${attemptsMax} attempts`);
};

/** Puts a stored version in force: an older one, or a candidate. Whoever loads it checks the hash. */
export const activateModel = async ({ table, models }: ModelStores, version: number, act: Act): Promise<Manifest> => {
  const manifest = await readManifest(table, version);
  if (manifest === null) throw new ModelRefused(`there is no model version ${version}`);
  if ((await models.get(artefactKey(manifest.sha256))) === null) {
    throw new ModelRefused(`the artefact of model version ${version} is not in the bucket`);
  }
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const writes = [movePointer(await readPointer(table), version, manifest.sha256)];
    if (await tryAppend(table, 'MODEL_ACTIVATED', manifest, act, writes)) return manifest;
  }
  throw new ModelRefused(`others moved the model pointer at the same time, ${attemptsMax} attempts`);
};

/** Puts the newest published version below the one in force in force. */
export const rollBackModel = async (stores: ModelStores, act: Act): Promise<Manifest> => {
  const pointer = await readPointer(stores.table);
  if (pointer === null) throw new ModelRefused('no model is in force');
  const older = (await listManifests(stores.table, versionsMax)).find(
    (manifest) => manifest.version < pointer.version && manifest.status === 'published',
  );
  if (older === undefined) throw new ModelRefused(`no published model is older than version ${pointer.version}`);
  return activateModel(stores, older.version, act);
};

export const readPointer = async (table: TableStore): Promise<Pointer | null> => {
  const item = await table.get(modelPointerKey, { consistent: true });
  return item === null ? null : { version: Number(item.version), sha256: String(item.sha256), moves: Number(item.moves) };
};

export const readManifest = async (table: TableStore, version: number): Promise<Manifest | null> => {
  const item = await table.get(modelVersionKey(version), { consistent: true });
  return item === null ? null : parse(item.manifest);
};

/** Beyond every version that a key has room for. */
const versionEnd = 1e12;

/** Versions that a list or a rollback looks back on. */
export const versionsMax = 200;

/** At most `limit` versions below `beforeVersion`, the newest first. */
export const listManifests = async (
  table: TableStore,
  limit: number,
  beforeVersion: number = versionEnd,
): Promise<readonly Manifest[]> => (await newestItems(table, limit, beforeVersion)).map((item) => parse(item.manifest));

const newestVersion = async (table: TableStore): Promise<number> => {
  const [newest] = await newestItems(table, 1);
  return newest === undefined ? 0 : parse(newest.manifest).version;
};

const newestItems = async (table: TableStore, limit: number, beforeVersion = versionEnd): Promise<readonly Item[]> => {
  if (beforeVersion <= 1) return [];
  const { pk, sk: from } = modelVersionKey(1);
  const { sk: to } = modelVersionKey(beforeVersion - 1);
  return firstOf(queryItems(table, { pk, from, to, descending: true, limit, consistent: true }), limit);
};

const movePointer = (before: Pointer | null, version: number, hash: string): Write => {
  const condition: Condition = before === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'moves', value: before.moves };
  return {
    kind: 'put',
    item: { ...modelPointerKey, version, sha256: hash, moves: (before?.moves ?? 0) + 1 },
    condition,
  };
};

/** False when a condition failed: someone else was first. */
const tryAppend = async (
  table: TableStore,
  event: string,
  manifest: Manifest,
  act: Act,
  writes: readonly Write[],
): Promise<boolean> => {
  try {
    await appendSystemEvent(
      table,
      defaultTenant,
      {
        event,
        by: act.by,
        atMs: act.atMs,
        details: { version: manifest.version, sha256: manifest.sha256, reason: manifest.reason },
      },
      writes,
    );
    return true;
  } catch (error) {
    if (error instanceof TransactionCancelled) return false;
    throw error;
  }
};
