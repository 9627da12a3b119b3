import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CreateQueueCommand,
  GetQueueUrlCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { emulatorCredentials, emulatorRegion } from '../../../tools/local/emulatorConnection.ts';
import { dynoxideBinary, EmulatorError, startDynoxide, startSqsAndS3 } from '../../../tools/local/emulators.ts';

describe('the emulators', () => {
  afterEach(() => vi.unstubAllEnvs());

  const answers = (endpoint: string): Promise<boolean> =>
    fetch(endpoint).then(
      () => true,
      () => false,
    );

  it.each([
    ['DynamoDB', startDynoxide],
    ['SQS and S3', startSqsAndS3],
  ])('for %s listens while started and not once stopped', async (_, start) => {
    const emulator = await start();
    expect(await answers(emulator.endpoint)).toBe(true);
    await emulator.stop();
    expect(await answers(emulator.endpoint)).toBe(false);
  });

  it.each([
    ['DynamoDB', startDynoxide],
    ['SQS and S3', startSqsAndS3],
  ])('for %s says in one line that its port is taken', async (_, start) => {
    const first = await start();
    try {
      const error = await start({ port: first.port }).then(
        () => null,
        (failure: Error) => failure,
      );
      expect(error).toBeInstanceOf(EmulatorError);
      expect(error?.message).toBe(`port ${first.port} is already in use: stop what listens there, or choose another`);
    } finally {
      await first.stop();
    }
  });

  it.each([
    ['DynamoDB', startDynoxide],
    ['SQS and S3', startSqsAndS3],
  ])('for %s is for this machine alone', async (_, start) => {
    const emulator = await start();
    try {
      const outside = Object.values(networkInterfaces()).flatMap((all) => all ?? []);
      for (const { address, family } of outside.filter(({ internal }) => !internal)) {
        const host = family === 'IPv6' ? `[${address}]` : address;
        expect(await answers(`http://${host}:${emulator.port}`)).toBe(false);
      }
      expect(await answers(`http://127.0.0.2:${emulator.port}`)).toBe(false);
    } finally {
      await emulator.stop();
    }
  });

  const sqsOf = (endpoint: string): SQSClient =>
    new SQSClient({ endpoint, region: emulatorRegion, credentials: emulatorCredentials });

  it('keeps its queues in the data folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'aegis-emulators-'));
    try {
      const first = await startSqsAndS3({ dataDir });
      const before = sqsOf(first.endpoint);
      const { QueueUrl } = await before.send(new CreateQueueCommand({ QueueName: 'kept' }));
      await before.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hello' }));
      before.destroy();
      await first.stop();
      const second = await startSqsAndS3({ dataDir });
      const after = sqsOf(second.endpoint);
      const { QueueUrl: again } = await after.send(new GetQueueUrlCommand({ QueueName: 'kept' }));
      const { Messages = [] } = await after.send(new ReceiveMessageCommand({ QueueUrl: again }));
      expect(Messages.map(({ Body }) => Body)).toEqual(['hello']);
      after.destroy();
      await second.stop();
    } finally {
      await rm(dataDir, { recursive: true });
    }
  });

  it('names a binary that DYNOXIDE_BIN promises and does not hold', async () => {
    await expect(dynoxideBinary({ DYNOXIDE_BIN: '/does/not/exist' })).rejects.toThrow(
      'DYNOXIDE_BIN names /does/not/exist, which is not an executable file',
    );
  });

  it('says why an emulator did not start', async () => {
    vi.stubEnv('DYNOXIDE_BIN', '/bin/false');
    await expect(startDynoxide()).rejects.toThrow('the DynamoDB emulator did not start: exit code 1');
  });
});
