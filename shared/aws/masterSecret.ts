import type { TableStore } from '../ports.ts';
import { ConditionFailed, Unavailable } from '../ports.ts';
import { type Connection, clientOptions } from './client.ts';
import { masterSecretKey, sequenceText } from './keys.ts';

const secretBytes = 32;
const versionPrefix = 'V#';
const attemptsMax = 3;

/** The 32-byte secret that keys and fingerprints are derived from. Versions count from 1; an old one opens what it sealed. */
export interface MasterSecret {
  current(): Promise<{ readonly version: number; readonly secret: Uint8Array }>;
  version(version: number): Promise<Uint8Array>;
}

/** One fixed secret, for stacks without KMS. Throws if it is not 32 bytes of base64. */
export function localMasterSecret(base64: string): MasterSecret {
  const secret = new Uint8Array(Buffer.from(base64, 'base64'));
  if (secret.length !== secretBytes) {
    throw new RangeError(`the local master secret has ${secret.length} bytes, it must be base64 of ${secretBytes}`);
  }
  return {
    current: async () => ({ version: 1, secret }),
    version: async (version) => {
      if (version !== 1) throw new RangeError(`master secret version ${version} does not exist, only version 1 does`);
      return secret;
    },
  };
}

/**
 * A KMS data key per version: only its encrypted form is stored, in the table; each is decrypted once per process. The first
 * caller ever creates version 1; of two at once, the condition lets one win and both use that one. A version added later is
 * seen by processes started after it.
 */
export function kmsMasterSecret(options: Connection & { readonly keyId: string; readonly table: TableStore }): MasterSecret {
  const { keyId, table } = options;
  const opened = new Map<number, Promise<Uint8Array>>();
  let newest: Promise<number> | null = null;

  const kms = once(async () => {
    const { DecryptCommand, GenerateDataKeyCommand, KMSClient } = await import('@aws-sdk/client-kms');
    const client = new KMSClient(clientOptions('kms', options, attemptsMax));
    const decrypt = (version: number, blob: Uint8Array) =>
      client.send(new DecryptCommand({ KeyId: keyId, CiphertextBlob: blob, EncryptionContext: context(version) }));
    const generate = (version: number) =>
      client.send(new GenerateDataKeyCommand({ KeyId: keyId, KeySpec: 'AES_256', EncryptionContext: context(version) }));
    return { decrypt, generate };
  });

  const newestVersion = async (): Promise<number> => {
    const { pk } = masterSecretKey(1);
    const { items } = await table.query({ pk, from: versionPrefix, descending: true, limit: 1, consistent: true });
    if (items[0] !== undefined) return Number(items[0].sk.slice(versionPrefix.length));
    const { CiphertextBlob } = await known(kms().then(({ generate }) => generate(1)));
    if (CiphertextBlob === undefined) throw new Unavailable('KMS generated a data key without its encrypted form');
    await table.put({ ...masterSecretKey(1), blob: CiphertextBlob }, { kind: 'absent' }).catch((error: unknown) => {
      if (!(error instanceof ConditionFailed)) throw error;
    });
    return 1;
  };

  const open = async (version: number): Promise<Uint8Array> => {
    const item = await table.get(masterSecretKey(version), { consistent: true });
    if (item === null) throw new RangeError(`master secret version ${sequenceText(version)} does not exist`);
    if (!(item.blob instanceof Uint8Array)) throw new TypeError(`master secret version ${version} holds no encrypted key`);
    const blob = item.blob;
    const { Plaintext } = await known(kms().then(({ decrypt }) => decrypt(version, blob)));
    if (Plaintext?.length !== secretBytes)
      throw new Unavailable(`KMS returned no ${secretBytes}-byte key for version ${version}`);
    return new Uint8Array(Plaintext);
  };

  const version = (wanted: number): Promise<Uint8Array> => {
    const ready = opened.get(wanted);
    if (ready !== undefined) return ready;
    const opening = open(wanted);
    opened.set(wanted, opening);
    opening.catch(() => opened.delete(wanted));
    return opening;
  };

  return {
    version,
    async current() {
      newest ??= newestVersion().catch((error: unknown) => {
        newest = null;
        throw error;
      });
      const number = await newest;
      return { version: number, secret: await version(number) };
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
