import type { KMSClient } from '@aws-sdk/client-kms';
import { localSigner, pemOf, type Signer } from '../../proof/signer.ts';
import { env } from '../../store/names.ts';
import { type Connection, clientOptions } from './client.ts';

/** A throttled call is sent this many times in all; signing is idempotent. */
const attemptsMax = 4;

/** Signs with an asymmetric KMS key of spec ECC_NIST_P256: the private key never leaves KMS. Needs kms:Sign and kms:GetPublicKey. */
export const kmsSigner = async (keyId: string, connection: Connection = {}): Promise<Signer> => {
  const { KMSClient, GetPublicKeyCommand, SignCommand } = await import('@aws-sdk/client-kms');
  const { createPublicKey } = await import('node:crypto');
  const client: KMSClient = new KMSClient(clientOptions('kms', connection, attemptsMax));
  const { PublicKey: der, KeySpec: spec } = await client.send(new GetPublicKeyCommand({ KeyId: keyId }));
  if (!der || spec !== 'ECC_NIST_P256') throw new Error(`the checkpoint key is of spec ${spec}; needed: ECC_NIST_P256`);
  return {
    publicKey: pemOf(createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })),
    sign: async (bytes) => {
      const { Signature: signature } = await client.send(
        new SignCommand({ KeyId: keyId, Message: bytes, MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' }),
      );
      if (!signature) throw new Error('KMS answered without a signature');
      return signature;
    },
  };
};

/** The signer that this process's environment names: a local private key, else KMS. Throws, naming the variable, without either. */
export const environmentSigner = async (): Promise<Signer> => {
  const local = process.env[env.localCheckpointKey];
  if (local !== undefined && local !== '') return localSigner(local);
  const keyId = process.env[env.checkpointKeyId];
  if (keyId === undefined || keyId === '') throw new Error(`the environment variable ${env.checkpointKeyId} is not set`);
  return kmsSigner(keyId);
};

/** The public half of the signer that the environment names: asked for once, and again after a failure. */
export const environmentPublicKey = (): (() => Promise<string>) => {
  let asked: Promise<Signer> | null = null;
  return async () => {
    const asking = asked ?? environmentSigner();
    asked = asking;
    try {
      return (await asking).publicKey;
    } catch (error) {
      asked = null;
      throw error;
    }
  };
};
