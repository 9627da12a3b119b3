import type { KeyObject } from 'node:crypto';
import { type FindingKind, Unreadable } from '../../functions/read/evidence/finding.ts';
import { zeroHash } from '../../shared/domain/audit.ts';
import {
  type Checkpoint,
  checkpointHash,
  findSplitView,
  isCheckpointSignedBy,
  type LeafProof,
  leafVerifier,
} from '../../shared/proof/checkpoint.ts';
import { readPublicKeys } from '../../shared/proof/signer.ts';

/** A checkpoint of the bundle, and which of its leaves the bundle has shown. */
export interface KnownCheckpoint {
  readonly checkpoint: Checkpoint;
  readonly isLeaf: (claim: LeafProof) => boolean;
  /** Leaves shown so far. */
  shown: number;
  lastIndex: number;
}

/** The checkpoints of a bundle: their order, hashes and signatures. `find` takes what is wrong with them. */
export class CheckpointTrail {
  readonly #find: (kind: FindingKind, text: string) => void;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  /** Keys that another has followed. */
  readonly #rotatedOut = new Set<string>();
  readonly #checkpoints = new Map<number, KnownCheckpoint>();
  #last: Checkpoint | null = null;

  constructor(find: (kind: FindingKind, text: string) => void) {
    this.#find = find;
  }

  get(number: unknown): KnownCheckpoint | undefined {
    return this.#checkpoints.get(number as number);
  }

  all(): readonly Checkpoint[] {
    return [...this.#checkpoints.values()].map(({ checkpoint }) => checkpoint);
  }

  keyIds(): readonly string[] {
    return [...this.#keys.keys()];
  }

  /** 1 when the bundle has none. */
  firstNumber(): number {
    return this.#checkpoints.keys().next().value ?? 1;
  }

  /** 0 when the bundle has none. */
  lastNumber(): number {
    return this.#last?.body.number ?? 0;
  }

  /** Without keys given by the caller, the bundle's own may sign. Throws Unreadable for a header whose key cannot be read. */
  readKeys(ownKey: string | null, givenKey: string | undefined) {
    if (givenKey !== undefined) this.#keys = readPublicKeys(givenKey);
    if (ownKey === null) return;
    let own: ReadonlyMap<string, KeyObject>;
    try {
      own = readPublicKeys(ownKey);
    } catch (error) {
      throw new Unreadable(`the header's key: ${(error as Error).message}`);
    }
    if (givenKey === undefined) this.#keys = own;
    const foreign = [...own.keys()].find((keyId) => !this.#keys.has(keyId));
    if (foreign !== undefined)
      this.#find('wrong-key', `the bundle is signed by key ${foreign}; the key given is ${[...this.#keys.keys()].join(', ')}`);
  }

  /** The checkpoints must come in order, each continuing the one before it; in an excerpt some may be left out between two. */
  add(checkpoint: Checkpoint, isExcerpt: boolean) {
    const { number, previousHash, previousRoot, keyId, at } = checkpoint.body;
    const before = this.#last?.body;
    const known = this.#checkpoints.get(number);
    if (known) {
      if (checkpointHash(known.checkpoint.body) !== checkpointHash(checkpoint.body))
        this.#find('split-view', `there are two different checkpoints ${number}: two histories`);
      else this.#find('checkpoint', `checkpoint ${number} comes twice`);
      return;
    }
    const isLeftOut = isExcerpt && before && number > before.number + 1;
    if (before && number !== before.number + 1 && !isLeftOut) {
      this.#find(
        'withheld',
        number < before.number ? `checkpoint ${number} is out of order` : `checkpoint ${before.number + 1} is missing`,
      );
    } else if (before && !isLeftOut && (previousHash !== checkpointHash(before) || previousRoot !== before.root)) {
      this.#find('split-view', `checkpoint ${number} does not continue checkpoint ${before.number}: it is from another history`);
    } else if (before && !(Date.parse(at) >= Date.parse(before.at))) {
      this.#find('checkpoint', `checkpoint ${number} is older than checkpoint ${before.number}`);
    } else if (number === 1 && (previousHash !== zeroHash || previousRoot !== zeroHash)) {
      this.#find('checkpoint', 'checkpoint 1 names one before it');
    }
    const key = this.#keys.get(keyId);
    if (before && before.keyId !== keyId) this.#rotatedOut.add(before.keyId);
    if (this.#keys.size === 0) this.#find('wrong-key', 'the bundle has checkpoints but no key');
    else if (!key)
      this.#find('wrong-key', `checkpoint ${number} is signed by key ${keyId}, not by ${[...this.#keys.keys()].join(', ')}`);
    else if (this.#rotatedOut.has(keyId))
      this.#find('wrong-key', `checkpoint ${number} is signed by key ${keyId}, which another key had followed`);
    else if (!isCheckpointSignedBy(checkpoint, key))
      this.#find('signature', `the signature of checkpoint ${number} is not by key ${keyId}`);
    this.#checkpoints.set(number, { checkpoint, isLeaf: leafVerifier(checkpoint.body), shown: 0, lastIndex: -1 });
    this.#last = checkpoint;
  }

  /** A checkpoint whose leaves are not all shown could hold a later head of a chain that was cut short, or a chain that was left out. */
  requireLeaves(after: number, whose: string) {
    for (const { checkpoint, shown } of this.#checkpoints.values()) {
      const { number, size } = checkpoint.body;
      if (number <= after || shown === size) continue;
      this.#find('withheld', `checkpoint ${number} holds ${size} heads and the bundle shows ${shown} of them: ${whose}`);
      return;
    }
  }

  /** Compares with checkpoints that the caller keeps; with `reachesNewest` the bundle must reach the newest of them. */
  compareWith(known: readonly Checkpoint[], reachesNewest: boolean) {
    if (known.length === 0) return;
    const foreign = known.find((checkpoint) => {
      const key = this.#keys.get(checkpoint.body.keyId);
      return !key || !isCheckpointSignedBy(checkpoint, key);
    });
    if (foreign)
      return this.#find(
        'wrong-key',
        `the checkpoint ${foreign.body.number} that you keep is not signed by key ${[...this.#keys.keys()].join(', ') || '(none)'}`,
      );
    const split = findSplitView(
      [...this.#checkpoints.values()].map(({ checkpoint }) => checkpoint),
      known,
    );
    if (split)
      this.#find('split-view', `checkpoint ${split.number} is not the one that you keep: the bundle shows another history`);
    const newest = Math.max(...known.map((checkpoint) => checkpoint.body.number));
    const last = this.#last?.body.number ?? 0;
    if (newest > last && reachesNewest) {
      this.#find('withheld', `the bundle ends at checkpoint ${last}; you keep checkpoint ${newest}`);
    }
  }
}
