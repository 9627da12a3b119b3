import { hash } from 'node:crypto';
import { parseArgs } from 'node:util';
import { inclusionVerifier, leafHash, merkleTree, verifyConsistency, verifyInclusion } from '../../shared/domain/merkle.ts';
import { mutatedProof, mutations } from '../../test/shared/domain/mutatedProof.ts';
import { seeded } from '../../test/tools/proof/tampering.ts';

/** Random trees whose every proof must be accepted, and mutated proofs of which none may be; exit code 1 otherwise. */
const help = `Usage: npm run bench -- merkle [--trees N] [--mutated N] [--seed N]

  --trees N     random trees of 1 to 64 leaves (default 10000)
  --mutated N   mutated proofs, half of inclusion and half of consistency (default 10000)`;

const { values } = parseArgs({
  options: {
    trees: { type: 'string', default: '10000' },
    mutated: { type: 'string', default: '10000' },
    seed: { type: 'string', default: '1' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(help);
  process.exit(0);
}
const random = seeded(Number(values.seed));
const sha256 = (bytes: Uint8Array): Uint8Array => hash('sha256', bytes, 'buffer');
const leavesOf = (count: number): Uint8Array[] => Array.from({ length: count }, () => Buffer.from(`leaf ${random(2 ** 30)}`));

const trees = Number(values.trees);
let [inclusion, consistency, accepted] = [0, 0, 0];
for (let i = 0; i < trees; i++) {
  const leaves = leavesOf(1 + random(64));
  const tree = merkleTree(leaves, sha256);
  const verify = inclusionVerifier(tree, sha256);
  for (const [index, data] of leaves.entries()) {
    inclusion++;
    if (verify({ leaf: leafHash(data, sha256), index, proof: tree.inclusionProof(index) })) accepted++;
  }
  for (let oldSize = 1; oldSize <= leaves.length; oldSize++) {
    consistency++;
    const oldRoot = merkleTree(leaves.slice(0, oldSize), sha256).root;
    const proof = tree.consistencyProof(oldSize);
    if (verifyConsistency({ oldSize, oldRoot, newSize: tree.size, newRoot: tree.root, proof }, sha256)) accepted++;
  }
}
console.log(
  `${trees} random trees: ${accepted} of ${inclusion + consistency} proofs accepted (${inclusion} of inclusion, ${consistency} of consistency)`,
);

const mutated = Number(values.mutated);
let refused = 0;
for (let i = 0; i < mutated; i++) {
  const leaves = leavesOf(2 + random(63));
  const { size, root, inclusionProof, consistencyProof } = merkleTree(leaves, sha256);
  const at = random(2 ** 30);
  if (i % 2 === 0) {
    const index = at % size;
    const honest = { leaf: leafHash(leaves[index]!, sha256), index, size, proof: inclusionProof(index), root };
    if (!verifyInclusion(mutatedProof(honest, mutations[random(mutations.length)]!, at), sha256)) refused++;
  } else {
    const oldSize = 1 + (at % (size - 1));
    const oldRoot = merkleTree(leaves.slice(0, oldSize), sha256).root;
    // The proof as if it were one of inclusion: the same ways in which nodes, root and size can be wrong.
    const honest = { leaf: oldRoot, index: oldSize, size, proof: consistencyProof(oldSize), root };
    const { leaf, index, ...claim } = mutatedProof(honest, mutations[random(mutations.length)]!, at);
    const wrong = { oldSize: index, oldRoot: leaf, newSize: claim.size, newRoot: claim.root, proof: claim.proof };
    if (!verifyConsistency(wrong, sha256)) refused++;
  }
}
console.log(`${refused} of ${mutated} mutated proofs refused`);
process.exitCode = accepted === inclusion + consistency && refused === mutated ? 0 : 1;
