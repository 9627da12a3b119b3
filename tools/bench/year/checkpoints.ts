import { createHash, createPrivateKey, sign } from 'node:crypto';
import { zeroHash } from '../../../shared/domain/audit.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import {
  type CheckpointBody,
  checkpointFolder,
  checkpointFormat,
  checkpointHash,
  checkpointObjectKey,
  formatStoredCheckpoint,
  type Leaf,
  sortLeaves,
  treeOf,
} from '../../../shared/proof/checkpoint.ts';
import { checkpointIndexItem } from '../../../shared/proof/checkpointIndex.ts';
import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { keyIdOf, localSigner, readPublicKey } from '../../../shared/proof/signer.ts';
import { prefixes } from '../../../shared/store/names.ts';
import type { ItemLane } from './lane.ts';
import type { ObjectLane } from './objects.ts';
import { chainOf, checkpointEveryMs, type History, startMs } from './shape.ts';

/**
 * Every checkpoint of the history, true in all that a verifier looks at: linked by hash, with real roots and signatures. The leaves are the
 * real accounts' heads in the checkpoints that are due to hold them, beside a head of every other account that paid. Those others name the
 * right chain, but always its first entry: so each set of accounts is hashed once and not once for every payment of a year.
 */
export interface CheckpointHistory {
  readonly count: number;
  /** SHA-256 of each checkpoint's body, one after the other. */
  readonly hashes: Uint8Array;
  /** Root of each checkpoint, likewise. */
  readonly roots: Uint8Array;
  /** Heads of real accounts by the number of the checkpoint that holds them. */
  readonly realLeaves: ReadonlyMap<number, readonly Leaf[]>;
}

const hashBytes = 32;

const numberAt = (atMs: number): number => Math.floor((atMs - startMs) / checkpointEveryMs) + 1;

/** The heads beside the real ones of checkpoint `number`. */
export class FillerLeaves {
  readonly size: number;
  /** Checkpoints after which the same accounts are due again. */
  readonly sets: number;

  constructor({ everyMs, shape }: History) {
    this.size = Math.max(1, Math.min(shape.accounts, Math.floor(checkpointEveryMs / everyMs)));
    this.sets = Math.max(1, Math.floor(shape.accounts / this.size));
  }

  setOf(number: number): number {
    return (number - 1) % this.sets;
  }

  of(number: number): readonly Leaf[] {
    const first = this.setOf(number) * this.size;
    return sortLeaves(Array.from({ length: this.size }, (_, i) => fillerLeaf(first + i)));
  }
}

export const fillerLeaf = (account: number): Leaf => {
  const chain = chainOf(account);
  return { chain, sequence: 1, head: createHash('sha256').update(`head of ${chain}`).digest('hex') };
};

const leavesOf = (filler: FillerLeaves, real: CheckpointHistory['realLeaves'], number: number): readonly Leaf[] => {
  const own = real.get(number);
  return own === undefined ? filler.of(number) : sortLeaves([...filler.of(number), ...own]);
};

/** Numbers, links and roots of all checkpoints, without keeping their leaves. */
export const makeCheckpointHistory = (history: History, entries: readonly AuditEntry[], publicKey: string): CheckpointHistory => {
  const heads = new Map<number, Map<string, Leaf>>();
  for (const { body, hash } of entries) {
    const number = numberAt(Date.parse(body.at));
    const own = heads.get(number) ?? new Map<string, Leaf>();
    heads.set(number, own);
    if ((own.get(body.chain)?.sequence ?? 0) < body.sequence)
      own.set(body.chain, { chain: body.chain, sequence: body.sequence, head: hash });
  }
  const realLeaves = new Map([...heads].map(([number, own]) => [number, [...own.values()]]));
  const filler = new FillerLeaves(history);
  const fillerRoots: Buffer[] = [];
  const count = history.checkpoints;
  const hashes = Buffer.alloc(count * hashBytes);
  const roots = Buffer.alloc(count * hashBytes);
  const made = { count, hashes, roots, realLeaves };
  const keyId = keyIdOf(readPublicKey(publicKey));
  const fillers = filler.size;
  for (let number = 1; number <= count; number += 1) {
    const own = realLeaves.get(number);
    const set = filler.setOf(number);
    if (own === undefined) fillerRoots[set] ??= Buffer.from(treeOf(filler.of(number)).root);
    const root = own === undefined ? fillerRoots[set]! : Buffer.from(treeOf(leavesOf(filler, realLeaves, number)).root);
    root.copy(roots, (number - 1) * hashBytes);
    const size = fillers + (own?.length ?? 0);
    Buffer.from(checkpointHash(bodyOf(made, number, size, keyId)), 'hex').copy(hashes, (number - 1) * hashBytes);
  }
  return made;
};

const hexAt = (hashes: Uint8Array, number: number): string =>
  number === 0 ? zeroHash : Buffer.from(hashes.subarray((number - 1) * hashBytes, number * hashBytes)).toString('hex');

const bodyOf = ({ hashes, roots }: CheckpointHistory, number: number, size: number, keyId: string): CheckpointBody => ({
  format: checkpointFormat,
  number,
  at: new Date(startMs + number * checkpointEveryMs).toISOString(),
  size,
  root: hexAt(roots, number),
  previousRoot: hexAt(roots, number - 1),
  previousHash: hexAt(hashes, number - 1),
  keyId,
  sweeps: [],
});

/** What the bucket of checkpoints and the table's index and pointer hold of that history. */
export const checkpointStores = (
  history: History,
  made: CheckpointHistory,
  privateKeyPem: string,
): { readonly objects: ObjectLane; readonly index: ItemLane; readonly indexPk: string; readonly pointer: Item } => {
  const filler = new FillerLeaves(history);
  const fillers = filler.size;
  const keyId = keyIdOf(readPublicKey(localSigner(privateKeyPem).publicKey));
  const privateKey = createPrivateKey(privateKeyPem);
  const body = (number: number): CheckpointBody =>
    bodyOf(made, number, fillers + (made.realLeaves.get(number)?.length ?? 0), keyId);
  const stored = (number: number): Uint8Array => {
    const own = body(number);
    const signature = sign('sha256', Buffer.from(canonicalText(own)), privateKey).toString('base64');
    return formatStoredCheckpoint({ body: own, signature, leaves: leavesOf(filler, made.realLeaves, number) });
  };
  const indexItem = (number: number): Item => checkpointIndexItem({ body: body(number), signature: '', leaves: [] });
  const { count } = made;
  return {
    objects: {
      prefix: checkpointFolder,
      count,
      key: (place) => checkpointObjectKey(place + 1, hexAt(made.hashes, place + 1)),
      value: (place) => stored(place + 1),
    },
    indexPk: indexItem(1).pk,
    index: {
      count,
      key: (place) => new Date(startMs + (place + 1) * checkpointEveryMs).toISOString(),
      value: (place) => indexItem(place + 1),
    },
    pointer: {
      pk: `${prefixes.checkpoint}pointer`,
      sk: 'CURRENT',
      revision: 2 * count,
      number: count,
      hash: hexAt(made.hashes, count),
      claimedHash: '',
      claimedAtMs: 0,
    },
  };
};
