import type { KeyObject } from 'node:crypto';
import { zeroHash } from '../domain/audit.ts';
import { inclusionVerifier, leafHash, type MerkleTree, merkleTree } from '../domain/merkle.ts';
import type { ObjectStore } from '../ports/ports.ts';
import { canonicalText, sha256, sha256Hex } from './canonical.ts';
import { lockedObject } from './locked.ts';
import { isSignedBy, keyIdOf, readPublicKey, type Signer } from './signer.ts';
import { isSweepRecord, type SweepRecord } from './sweepRecord.ts';

/** The head of one chain when a checkpoint was made. No personal id: a chain's name is random. */
export interface Leaf {
  readonly chain: string;
  readonly sequence: number;
  /** The hash of entry `sequence`. */
  readonly head: string;
}

/** What is signed. The tree's leaves are the heads that changed since the checkpoint before, sorted by chain, one for each chain. */
export interface CheckpointBody {
  readonly format: typeof checkpointFormat | typeof formatWithoutSweeps;
  /** 1, 2, 3... */
  readonly number: number;
  /** RFC 3339. */
  readonly at: string;
  /** Number of leaves. */
  readonly size: number;
  /** RFC 6962 root, lower-case hex. */
  readonly root: string;
  /** Root of the checkpoint before; 64 zeros for the first. */
  readonly previousRoot: string;
  /** Hash of the whole body of the checkpoint before; 64 zeros for the first. */
  readonly previousHash: string;
  /** Hash of the public key (SPKI, DER) that verifies the signature. */
  readonly keyId: string;
  /** Shares of the table whose sweep ended since the checkpoint before. Format 1 has none. */
  readonly sweeps?: readonly SweepRecord[];
}

export interface Checkpoint {
  readonly body: CheckpointBody;
  /** Over the RFC 8785 form of `body`, base64. */
  readonly signature: string;
}

/** A checkpoint as it lies in the archive, with all its leaves. */
export interface StoredCheckpoint extends Checkpoint {
  readonly leaves: readonly Leaf[];
}

export const checkpointFormat = 'aegis-checkpoint/2';
/** What version 0.1 signed: read and verified for ever. */
const formatWithoutSweeps = 'aegis-checkpoint/1';
/** Records in one checkpoint: more than shares that a week has. */
const sweepsMax = 1_024;
export const checkpointFolder = 'checkpoints/';

/** Immutable and found by number: listing the folder gives the checkpoints in order. */
export const checkpointObjectKey = (number: number, hash: string): string => `${checkpointObjectPrefix(number)}${hash}.json`;

export const checkpointObjectPrefix = (number: number): string => `${checkpointFolder}${String(number).padStart(12, '0')}-`;

/** The number in the key of a checkpoint's object. */
export const numberOfCheckpointObject = (key: string): number =>
  Number(key.slice(checkpointFolder.length, checkpointFolder.length + 12));

/** What a leaf of the tree holds: the RFC 8785 form of [chain, sequence, head]. */
export const leafBytes = (leaf: Leaf): Uint8Array => Buffer.from(canonicalText([leaf.chain, leaf.sequence, leaf.head]));

export const checkpointHash = (body: CheckpointBody): string => sha256Hex(canonicalText(body));

/** By UTF-16 code units, as RFC 8785 sorts keys. Throws when a chain comes twice. */
export const sortLeaves = (leaves: readonly Leaf[]): readonly Leaf[] => {
  const sorted = leaves.toSorted((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : 0));
  const twice = sorted.find((leaf, i) => leaf.chain === sorted[i + 1]?.chain);
  if (twice) throw new Error(`a checkpoint holds one head for each chain; ${twice.chain} has two`);
  return sorted;
};

/** The tree over leaves that are already sorted. */
export const treeOf = (sorted: readonly Leaf[]): MerkleTree => merkleTree(sorted.map(leafBytes), sha256);

/** The body of the checkpoint that follows `previous` (null for the first) over `sorted` leaves, still unsigned. */
export const checkpointBody = (
  at: string,
  previous: CheckpointBody | null,
  sorted: readonly Leaf[],
  publicKey: string,
  sweeps: readonly SweepRecord[] = [],
): CheckpointBody => ({
  format: checkpointFormat,
  number: (previous?.number ?? 0) + 1,
  at,
  size: sorted.length,
  root: Buffer.from(treeOf(sorted).root).toString('hex'),
  previousRoot: previous?.root ?? zeroHash,
  previousHash: previous ? checkpointHash(previous) : zeroHash,
  keyId: keyIdOf(readPublicKey(publicKey)),
  sweeps,
});

export const signCheckpoint = async (body: CheckpointBody, signer: Signer): Promise<Checkpoint> => ({
  body,
  signature: Buffer.from(await signer.sign(Buffer.from(canonicalText(body)))).toString('base64'),
});

export const isCheckpointSignedBy = (checkpoint: Checkpoint, key: KeyObject): boolean =>
  isSignedBy(key, Buffer.from(canonicalText(checkpoint.body)), Buffer.from(checkpoint.signature, 'base64'));

/** A leaf's place in a checkpoint's tree: hashes in lower-case hex, from the leaf up. */
export interface LeafProof {
  readonly index: number;
  readonly leaf: readonly [chain: string, sequence: number, head: string];
  readonly proof: readonly string[];
}

export const proveLeaf = (sorted: readonly Leaf[], tree: MerkleTree, index: number): LeafProof => {
  const { chain, sequence, head } = sorted[index]!;
  const proof = tree.inclusionProof(index).map((node) => Buffer.from(node).toString('hex'));
  return { index, leaf: [chain, sequence, head], proof };
};

