import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { sha256Hex } from './canonical.ts';

/** Signs checkpoints. Ed25519 or ECDSA P-256 with SHA-256 in DER, so that node:crypto verifies what KMS signs. */
export interface Signer {
  /** SPKI in PEM. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A signer whose private key (PKCS #8 in PEM, Ed25519 or P-256) is at hand: local stacks and tests. Throws for another kind of key. */
export const localSigner = (privateKeyPem: string): Signer => {
  const privateKey = createPrivateKey(privateKeyPem);
  const publicKey = createPublicKey(privateKey);
  requireSupported(publicKey);
  return {
    publicKey: pemOf(publicKey),
    sign: (bytes) => Promise.resolve(sign(digestOf(publicKey), bytes, privateKey)),
  };
};

/** A new Ed25519 private key, PKCS #8 in PEM. */
export const newPrivateKey = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

/** Reads a public key, SPKI in PEM. Throws an Error that says what is wrong with it. */
export const readPublicKey = (pem: string): KeyObject => {
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch (cause) {
    throw new Error('the public key cannot be read: SPKI in PEM is expected ("-----BEGIN PUBLIC KEY-----")', { cause });
  }
  requireSupported(key);
  return key;
};

/** All keys of a text with one PEM block after the other, by their ids. Throws as `readPublicKey` does, also for a text without one. */
export const readPublicKeys = (pem: string): ReadonlyMap<string, KeyObject> => {
  const blocks = pem.match(/-----BEGIN [\s\S]*?-----END [^\n]*/g) ?? [pem];
  return new Map(blocks.map(readPublicKey).map((key) => [keyIdOf(key), key]));
};

export const pemOf = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();

/** A key's name: lower-case hex SHA-256 of its SPKI in DER. */
export const keyIdOf = (key: KeyObject): string => sha256Hex(key.export({ type: 'spki', format: 'der' }));

/** Whether the signature is by this key; never throws for a malformed signature. */
export const isSignedBy = (key: KeyObject, bytes: Uint8Array, signature: Uint8Array): boolean =>
  verify(digestOf(key), bytes, key, signature);

const digestOf = (key: KeyObject): 'sha256' | null => (key.asymmetricKeyType === 'ec' ? 'sha256' : null);

const requireSupported = (key: KeyObject): void => {
  const kind = key.asymmetricKeyType;
  if (kind === 'ed25519' || (kind === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1')) return;
  throw new Error(`the key is of kind ${kind}; allowed: Ed25519, ECDSA P-256`);
};
