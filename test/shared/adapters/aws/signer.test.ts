import { createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { environmentSigner, kmsSigner } from '../../../../shared/adapters/aws/signer.ts';
import { newPrivateKey } from '../../../../shared/proof/signer.ts';
import { env } from '../../../../shared/store/names.ts';
import { verifyBytes } from '../../../../tools/proof/verify.ts';
import { bytesOf, linesOf, logOf } from '../../../tools/proof/builders.ts';

/** As much of KMS as signing needs, over the wire: an asymmetric key whose private half stays in here. */
let kms: Server;
let privateKey: KeyObject;
let publicKey: KeyObject;
let spec: string;
let signed: Record<string, unknown>[];
beforeAll(async () => {
  ({ privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' }));
  kms = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const input = JSON.parse(Buffer.concat(chunks).toString());
      const isSign = String(request.headers['x-amz-target']).endsWith('.Sign');
      if (isSign) signed.push(input);
      const der = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
      const signature = () => sign('sha256', Buffer.from(input.Message, 'base64'), privateKey).toString('base64');
      response.setHeader('content-type', 'application/x-amz-json-1.1');
      response.end(JSON.stringify(isSign ? { Signature: signature() } : { PublicKey: der, KeySpec: spec }));
    });
  });
  await new Promise<void>((resolve) => kms.listen(0, '127.0.0.1', resolve));
  signed = [];
  spec = 'ECC_NIST_P256';
});
afterAll(() => new Promise((resolve) => kms.close(resolve)));
afterEach(() => {
  spec = 'ECC_NIST_P256';
  for (const name of [env.localCheckpointKey, env.checkpointKeyId]) delete process.env[name];
});

const connection = () => ({
  endpoint: `http://127.0.0.1:${(kms.address() as AddressInfo).port}`,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
});

describe('a key in KMS', () => {
  it('signs what node:crypto verifies with its public key', async () => {
    const signer = await kmsSigner('key-1', connection());
    const bytes = Buffer.from('some canonical bytes');
    expect(verify('sha256', bytes, createPublicKey(signer.publicKey), await signer.sign(bytes))).toBe(true);
    expect(signed.at(-1)).toMatchObject({ KeyId: 'key-1', MessageType: 'RAW', SigningAlgorithm: 'ECDSA_SHA_256' });
  });
  it('signs checkpoints of bundles that verify', async () => {
    const signer = await kmsSigner('key-1', connection());
    const lines = await linesOf(await logOf({ alpha: [2, 3] }, signer));
    expect((await verifyBytes(bytesOf(lines), { publicKey: signer.publicKey })).verdict).toBe('intact');
  });
  it('is refused when it is of another spec', async () => {
    spec = 'RSA_2048';
    await expect(kmsSigner('key-1', connection())).rejects.toThrow('of spec RSA_2048; needed: ECC_NIST_P256');
  });
});

describe('the signer of a process', () => {
  it('is the local key when there is one', async () => {
    process.env[env.localCheckpointKey] = newPrivateKey();
    expect((await environmentSigner()).publicKey).toContain('BEGIN PUBLIC KEY');
  });
  it('names the variable that is missing', async () => {
    await expect(environmentSigner()).rejects.toThrow(`the environment variable ${env.checkpointKeyId} is not set`);
  });
});
