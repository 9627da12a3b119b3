/** Ways in which a claim that a leaf is in a tree can be wrong. */
export const mutations = ['bit', 'longer', 'shorter', 'leaf', 'root', 'place', 'size'] as const;
export type Mutation = (typeof mutations)[number];

export interface Claim {
  readonly leaf: Uint8Array;
  readonly index: number;
  readonly size: number;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}

/** The claim with one thing wrong. */
export const mutatedProof = (honest: Claim, change: Mutation, at: number): Claim => {
  const { leaf, index, size, proof, root } = honest;
  const other = (index + 1) % size;
  return {
    bit: { ...honest, proof: flipped(proof, at), leaf: proof.length ? leaf : flip(leaf, at) },
    longer: { ...honest, proof: [...proof, root] },
    shorter: proof.length ? { ...honest, proof: proof.slice(0, -1) } : { ...honest, index: 1 },
    leaf: { ...honest, leaf: flip(leaf, at) },
    root: { ...honest, root: flip(root, at) },
    place: other === index ? { ...honest, index: -1 } : { ...honest, index: other },
    size: { ...honest, size: index },
  }[change];
};

export const flip = (bytes: Uint8Array, at: number): Uint8Array => {
  const copy = Uint8Array.from(bytes);
  copy[at % copy.length]! ^= 1 << (at % 8);
  return copy;
};

export const flipped = (proof: readonly Uint8Array[], at: number): Uint8Array[] =>
  proof.map((node, i) => (i === at % proof.length ? flip(node, at) : node));
