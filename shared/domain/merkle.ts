/**
 * The Merkle tree of RFC 6962, section 2.1: a leaf is hash(0x00 || data), a node hash(0x01 || left || right), a tree of n leaves splits at
 * the largest power of two below n, and the root of no leaves is hash("").
 * Verification follows RFC 9162, 2.1.3.2 and 2.1.4.2. The hash is injected, so that this file needs nothing.
 */

/** A collision-resistant hash of fixed length; SHA-256 everywhere in Aegis. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

export interface MerkleTree {
  readonly size: number;
  readonly root: Uint8Array;
  /** Siblings from the leaf up. Throws RangeError unless 0 <= index < size. */
  inclusionProof(index: number): Uint8Array[];
  /** Shows that the tree of the first `oldSize` leaves is a prefix of this one. Throws RangeError unless 1 <= oldSize <= size. */
  consistencyProof(oldSize: number): Uint8Array[];
}

export const leafHash = (data: Uint8Array, hash: Hash): Uint8Array => {
  const bytes = new Uint8Array(data.length + 1);
  bytes.set(data, 1);
  return hash(bytes);
};

const nodeHash = (left: Uint8Array, right: Uint8Array, hash: Hash): Uint8Array => {
  const bytes = new Uint8Array(left.length + right.length + 1);
  bytes[0] = 1;
  bytes.set(left, 1);
  bytes.set(right, left.length + 1);
  return hash(bytes);
};

/** Builds the whole tree in memory: about two hashes a leaf; a proof then costs no hashing. */
export const merkleTree = (leaves: readonly Uint8Array[], hash: Hash): MerkleTree => {
  const levels: Uint8Array[][] = [leaves.map((data) => leafHash(data, hash))];
  while (levels.at(-1)!.length > 1) levels.push(levelAbove(levels.at(-1)!, hash));
  const size = leaves.length;
  /** The root of leaves [from, to), which is a complete aligned subtree or ends at the right edge. */
  const subtree = (from: number, to: number): Uint8Array => {
    const level = Math.ceil(Math.log2(to - from));
    return levels[level]![Math.floor(from / 2 ** level)]!;
  };
  return {
    size,
    root: size === 0 ? hash(new Uint8Array(0)) : levels.at(-1)![0]!,
    inclusionProof: (index) => {
      requireWithin('index', index, 0, size - 1);
      const proof: Uint8Array[] = [];
      let position = index;
      for (const level of levels) {
        const sibling = level[position % 2 === 0 ? position + 1 : position - 1];
        if (sibling) proof.push(sibling);
        position = Math.floor(position / 2);
      }
      return proof;
    },
    consistencyProof: (oldSize) => {
      requireWithin('oldSize', oldSize, 1, size);
      const proof: Uint8Array[] = [];
      let from = 0;
      let to = size;
      // RFC 6962's SUBPROOF, walked down instead of recursed: what is passed by is collected and reversed.
      while (oldSize !== to) {
        const middle = from + largestPowerOfTwoBelow(to - from);
        if (oldSize <= middle) {
          proof.push(subtree(middle, to));
          to = middle;
        } else {
          proof.push(subtree(from, middle));
          from = middle;
        }
      }
      if (from > 0) proof.push(subtree(from, to));
      return proof.reverse();
    },
  };
};

/** Whether `leaf` (a leaf hash) is at `index` of the tree with this size and root. Never throws: what makes no sense is false. */
export const verifyInclusion = (
  { size, root, ...claim }: InclusionClaim & { readonly size: number; readonly root: Uint8Array },
  hash: Hash,
): boolean => inclusionVerifier({ size, root }, hash)(claim);

/** A claim that a leaf hash is at an index of one known tree. */
export interface InclusionClaim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly proof: readonly Uint8Array[];
}

/** The node that a proof has reached after `used` of its siblings; `last` is the index of the level's last node and so names the level. */
interface Reached {
  readonly position: number;
  readonly last: number;
  readonly node: Uint8Array;
  readonly used: number;
}

/**
 * `verifyInclusion` for many leaves of one tree. Where a proof meets the one accepted before it, the rest of both must
 * be the same siblings, and nothing is hashed a second time: about two hashes a leaf when they come in order.
 */
