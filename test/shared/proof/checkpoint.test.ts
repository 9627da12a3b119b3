import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import {
  asCheckpoint,
  checkpointHash,
  findSplitView,
  formatStoredCheckpoint,
  leafVerifier,
  parseStoredCheckpoint,
  proveLeaf,
  sortLeaves,
  treeOf,
} from '../../../shared/proof/checkpoint.ts';
import { localSigner, newPrivateKey, readPublicKey } from '../../../shared/proof/signer.ts';
import { ed25519Signer, nextCheckpoint, p256Signer, zeros } from '../../tools/proof/builders.ts';

const leaves = ['c', 'a', 'b'].map((chain, i) => ({ chain, sequence: i + 1, head: String(i).repeat(64) }));

describe('a signed checkpoint', () => {
  it.each([
    ['P-256', p256Signer, 'sha256'],
    ['Ed25519', ed25519Signer, null],
  ] as const)('verifies with nothing but node:crypto and its own canonical text: %s', async (_, signerOf, digest) => {
    const signer = signerOf();
    const { body, signature } = await nextCheckpoint(null, leaves, signer);
    const check = (text: string) =>
      verify(digest, Buffer.from(text), createPublicKey(signer.publicKey), Buffer.from(signature, 'base64'));
    expect(check(canonicalText(body))).toBe(true);
    expect(check(canonicalText({ ...body, number: 2 }))).toBe(false);
  });
  it('names the one before by root and by hash', async () => {
    const signer = p256Signer();
    const one = await nextCheckpoint(null, leaves, signer);
    const two = await nextCheckpoint(one, leaves, signer);
    expect([one.body.previousRoot, one.body.previousHash, one.body.number]).toEqual([zeros, zeros, 1]);
    expect([two.body.previousRoot, two.body.previousHash, two.body.number]).toEqual([one.body.root, checkpointHash(one.body), 2]);
  });
  it('proves each of its leaves, and no other', async () => {
    const { body } = await nextCheckpoint(null, leaves, p256Signer());
    const sorted = sortLeaves(leaves);
    for (const index of sorted.keys()) {
      const proof = proveLeaf(sorted, treeOf(sorted), index);
      expect(leafVerifier(body)(proof)).toBe(true);
      expect(leafVerifier(body)({ ...proof, leaf: [proof.leaf[0], proof.leaf[1] + 1, proof.leaf[2]] })).toBe(false);
    }
  });
  it('has one head for each chain', () => {
    expect(() => sortLeaves([...leaves, leaves[0]!])).toThrow('c has two');
  });
  it('comes back from its bytes, and not when a leaf was changed', async () => {
    const checkpoint = await nextCheckpoint(null, leaves, p256Signer());
    const bytes = formatStoredCheckpoint(checkpoint);
    expect(parseStoredCheckpoint(bytes)).toEqual(checkpoint);
    const changed = Buffer.from(Buffer.from(bytes).toString().replace('["a",2,', '["a",3,'));
    expect(() => parseStoredCheckpoint(changed)).toThrow('do not give its root');
    expect(() => parseStoredCheckpoint(Buffer.from('{}'))).toThrow('not a checkpoint');
  });
  it('is not taken from a shape with more or less in it', async () => {
    const { body, signature } = await nextCheckpoint(null, leaves, p256Signer());
    expect(asCheckpoint({ body, signature })).not.toBeNull();
    for (const bad of [
      null,
      1,
      [],
      { body },
      { body: { ...body, extra: 1 }, signature },
      { body: { ...body, root: 'A'.repeat(64) }, signature },
    ]) {
      expect(asCheckpoint(bad)).toBeNull();
    }
  });
});

describe('two lists of checkpoints', () => {
  it('are a split view where they hold different ones of a number', async () => {
    const signer = p256Signer();
    const one = await nextCheckpoint(null, leaves, signer);
    const [ours, theirs] = [
      await nextCheckpoint(one, leaves.slice(0, 1), signer),
      await nextCheckpoint(one, leaves.slice(1), signer),
    ];
    expect(findSplitView([one, ours], [one, theirs])).toEqual({ number: 2, ours, theirs });
    expect(findSplitView([one, ours], [ours, one])).toBeNull();
    expect(findSplitView([one], [ours])).toBeNull();
  });
});

describe('a key', () => {
  it('may be made anew', async () => {
    const { body, signature } = await nextCheckpoint(null, leaves, localSigner(newPrivateKey()));
    expect(signature.length).toBeGreaterThan(80);
    expect(body.size).toBe(3);
  });
  it('must be Ed25519 or P-256', () => {
    const of = (curve: string) =>
      generateKeyPairSync('ec', { namedCurve: curve }).publicKey.export({ type: 'spki', format: 'pem' }).toString();
    expect(() => readPublicKey(of('secp256k1'))).toThrow('allowed: Ed25519, ECDSA P-256');
    expect(() => readPublicKey('nonsense')).toThrow('SPKI in PEM');
  });
});
