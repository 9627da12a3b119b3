import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { dynoxideBinary, EmulatorError, startDynoxide, startSqsAndS3 } from '../../local/emulators.ts';

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

  it('keeps its queues in the data folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'aegis-emulators-'));
    try {
      const first = await startSqsAndS3({ dataDir });
      first.server.createQueue('kept');
      first.server.sendMessage('kept', 'hello');
      await first.stop();
      const second = await startSqsAndS3({ dataDir });
      expect(second.server.inspectQueue('kept')?.messages.ready.map(({ body }) => body)).toEqual(['hello']);
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
