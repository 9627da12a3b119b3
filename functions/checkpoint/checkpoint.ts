import {
  type Clock,
  type Condition,
  ConditionFailed,
  type Item,
  type Key,
  type ObjectStore,
  type TableStore,
} from '../../shared/ports/ports.ts';
import { extendChainIndex } from '../../shared/proof/chainIndex.ts';
import {
  CheckpointUnreadable,
  checkpointBody,
  checkpointHash,
  checkpointObjectKey,
  checkpointObjectPrefix,
  formatStoredCheckpoint,
  isCheckpointSignedBy,
  readCheckpoint,
  type StoredCheckpoint,
  signCheckpoint,
  sortLeaves,
} from '../../shared/proof/checkpoint.ts';
import { checkpointIndexItem } from '../../shared/proof/checkpointIndex.ts';
import { dropCoveredHeads, readPendingHeads } from '../../shared/proof/heads.ts';
import { filedKey, fileKey } from '../../shared/proof/keyFile.ts';
import { keyIdOf, readPublicKey, type Signer } from '../../shared/proof/signer.ts';
import { prefixes } from '../../shared/store/names.ts';

/** Heads in one checkpoint; what is left waits for the next. About 7 MB in the archive. */
const leavesMax = 50_000;
/** A run that has not finished within this is dead: longer than a function may run. */
const leaseMs = 16 * 60_000;

/** Checkpoints in one run: more heads than they hold wait for the next. */
const checkpointsMax = 10;

export interface CheckpointDependencies {
  readonly table: TableStore;
  /** The store under object lock. */
  readonly checkpoints: ObjectStore;
  readonly signer: Signer;
  readonly clock: Clock;
}

export interface CheckpointResult {
  readonly kind: 'made' | 'finished' | 'nothing-changed' | 'other-run-under-way';
  /** The last checkpoint's number, 0 before the first. */
  readonly number: number;
  readonly leaves: number;
  /** How long the oldest entry had waited for this checkpoint. */
  readonly lagMs: number;
  /** False when more heads wait than fit: call again. */
  readonly isAll: boolean;
}

/** What is under lock and the pointer contradict each other: nothing is signed on top of that. */
export class CheckpointRefused extends Error {
  override readonly name = 'CheckpointRefused';
}

const pointerKey: Key = { pk: `${prefixes.checkpoint}pointer`, sk: 'CURRENT' };

/**
 * Makes the next checkpoint of the heads that changed since the last, signs it and stores it under lock.
 *
 * Two signed checkpoints of one number would look like two histories, so a run first claims the number and the content by condition and
 * signs only what it has claimed; a run that was cut off after storing is finished by the next. What is already under lock wins over the
 * pointer: a pointer that was set back is refused. Throws CheckpointRefused then. Of runs at once one makes it, the others leave it to that one.
 */
export const makeCheckpoint = async (dependencies: CheckpointDependencies): Promise<CheckpointResult> => {
  const pointer = pointerOf(await dependencies.table.get(pointerKey, { consistent: true }));
  try {
    return await makeAfter(dependencies, pointer);
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
    return { kind: 'other-run-under-way', number: pointer.number, leaves: 0, lagMs: 0, isAll: false };
  }
};

/** Throws ConditionFailed when another run moved the pointer meanwhile. */
const makeAfter = async (dependencies: CheckpointDependencies, pointer: Pointer): Promise<CheckpointResult> => {
  const { table, checkpoints, signer, clock } = dependencies;
  const previous = pointer.number === 0 ? null : await stored(dependencies, pointer.number, pointer.hash);
  const next = pointer.number + 1;
  const keys = await everStored(checkpoints, checkpointObjectPrefix(next));
  if (keys.length > 0) {
    if (keys.length > 1 || keys[0] !== checkpointObjectKey(next, pointer.claimedHash)) {
      throw new CheckpointRefused(
        `the pointer says that checkpoint ${pointer.number} is the last, but the archive holds ${keys.join(', ')}`,
      );
    }
    const found = await stored(dependencies, next, pointer.claimedHash);
    await settle(dependencies, pointer, found);
    return { kind: 'finished', number: next, leaves: found.leaves.length, lagMs: 0, isAll: false };
  }
  const nowMs = clock.nowMs();
  if (pointer.claimedHash !== '' && nowMs - pointer.claimedAtMs < leaseMs) {
    return { kind: 'other-run-under-way', number: pointer.number, leaves: 0, lagMs: 0, isAll: false };
  }
  if (previous) await requireKeyInForce(dependencies, previous);
  const { heads, isAll } = await readPendingHeads(table, leavesMax, next);
  if (heads.length === 0) return { kind: 'nothing-changed', number: pointer.number, leaves: 0, lagMs: 0, isAll: true };
  const leaves = sortLeaves(heads.map(({ chain, sequence, head }) => ({ chain, sequence, head })));
  const body = checkpointBody(new Date(nowMs).toISOString(), previous?.body ?? null, leaves, signer.publicKey);
  const claimed = { ...pointer, revision: pointer.revision + 1, claimedHash: checkpointHash(body), claimedAtMs: nowMs };
  await table.put({ ...pointerKey, ...claimed }, isAt(pointer.revision));
  const checkpoint: StoredCheckpoint = { ...(await signCheckpoint(body, signer)), leaves };
  await checkpoints.put(checkpointObjectKey(next, claimed.claimedHash), formatStoredCheckpoint(checkpoint), {
    contentType: 'application/json',
  });
  await settle(dependencies, claimed, checkpoint);
  const oldestMs = heads.reduce((oldest, head) => Math.min(oldest, head.sinceMs), nowMs);
  return { kind: 'made', number: next, leaves: leaves.length, lagMs: nowMs - oldestMs, isAll };
};

