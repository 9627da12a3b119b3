import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { kmsMasterSecret } from '../../../shared/adapters/aws/kmsMasterSecret.ts';
import { systemClock } from '../../../shared/adapters/aws/system.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { type Clock, Unavailable } from '../../../shared/ports/ports.ts';
import { localMasterSecret, refreshMs } from '../../../shared/secrets/masterSecret.ts';
import { masterSecretKey } from '../../../shared/store/names.ts';

/** A KMS that "encrypts" a key by flipping its bits, bound to its context; keys count up from 1. */
describe('the master secret under KMS', () => {
  let server: Server;
  let calls: string[];
  let failing: boolean;

  beforeEach(async () => {
    calls = [];
    failing = false;
    let keys = 0;
    server = createServer((request, response) => {
      let text = '';
      request.on('data', (chunk: Buffer) => {
        text += chunk;
      });
      request.on('end', () => {
        const action = String(request.headers['x-amz-target']).split('.')[1] ?? '';
        const { KeyId, CiphertextBlob, EncryptionContext } = JSON.parse(text);
        calls.push(`${action} ${KeyId} ${EncryptionContext.purpose} ${EncryptionContext.version}`);
        const flipped = (bytes: Uint8Array) => Buffer.from(bytes.map((byte) => byte ^ 0xff)).toString('base64');
        if (failing) {
          response.writeHead(400).end(JSON.stringify({ __type: 'AccessDeniedException' }));
        } else if (action === 'GenerateDataKey') {
          keys += 1;
          const key = Buffer.alloc(32, keys);
          response.end(JSON.stringify({ KeyId, Plaintext: key.toString('base64'), CiphertextBlob: flipped(key) }));
        } else {
          response.end(JSON.stringify({ KeyId, Plaintext: flipped(Buffer.from(CiphertextBlob, 'base64')) }));
        }
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const started = (table: ReturnType<typeof memoryTable>, clock: Clock = systemClock) =>
    kmsMasterSecret({
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'x', secretAccessKey: 'x' },
      keyId: 'key-1',
      table,
      clock,
    });

  it('is made once ever and decrypted once per process; only its encrypted form is stored', async () => {
    const table = memoryTable();
    const first = started(table);
    const made = await first.current();
    expect(made).toEqual({ version: 1, secret: new Uint8Array(32).fill(1) });
    await Promise.all([first.current(), first.version(1)]);
    expect(calls).toEqual(['GenerateDataKey key-1 aegis-master-secret 1', 'Decrypt key-1 aegis-master-secret 1']);
    expect(await started(table).current()).toEqual(made);
    expect(calls).toHaveLength(3);
    expect(table.all()).toEqual([{ ...masterSecretKey(1), blob: new Uint8Array(32).fill(0xfe) }]);
  });

  it('is the same for processes that make it at the same time', async () => {
    const table = memoryTable();
    const found = await Promise.all([started(table), started(table), started(table)].map((one) => one.current()));
    expect(new Set(found.map(({ secret }) => Buffer.from(secret).toString('hex'))).size).toBe(1);
  });

  it('is the newest version there is, and older ones still open', async () => {
    const table = memoryTable();
    await table.put({ ...masterSecretKey(1), blob: new Uint8Array(32).fill(0xf0) });
    await table.put({ ...masterSecretKey(12), blob: new Uint8Array(32).fill(0xf1) });
    const secret = started(table);
    expect(await secret.current()).toEqual({ version: 12, secret: new Uint8Array(32).fill(0x0e) });
    expect(await secret.version(1)).toEqual(new Uint8Array(32).fill(0x0f));
    await expect(secret.version(2)).rejects.toThrow('does not exist');
  });

  it('is another for a running process once its version is old enough to be asked for again, and not before', async () => {
    const table = memoryTable();
    const clock = virtualClock(0);
    const secret = started(table, clock);
    expect((await secret.current()).version).toBe(1);
    const { version, item } = await started(table).draft();
    await table.put(item, { kind: 'absent' });
    expect(version).toBe(2);
    clock.advance(refreshMs - 1);
    expect((await secret.current()).version).toBe(1);
    clock.advance(1);
    expect(await secret.current()).toEqual({ version: 2, secret: new Uint8Array(32).fill(2) });
    expect(await secret.version(1)).toEqual(new Uint8Array(32).fill(1));
    expect(table.all().map(({ blob }) => blob)).toEqual([new Uint8Array(32).fill(0xfe), new Uint8Array(32).fill(0xfd)]);
  });

  it('is unavailable while KMS refuses, and found as soon as it does not', async () => {
    const secret = started(memoryTable());
    failing = true;
    await expect(secret.current()).rejects.toBeInstanceOf(Unavailable);
    failing = false;
    expect((await secret.current()).version).toBe(1);
  });
});

describe('a local master secret', () => {
  const base64 = Buffer.alloc(32, 7).toString('base64');

  it('without a table is version 1 alone', async () => {
    const secret = localMasterSecret(base64);
    expect(await secret.current()).toEqual({ version: 1, secret: new Uint8Array(32).fill(7) });
    await expect(secret.version(2)).rejects.toThrow('does not exist');
  });

  it('lies in the table only encrypted, bound to its version, and opens under no other', async () => {
    const table = memoryTable();
    const stored = { table, clock: systemClock };
    const { item } = await localMasterSecret(base64, stored).draft();
    await table.put(item);
    const second = await localMasterSecret(base64, stored).version(2);
    expect(Buffer.from(item.blob as Uint8Array).includes(Buffer.from(second))).toBe(false);
    await table.put({ ...masterSecretKey(3), blob: item.blob! });
    await expect(localMasterSecret(base64, stored).version(3)).rejects.toThrow();
    await expect(localMasterSecret(Buffer.alloc(32, 8).toString('base64'), stored).version(2)).rejects.toThrow();
  });
});