export const inclusionVerifier = (
  { size, root }: { readonly size: number; readonly root: Uint8Array },
  hash: Hash,
): ((claim: InclusionClaim) => boolean) => {
  let accepted: { readonly proof: readonly Uint8Array[]; readonly path: ReadonlyMap<number, Reached> } | null = null;

  const meets = ({ position, last, node, used }: Reached, proof: readonly Uint8Array[]): boolean => {
    const known = accepted?.path.get(last);
    if (!accepted || !known) return false;
    if (known.position === position) return same(known.node, node) && sameTail(proof, used, accepted.proof, known.used);
    if (Math.floor(known.position / 2) !== Math.floor(position / 2)) return false;
    const [own, other] = [proof[used], accepted.proof[known.used]];
    return (
      own !== undefined &&
      other !== undefined &&
      same(other, node) &&
      same(own, known.node) &&
      sameTail(proof, used + 1, accepted.proof, known.used + 1)
    );
  };

  return ({ leaf, index, proof }) => {
    if (!isCount(index) || !isCount(size) || index >= size) return false;
    const path = new Map<number, Reached>();
    let [position, last, node] = [index, size - 1, leaf];
    for (const [used, sibling] of proof.entries()) {
      const reached = { position, last, node, used };
      if (last === 0) return false;
      if (meets(reached, proof)) {
        for (const [level, known] of accepted!.path)
          if (level < last) path.set(level, { ...known, used: known.used + proof.length - accepted!.proof.length });
        path.set(last, reached);
        accepted = { proof, path };
        return true;
      }
      path.set(last, reached);
      if (position % 2 === 1 || position === last) {
        node = nodeHash(sibling, node, hash);
        while (position % 2 === 0 && position !== 0) {
          position = half(position);
          last = half(last);
        }
      } else {
        node = nodeHash(node, sibling, hash);
      }
      position = half(position);
      last = half(last);
    }
    if (last !== 0 || !same(node, root)) return false;
    accepted = { proof, path };
    return true;
  };
};

const sameTail = (a: readonly Uint8Array[], aFrom: number, b: readonly Uint8Array[], bFrom: number): boolean => {
  if (a.length - aFrom !== b.length - bFrom) return false;
  for (let i = aFrom; i < a.length; i++) if (!same(a[i]!, b[bFrom + i - aFrom]!)) return false;
  return true;
};

/** Whether the tree (newSize, newRoot) begins with the leaves of the tree (oldSize, oldRoot). Never throws; oldSize 0 is false. */
export const verifyConsistency = (
  claim: {
    readonly oldSize: number;
    readonly oldRoot: Uint8Array;
    readonly newSize: number;
    readonly newRoot: Uint8Array;
    readonly proof: readonly Uint8Array[];
  },
  hash: Hash,
): boolean => {
  const { oldSize, oldRoot, newSize, newRoot } = claim;
  if (!isCount(oldSize) || !isCount(newSize) || oldSize === 0 || oldSize > newSize) return false;
  if (oldSize === newSize) return claim.proof.length === 0 && same(oldRoot, newRoot);
  const path = isPowerOfTwo(oldSize) ? [oldRoot, ...claim.proof] : [...claim.proof];
  const first = path.shift();
  if (!first || claim.proof.length === 0) return false;
  let position = oldSize - 1;
  let last = newSize - 1;
  while (position % 2 === 1) {
    position = half(position);
    last = half(last);
  }
  let oldNode = first;
  let newNode = first;
  for (const sibling of path) {
    if (last === 0) return false;
    if (position % 2 === 1 || position === last) {
      oldNode = nodeHash(sibling, oldNode, hash);
      newNode = nodeHash(sibling, newNode, hash);
      while (position % 2 === 0 && position !== 0) {
        position = half(position);
        last = half(last);
      }
    } else {
      newNode = nodeHash(newNode, sibling, hash);
    }
    position = half(position);
    last = half(last);
  }
  return last === 0 && same(oldNode, oldRoot) && same(newNode, newRoot);
};

/** A node without a right neighbour moves up as it is, which is the same tree as splitting at the largest power of two. */
const levelAbove = (level: readonly Uint8Array[], hash: Hash): Uint8Array[] => {
  const above: Uint8Array[] = [];
  for (let i = 0; i < level.length; i += 2) {
    const right = level[i + 1];
    above.push(right ? nodeHash(level[i]!, right, hash) : level[i]!);
  }
  return above;
};

/** The largest power of two strictly below n, n > 1. */
const largestPowerOfTwoBelow = (n: number): number => 2 ** (Math.ceil(Math.log2(n)) - 1);
const isPowerOfTwo = (n: number): boolean => Number.isInteger(Math.log2(n));
const isCount = (n: number): boolean => Number.isSafeInteger(n) && n >= 0;
const half = (n: number): number => Math.floor(n / 2);

const same = (a: Uint8Array, b: Uint8Array): boolean => {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

const requireWithin = (name: string, value: number, least: number, greatest: number): void => {
  if (!Number.isInteger(value) || value < least || value > greatest) {
    throw new RangeError(`${name} is ${value}; allowed: an integer from ${least} to ${greatest}`);
  }
};
