import { type Clock, type TableStore, Unavailable } from '../../ports/ports.ts';
import { type RotatableSecret, secretBytes, storedMasterSecret } from '../../secrets/masterSecret.ts';
import { type Connection, clientOptions } from './client.ts';
import { systemClock } from './system.ts';

const attemptsMax = 3;

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