/** Makes checkpoints until none is owed; the result of the last one that did something, with the longest wait of all. */
export const makeCheckpoints = async (dependencies: CheckpointDependencies): Promise<CheckpointResult> => {
  let result = await makeCheckpoint(dependencies);
  let lagMs = result.lagMs;
  for (let made = 1; made < checkpointsMax && !result.isAll && result.kind !== 'other-run-under-way'; made++) {
    const next = await makeCheckpoint(dependencies);
    if (next.kind === 'nothing-changed') return { ...result, lagMs, isAll: true };
    result = next;
    lagMs = Math.max(lagMs, next.lagMs);
  }
  return { ...result, lagMs };
};

interface Pointer {
  readonly revision: number;
  readonly number: number;
  readonly hash: string;
  /** Empty when no run has claimed the next number. */
  readonly claimedHash: string;
  readonly claimedAtMs: number;
}

const pointerOf = (item: Item | null): Pointer => ({
  revision: Number(item?.revision ?? 0),
  number: Number(item?.number ?? 0),
  hash: String(item?.hash ?? ''),
  claimedHash: String(item?.claimedHash ?? ''),
  claimedAtMs: Number(item?.claimedAtMs ?? 0),
});

const isAt = (revision: number): Condition =>
  revision === 0 ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision };

/** Keys below a prefix, those included that a delete marker hides. */
const everStored = async (checkpoints: ObjectStore, prefix: string): Promise<readonly string[]> => {
  const { keys } = await checkpoints.list(prefix, { limit: 2 });
  return [...new Set([...keys, ...(await checkpoints.firstVersions(prefix)).keys()])];
};

/** A checkpoint from under the lock, its signature and leaves checked. */
const stored = async (
  { checkpoints, signer }: CheckpointDependencies,
  number: number,
  hash: string,
): Promise<StoredCheckpoint> => {
  const key = checkpointObjectKey(number, hash);
  const checkpoint = await readCheckpoint(checkpoints, key).catch((error: unknown) => {
    if (error instanceof CheckpointUnreadable)
      throw new CheckpointRefused(`the pointer names checkpoint ${number}, but ${error.message}`);
    throw error;
  });
  const own = readPublicKey(signer.publicKey);
  const { keyId } = checkpoint.body;
  const filed = keyId === keyIdOf(own) ? null : await filedKey(checkpoints, keyId);
  if (!isCheckpointSignedBy(checkpoint, filed === null ? own : readPublicKey(filed))) {
    throw new CheckpointRefused(`${key} is not signed by the checkpoint key, nor by one on file`);
  }
  return checkpoint;
};

/** A key that another has followed never signs again: a verifier would not believe it. */
const requireKeyInForce = async ({ checkpoints, signer }: CheckpointDependencies, { body }: StoredCheckpoint): Promise<void> => {
  const own = keyIdOf(readPublicKey(signer.publicKey));
  if (own !== body.keyId && (await filedKey(checkpoints, own)) !== null)
    throw new Error(`the checkpoint key ${own} was rotated out: checkpoint ${body.number} is signed by ${body.keyId}`);
};

const settle = async (
  { table, checkpoints, signer }: CheckpointDependencies,
  pointer: Pointer,
  checkpoint: StoredCheckpoint,
): Promise<void> => {
  const { number } = checkpoint.body;
  const settled: Pointer = {
    revision: pointer.revision + 1,
    number,
    hash: checkpointHash(checkpoint.body),
    claimedHash: '',
    claimedAtMs: 0,
  };
  if (checkpoint.body.keyId === keyIdOf(readPublicKey(signer.publicKey))) await fileKey(checkpoints, signer.publicKey);
  await table.put(checkpointIndexItem(checkpoint));
  await table.put({ ...pointerKey, ...settled }, isAt(pointer.revision));
  await dropCoveredHeads(table, checkpoint.leaves);
  await extendChainIndex({ table, checkpoints }, number);
};
