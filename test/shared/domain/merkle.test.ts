import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inclusionVerifier, leafHash, merkleTree, verifyConsistency, verifyInclusion } from '../../../shared/domain/merkle.ts';
import { flip, flipped, mutatedProof, mutations } from './mutatedProof.ts';

const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The reference inputs and results of the certificate-transparency project (merkle_tree_test). */
const vectorLeaves = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f'].map(
  (text) => Buffer.from(text, 'hex'),
);
const vectorRoots = [
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const vectorInclusion: readonly [leaf: number, size: number, proof: readonly string[]][] = [
  [0, 1, []],
  [
    0,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    5,
    8,
    [
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [2, 3, ['fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125']],
  [
    1,
    5,
    [
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];
const vectorConsistency: readonly [oldSize: number, newSize: number, proof: readonly string[]][] = [
  [1, 1, []],
  [
    1,
    8,
    [
      '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
    ],
  ],
  [
    6,
    8,
    [
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ],
  ],
  [
    2,
    5,
    [
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ],
  ],
];

/** The definition of RFC 6962, 2.1, word for word: slow, and independent of the implementation. */
const definition = (leaves: readonly Uint8Array[]): Uint8Array => {
  if (leaves.length === 0) return sha256(new Uint8Array(0));
  if (leaves.length === 1) return sha256(Buffer.concat([Buffer.of(0), leaves[0]!]));
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(Buffer.concat([Buffer.of(1), definition(leaves.slice(0, split)), definition(leaves.slice(split))]));
};

const leavesOf = (count: number, seed = 0): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => Buffer.from(`leaf ${seed} ${i}`));
const tree = fc.tuple(fc.integer({ min: 1, max: 200 }), fc.nat(1000)).map(([count, seed]) => leavesOf(count, seed));
const runs = Number(process.env.AEGIS_PROPERTY_RUNS ?? 300);

describe('the published vectors of certificate transparency', () => {
  it('has the hash of nothing as the root of no leaves', () => {
    expect(hex(merkleTree([], sha256).root)).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  });
  it.each(vectorRoots.map((root, i) => [i + 1, root] as const))('gives the published root for %i leaves', (size, root) => {
    expect(hex(merkleTree(vectorLeaves.slice(0, size), sha256).root)).toBe(root);
  });
  it.each(vectorInclusion)('gives and accepts the published inclusion proof of leaf %i in %i', (index, size, proof) => {
    const built = merkleTree(vectorLeaves.slice(0, size), sha256);
    expect(built.inclusionProof(index).map(hex)).toEqual(proof);
    const leaf = leafHash(vectorLeaves[index]!, sha256);
    const bytes = proof.map((text) => Buffer.from(text, 'hex'));
    const root = Buffer.from(vectorRoots[size - 1]!, 'hex');
    expect(verifyInclusion({ leaf, index, size, proof: bytes, root }, sha256)).toBe(true);
  });
  it.each(vectorConsistency)('gives and accepts the published consistency proof from %i to %i', (oldSize, newSize, proof) => {
    expect(merkleTree(vectorLeaves.slice(0, newSize), sha256).consistencyProof(oldSize).map(hex)).toEqual(proof);
    const [oldRoot, newRoot] = [oldSize, newSize].map((size) => Buffer.from(vectorRoots[size - 1]!, 'hex'));
    const bytes = proof.map((text) => Buffer.from(text, 'hex'));
    expect(verifyConsistency({ oldSize, oldRoot: oldRoot!, newSize, newRoot: newRoot!, proof: bytes }, sha256)).toBe(true);
  });
});

describe('any tree', () => {
  it('has the root that the definition gives', () => {
    fc.assert(
      fc.property(tree, (leaves) => hex(merkleTree(leaves, sha256).root) === hex(definition(leaves))),
      { numRuns: runs },
    );
  });

  it('accepts the inclusion proof of every leaf', () => {
    fc.assert(
      fc.property(tree, (leaves) => {
        const { root, size, inclusionProof } = merkleTree(leaves, sha256);
        return leaves.every((data, index) =>
          verifyInclusion({ leaf: leafHash(data, sha256), index, size, proof: inclusionProof(index), root }, sha256),
        );
      }),
      { numRuns: Math.ceil(runs / 3) },
    );
  });

  it('gives the same answers where many leaves are asked of one verifier, in any order and with mutated ones between', () => {
    fc.assert(
      fc.property(
        tree,
        fc.array(fc.tuple(fc.nat(), fc.option(mutation, { freq: 3 })), { minLength: 1, maxLength: 60 }),
        fc.boolean(),
        (leaves, asked, inOrder) => {
          const built = merkleTree(leaves, sha256);
          const verify = inclusionVerifier(built, sha256);
          const order = inOrder ? leaves.map((_, i) => [i, asked[i % asked.length]![1]] as const) : asked;
          return order.every(([at, change]) => {
            const index = at % leaves.length;
            const honest = { ...built, leaf: leafHash(leaves[index]!, sha256), index, proof: built.inclusionProof(index) };
            const { leaf, proof, ...claim } = change === null ? honest : mutatedProof(honest, change, at);
            const isKnownTree = claim.size === built.size && claim.root === built.root;
            const asTold = { leaf, proof, index: claim.index };
            return !isKnownTree || verify(asTold) === verifyInclusion({ ...honest, ...asTold }, sha256);
          });
        },
      ),
      { numRuns: runs },
    );
  });

  it('accepts the consistency proof from each of its prefixes', () => {
    fc.assert(
      fc.property(tree, (leaves) => {
        const built = merkleTree(leaves, sha256);
        return leaves.every((_, i) => {
          const oldRoot = merkleTree(leaves.slice(0, i + 1), sha256).root;
          const proof = built.consistencyProof(i + 1);
          return verifyConsistency({ oldSize: i + 1, oldRoot, newSize: built.size, newRoot: built.root, proof }, sha256);
        });
      }),
      { numRuns: Math.ceil(runs / 10) },
    );
  });

  it('refuses a mutated inclusion proof', () => {
    fc.assert(
      fc.property(tree, fc.nat(), mutation, (leaves, at, change) => {
        const built = merkleTree(leaves, sha256);
        const index = at % leaves.length;
        const honest = {
          leaf: leafHash(leaves[index]!, sha256),
          index,
          size: built.size,
          proof: built.inclusionProof(index),
          root: built.root,
        };
        const mutated = mutatedProof(honest, change, at);
        return !verifyInclusion(mutated, sha256);
      }),
      { numRuns: runs },
    );
  });

  it('refuses a mutated consistency proof', () => {
    fc.assert(
      fc.property(tree, fc.nat(), mutation, (leaves, at, change) => {
        const built = merkleTree([...leaves, Buffer.from('one more')], sha256);
        const oldSize = (at % leaves.length) + 1;
        const proof = built.consistencyProof(oldSize);
        const oldRoot = merkleTree(leaves.slice(0, oldSize), sha256).root;
        const honest = { oldSize, oldRoot, newSize: built.size, newRoot: built.root, proof };
        const mutated = {
          bit: { ...honest, proof: flipped(proof, at) },
          longer: { ...honest, proof: [...proof, built.root] },
          shorter: { ...honest, proof: proof.slice(0, -1) },
          leaf: { ...honest, oldRoot: merkleTree(leavesOf(oldSize, -1), sha256).root },
          root: { ...honest, newRoot: flip(built.root, at) },
          place: { ...honest, oldSize: built.size + 1 },
          size: { ...honest, newSize: oldSize - 1 },
        }[change];
        return !verifyConsistency(mutated, sha256);
      }),
      { numRuns: runs },
    );
  });
});

describe('one verifier asked for every leaf of a tree', () => {
  const counted = (size: number, order: (indices: number[]) => number[]): { hashes: number; accepted: number } => {
    const built = merkleTree(leavesOf(size), sha256);
    let hashes = 0;
    const verify = inclusionVerifier(built, (bytes) => {
      hashes++;
      return sha256(bytes);
    });
    const claims = leavesOf(size).map((data, index) => ({
      leaf: leafHash(data, sha256),
      index,
      proof: built.inclusionProof(index),
    }));
    const asked = order(claims.map(({ index }) => index));
    return { accepted: asked.filter((index) => verify(claims[index]!)).length, hashes };
  };

  it.each([1, 2, 4, 8, 16, 32, 64])('of %d leaves, in order or from the last on, hashes each inner node once', (size) => {
    const once = { accepted: size, hashes: size - 1 };
    expect(counted(size, (indices) => indices)).toEqual(once);
    expect(counted(size, (indices) => indices.reverse())).toEqual(once);
  });

  it.each(Array.from({ length: 70 }, (_, i) => i + 1))(
    'of %d leaves in order, hashes no node twice but those where its complete subtrees meet',
    (size) => {
      const subtrees = [...size.toString(2)].filter((bit) => bit === '1').length;
      const { accepted, hashes } = counted(size, (indices) => indices);
      expect(accepted).toBe(size);
      expect(hashes).toBeLessThanOrEqual(size - 1 + (subtrees - 1));
    },
  );

  it('hashes nothing for a leaf it has just accepted', () => {
    expect(counted(37, () => [20, 20, 20])).toEqual({ accepted: 3, hashes: counted(37, () => [20]).hashes });
  });
});

describe('what makes no sense', () => {
  it.each([-1, 3, 0.5, Number.NaN])('has no inclusion proof at index %d of 3', (index) => {
    const message = `index is ${index}; allowed: an integer from 0 to 2`;
    expect(() => merkleTree(leavesOf(3), sha256).inclusionProof(index)).toThrow(new RangeError(message));
  });
  it.each([0, 4, 1.5])('has no consistency proof from size %d to 3', (oldSize) => {
    const message = `oldSize is ${oldSize}; allowed: an integer from 1 to 3`;
    expect(() => merkleTree(leavesOf(3), sha256).consistencyProof(oldSize)).toThrow(new RangeError(message));
  });

  const [a, b, c, d] = leavesOf(4).map((data) => leafHash(data, sha256)) as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
  const node = (left: Uint8Array, right: Uint8Array): Uint8Array => sha256(Buffer.concat([Buffer.of(1), left, right]));

  it.each([
    ['an index beyond the only leaf', { index: 1 }],
    ['an index below zero', { index: -1 }],
    ['half an index', { index: 0.5 }],
    ['no number as index', { index: Number.NaN }],
    ['half a leaf more', { size: 1.5, proof: [b], root: node(a, b) }],
    ['no number as size', { size: Number.NaN }],
    ['a proof longer than the tree is high', { proof: [b], root: node(b, a) }],
    ['a proof shorter than the tree is high', { size: 2 }],
    ['a root that begins with the right one', { root: Buffer.concat([a, Buffer.of(0)]) }],
    ['a root that is the beginning of the right one', { root: a.slice(0, -1) }],
  ])('is no inclusion though the hashes agree: %s', (_, change) => {
    const honest = { leaf: a, index: 0, size: 1, proof: [], root: a };
    expect(verifyInclusion(honest, sha256)).toBe(true);
    expect(verifyInclusion({ ...honest, ...change }, sha256)).toBe(false);
  });

  it.each([
    ['two trees of nothing', { oldSize: 0, oldRoot: sha256(new Uint8Array(0)), newSize: 0, newRoot: sha256(new Uint8Array(0)) }],
    ['sizes below zero', { oldSize: -1, newSize: -1 }],
    ['sizes with half a leaf', { oldSize: 1.5, newSize: 1.5 }],
    ['half a leaf more', { newSize: 1.5, newRoot: node(a, b), proof: [b] }],
    ['half a leaf more in the older', { oldSize: 1.5, newSize: 2, newRoot: node(a, b), proof: [a, b] }],
    ['an older tree that is larger', { oldSize: 3, newSize: 2, newRoot: node(a, b), proof: [a, b] }],
    ['one tree with a proof', { proof: [b] }],
    ['two trees of one size', { newRoot: b }],
    ['a larger tree without a proof', { newSize: 2 }],
    ['a larger tree without a proof, where the older is not complete', { oldSize: 3, newSize: 4 }],
    ['a proof shorter than the newer tree is high', { newSize: 4, newRoot: node(a, b), proof: [b] }],
    [
      'a proof longer than the newer tree is high',
      {
        oldSize: 3,
        oldRoot: node(d, node(c, a)),
        newSize: 4,
        newRoot: node(d, node(c, node(a, b))),
        proof: [a, b, c, d],
      },
    ],
  ])('is no consistency though the hashes agree: %s', (_, change) => {
    const honest = { oldSize: 1, oldRoot: a, newSize: 1, newRoot: a, proof: [] };
    expect(verifyConsistency(honest, sha256)).toBe(true);
    expect(verifyConsistency({ ...honest, ...change }, sha256)).toBe(false);
  });
  it('does not take a node for a leaf', () => {
    const built = merkleTree(leavesOf(4), sha256);
    const [a, b] = [leafHash(leavesOf(4)[0]!, sha256), leafHash(leavesOf(4)[1]!, sha256)];
    const forged = leafHash(Buffer.concat([a, b]), sha256);
    const proof = built.inclusionProof(0).slice(1);
    expect(verifyInclusion({ leaf: forged, index: 0, size: 2, proof, root: built.root }, sha256)).toBe(false);
  });
});

const mutation = fc.constantFrom(...mutations);
