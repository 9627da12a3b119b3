import { createCipheriv, createDecipheriv, createHmac, createSecretKey, hash, hkdfSync, type KeyObject } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Sealer } from '../domain/audit.ts';

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;
/** Accounts whose derived keys are kept at hand. */
const keysMax = 10_000;

interface AccountKeys {
  readonly encryption: KeyObject;
  readonly fingerprint: KeyObject;
}

/**
 * Seals personal inputs: AES-256-GCM and HMAC-SHA-256 under keys that HKDF (RFC 5869) derives from a master secret and the account's
 * random salt, so that destroying the salt destroys them. The nonce is the head of the keyed fingerprint (as in a synthetic IV, RFC
 * 5297): nothing is random, and the same nonce never meets two texts.
 */
export class SecretSealer implements Sealer {
  readonly secretVersion: number;
  // Key objects, not bytes: node:crypto is several times faster with them.
  readonly #secret: KeyObject;
  readonly #keys = new Map<string, AccountKeys>();

  constructor(secret: Uint8Array, secretVersion: number) {
    this.#secret = createSecretKey(secret);
    this.secretVersion = secretVersion;
  }

  seal(salt: Uint8Array, plaintext: string): { sealed: string; fingerprint: string } {
    const keys = this.#keysOf(salt);
    const digest = createHmac('sha256', keys.fingerprint).update(plaintext).digest();
    const cipher = createCipheriv('aes-256-gcm', keys.encryption, digest.subarray(0, nonceBytes));
    const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
    return { sealed: sealed.toString('base64'), fingerprint: digest.toString('hex') };
  }

  /** The text that was sealed; throws when the salt, the secret or the bytes are others. */
  open(salt: Uint8Array, sealed: string, fingerprint: string): string {
    const bytes = Buffer.from(sealed, 'base64');
    const nonce = Buffer.from(fingerprint, 'hex').subarray(0, nonceBytes);
    const decipher = createDecipheriv('aes-256-gcm', this.#keysOf(salt).encryption, nonce);
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    return Buffer.concat([decipher.update(bytes.subarray(0, bytes.length - tagBytes)), decipher.final()]).toString('utf8');
  }

  hash(text: string): string {
    return hash('sha256', text, 'hex');
  }

  #keysOf(salt: Uint8Array): AccountKeys {
    const name = Buffer.from(salt.buffer, salt.byteOffset, salt.byteLength).toString('latin1');
    let keys = this.#keys.get(name);
    if (!keys) {
      const derived = Buffer.from(hkdfSync('sha256', this.#secret, salt, 'aegis personal inputs', 2 * keyBytes));
      keys = {
        encryption: createSecretKey(derived.subarray(0, keyBytes)),
        fingerprint: createSecretKey(derived.subarray(keyBytes)),
      };
      if (this.#keys.size >= keysMax) this.#keys.delete(this.#keys.keys().next().value!);
      this.#keys.set(name, keys);
    }
    return keys;
  }
}

/** Lower-case hex SHA-256 of the RFC 8785 form. */
export const hashOf = (body: object): string => hash('sha256', canonicalize(body)!, 'hex');