/** Tells whether leaves are in this checkpoint's tree; quickest when they are asked in order. */
export const leafVerifier = ({ size, root }: CheckpointBody): ((claim: LeafProof) => boolean) => {
  const verify = inclusionVerifier({ size, root: Buffer.from(root, 'hex') }, sha256);
  return ({ leaf: [chain, sequence, head], index, proof }) =>
    verify({
      leaf: leafHash(leafBytes({ chain, sequence, head }), sha256),
      index,
      proof: proof.map((node) => Buffer.from(node, 'hex')),
    });
};

/**
 * Two signed checkpoints of the same number that differ: whoever holds both can prove that two histories were shown. Null when the lists
 * agree wherever they overlap.
 */
export const findSplitView = (
  ours: readonly Checkpoint[],
  theirs: readonly Checkpoint[],
): { readonly number: number; readonly ours: Checkpoint; readonly theirs: Checkpoint } | null => {
  const byNumber = new Map(theirs.map((checkpoint) => [checkpoint.body.number, checkpoint]));
  for (const checkpoint of ours) {
    const other = byNumber.get(checkpoint.body.number);
    if (other && checkpointHash(other.body) !== checkpointHash(checkpoint.body)) {
      return { number: checkpoint.body.number, ours: checkpoint, theirs: other };
    }
  }
  return null;
};

const hexPattern = /^[0-9a-f]{64}$/;

/** Checks the shape of a checkpoint from outside; null when it is not one. */
export const asCheckpoint = (value: unknown): Checkpoint | null => {
  const { body, signature } = fieldsOf(value);
  const { format, number, at, size, root, previousRoot, previousHash, keyId, sweeps, ...rest } = fieldsOf(body);
  const isGood =
    (format === checkpointFormat ? areSweeps(sweeps) : format === formatWithoutSweeps && sweeps === undefined) &&
    isPositive(number) &&
    isPositive(size) &&
    typeof at === 'string' &&
    [root, previousRoot, previousHash, keyId].every((text) => typeof text === 'string' && hexPattern.test(text)) &&
    Object.keys(rest).length === 0 &&
    typeof signature === 'string';
  return isGood ? { body: body as CheckpointBody, signature } : null;
};

const areSweeps = (value: unknown): boolean => Array.isArray(value) && value.length <= sweepsMax && value.every(isSweepRecord);

/** Checks the shape of a leaf with its proof; null when it is not one. */
export const asLeafProof = (value: unknown): LeafProof | null => {
  const { index, leaf, proof } = fieldsOf(value);
  if (!Number.isSafeInteger(index) || (index as number) < 0 || !Array.isArray(leaf) || !Array.isArray(proof)) return null;
  const [chain, sequence, head] = leaf as unknown[];
  const isGood =
    leaf.length === 3 &&
    typeof chain === 'string' &&
    chain.isWellFormed() &&
    isPositive(sequence) &&
    typeof head === 'string' &&
    hexPattern.test(head) &&
    proof.length <= proofNodesMax &&
    proof.every((node) => typeof node === 'string' && hexPattern.test(node));
  return isGood ? (value as LeafProof) : null;
};

/** Reads an object of the archive. Throws an Error when it is no checkpoint or its leaves do not give its root. */
export const parseStoredCheckpoint = (bytes: Uint8Array): StoredCheckpoint => {
  const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'));
  const checkpoint = asCheckpoint(value);
  const rows = fieldsOf(value).leaves;
  if (!checkpoint || !Array.isArray(rows)) throw new Error('the object is not a checkpoint');
  const proofs = rows.map((leaf: unknown) => asLeafProof({ index: 0, leaf, proof: [] }));
  if (proofs.some((proof) => proof === null)) throw new Error(`checkpoint ${checkpoint.body.number} holds a malformed leaf`);
  const leaves = proofs.map((proof) => ({ chain: proof!.leaf[0], sequence: proof!.leaf[1], head: proof!.leaf[2] }));
  if (Buffer.from(treeOf(leaves).root).toString('hex') !== checkpoint.body.root) {
    throw new Error(`the leaves of checkpoint ${checkpoint.body.number} do not give its root`);
  }
  return { ...checkpoint, leaves };
};

/** What lies under a checkpoint's key is not that checkpoint, in no version that counts. */
export class CheckpointUnreadable extends Error {
  override readonly name = 'CheckpointUnreadable';
}

/**
 * The checkpoint that an object's key names, whatever was written over it. Throws CheckpointUnreadable when the archive does not hold it, or when
 * neither the object as it stands nor its first version is what the key says.
 */
export const readCheckpoint = async (objects: ObjectStore, key: string): Promise<StoredCheckpoint> => {
  let found: StoredCheckpoint | null = null;
  let why = `the archive does not hold ${key}`;
  await lockedObject(objects, key, (bytes) => {
    try {
      const checkpoint = parseStoredCheckpoint(bytes);
      if (checkpointObjectKey(checkpoint.body.number, checkpointHash(checkpoint.body)) === key) found = checkpoint;
      else why = `${key} holds another checkpoint than its key says`;
    } catch (error) {
      why = `${key}: ${(error as Error).message}`;
    }
    return found !== null;
  });
  if (found === null) throw new CheckpointUnreadable(why);
  return found;
};

export const formatStoredCheckpoint = ({ body, signature, leaves }: StoredCheckpoint): Uint8Array =>
  Buffer.from(canonicalText({ body, signature, leaves: leaves.map((leaf) => [leaf.chain, leaf.sequence, leaf.head]) }));

/** More than any tree of 2^53 leaves needs. */
const proofNodesMax = 64;

const isPositive = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

const fieldsOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
