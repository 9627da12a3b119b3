import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { type Connection, clientOptions } from '../adapters/aws/client.ts';
import { systemClock } from '../adapters/aws/system.ts';
import type { Clock, Item, TableStore } from '../ports/ports.ts';
import { ConditionFailed, Unavailable } from '../ports/ports.ts';
import { masterSecretKey, sequenceText } from '../store/names.ts';

const secretBytes = 32;
const versionPrefix = 'V#';
const attemptsMax = 3;
const nonceBytes = 12;

/** A running process sees a new version after so long. */
export const refreshMs = 60_000;

/** The 32-byte secret that keys and fingerprints are derived from. Versions count from 1; an old one opens what it sealed. */
export interface MasterSecret {
  current(): Promise<{ readonly version: number; readonly secret: Uint8Array }>;
  version(version: number): Promise<Uint8Array>;
}

/** One that can be rotated: a version is in force everywhere `refreshMs` after it was stored under its key. */
export interface RotatableSecret extends MasterSecret {
  /** The item that makes the next version, not stored yet. */
  draft(): Promise<{ readonly version: number; readonly item: Item }>;
}

/** Makes and opens what stands in the table for a version. */
interface Wrapping {
  generate(version: number): Promise<Uint8Array>;
  open(version: number, blob: Uint8Array): Promise<Uint8Array>;
}

/**
 * For stacks without KMS: version 1 is the given secret, later ones lie in the table, encrypted under it. Without a table there is
 * version 1 alone. Throws if it is not 32 bytes of base64.
 */
export function localMasterSecret(base64: string, table?: TableStore, clock: Clock = systemClock): RotatableSecret {
  const secret = new Uint8Array(Buffer.from(base64, 'base64'));
  if (secret.length !== secretBytes) {
    throw new RangeError(`the local master secret has ${secret.length} bytes, it must be base64 of ${secretBytes}`);
  }
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'aegis local wrapping', secretBytes));
  const wrapping: Wrapping = {
    generate: async (version) => {
      const nonce = randomBytes(nonceBytes);
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(String(version)));
      return Buffer.concat([nonce, cipher.update(randomBytes(secretBytes)), cipher.final(), cipher.getAuthTag()]);
    },
    open: async (version, blob) => {
      const opening = createDecipheriv('aes-256-gcm', key, blob.subarray(0, nonceBytes));
      opening.setAAD(Buffer.from(String(version))).setAuthTag(blob.subarray(nonceBytes + secretBytes));
      const sealed = blob.subarray(nonceBytes, nonceBytes + secretBytes);
      return new Uint8Array(Buffer.concat([opening.update(sealed), opening.final()]));
    },
  };
  return storedMasterSecret(table ?? nothingStored, clock, wrapping, secret);
}

/**
 * A KMS data key per version: only its encrypted form is stored, in the table; each is decrypted once per process. The first
 * caller ever creates version 1; of two at once, the condition lets one win and both use that one.
 */
export function kmsMasterSecret(
  options: Connection & { readonly keyId: string; readonly table: TableStore; readonly clock?: Clock },
): RotatableSecret {
  const { keyId, table, clock = systemClock } = options;
  const kms = once(async () => {
    const { DecryptCommand, GenerateDataKeyCommand, KMSClient } = await import('@aws-sdk/client-kms');
    const client = new KMSClient(clientOptions('kms', options, attemptsMax));
    const decrypt = (version: number, blob: Uint8Array) =>
      client.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob: blob, EncryptionContext: context(version) }));
    const generate = (version: number) =>
      client.send(new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context(version) }));
    return { decrypt, generate };
  });
  return storedMasterSecret(table, clock, {
    generate: async (version) => {
      const { CiphertextBlob } = await known(kms().then(({ generate }) => generate(version)));
      if (CiphertextBlob === undefined) throw new Unavailable('KMS generated a data key without its encrypted form');
      return CiphertextBlob;
    },
    open: async (version, blob) => {
      const { Plaintext } = await known(kms().then(({ decrypt }) => decrypt(version, blob)));
      if (Plaintext?.length !== secretBytes)
        throw new Unavailable(`KMS returned no ${secretBytes}-byte key for version ${version}`);
      return new Uint8Array(Plaintext);
    },
  });
}

type Stored = Pick<TableStore, 'get' | 'put' | 'query'>;

const nothingStored: Stored = {
  get: async () => null,
  query: async () => ({ items: [] }),
  put: async () => {
    throw new Unavailable('this master secret has no table and cannot be rotated');
  },
};

/** `first`, when given, is version 1 and is not stored. */
function storedMasterSecret(table: Stored, clock: Clock, wrapping: Wrapping, first?: Uint8Array): RotatableSecret {
  const opened = new Map<number, Promise<Uint8Array>>();
  let newest: { readonly version: Promise<number>; readonly atMs: number } | null = null;

  const newestVersion = async (): Promise<number> => {
    const { pk } = masterSecretKey(1);
    const { items } = await table.query({ pk, from: versionPrefix, descending: true, limit: 1, consistent: true });
    if (items[0] !== undefined) return Number(items[0].sk.slice(versionPrefix.length));
    if (first !== undefined) return 1;
    await table.put({ ...masterSecretKey(1), blob: await wrapping.generate(1) }, { kind: 'absent' }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
    return 1;
  };

  const open = async (version: number): Promise<Uint8Array> => {
    if (version === 1 && first !== undefined) return first;
    const item = await table.get(masterSecretKey(version), { consistent: true });
    if (item === null) throw new RangeError(`master secret version ${sequenceText(version)} does not exist`);
    if (!(item.blob instanceof Uint8Array)) throw new TypeError(`master secret version ${version} holds no encrypted key`);
    return wrapping.open(version, item.blob);
  };

  const version = (wanted: number): Promise<Uint8Array> => {
    const ready = opened.get(wanted);
    if (ready !== undefined) return ready;
    const opening = open(wanted);
    opened.set(wanted, opening);
    opening.catch(() => opened.delete(wanted));
    return opening;
  };

  const currentVersion = (): Promise<number> => {
    const nowMs = clock.nowMs();
    if (newest === null || nowMs - newest.atMs >= refreshMs) {
      const asked = { version: newestVersion(), atMs: nowMs };
      newest = asked;
      asked.version.catch(() => {
        if (newest === asked) newest = null;
      });
    }
    return newest.version;
  };

  return {
    version,
    async current() {
      const number = await currentVersion();
      return { version: number, secret: await version(number) };
    },
    async draft() {
      const next = (await newestVersion()) + 1;
      return { version: next, item: { ...masterSecretKey(next), blob: await wrapping.generate(next) } };
    },
  };
}

const context = (version: number) => ({ purpose: 'aegis-master-secret', version: String(version) });

const known = <Reply>(reply: Promise<Reply>): Promise<Reply> =>
  reply.catch((error: unknown) => {
    throw new Unavailable(`KMS did not answer: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  });

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | null = null;
  return () => {
    made ??= make();
    return made;
  };
}
