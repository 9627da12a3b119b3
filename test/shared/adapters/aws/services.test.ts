import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { closeServices, configureServices, services } from '../../../../shared/adapters/aws/services.ts';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';

describe('services', () => {
  beforeEach(() => {
    for (const name of ['AEGIS_TABLE', 'AEGIS_QUEUE_URL', 'AEGIS_MODEL_BUCKET', 'AEGIS_LOCAL_SECRET', 'AEGIS_KMS_KEY_ID']) {
      vi.stubEnv(name, '');
    }
    vi.stubEnv('AWS_REGION', 'us-east-1');
  });
  afterEach(() => {
    closeServices();
    vi.unstubAllEnvs();
  });

  it.each([
    ['table', 'AEGIS_TABLE'],
    ['queue', 'AEGIS_QUEUE_URL'],
    ['models', 'AEGIS_MODEL_BUCKET'],
    ['masterSecret', 'AEGIS_KMS_KEY_ID'],
  ] as const)('name the variable that %s misses, when it is read and not before', (property, variable) => {
    const made = services();
    expect(() => made[property]).toThrow(`the environment variable ${variable} is not set`);
  });

  it('are made once per process, each property too', () => {
    vi.stubEnv('AEGIS_TABLE', 'aegis');
    expect(services()).toBe(services());
    expect(services().table).toBe(services().table);
  });

  it('take the clock that is configured, even after they were made', () => {
    const { clock } = services();
    configureServices({ clock: virtualClock(42) });
    expect(clock.nowMs()).toBe(42);
  });

  it('take a local master secret of 32 bytes as version 1', async () => {
    vi.stubEnv('AEGIS_TABLE', 'aegis');
    vi.stubEnv('AEGIS_LOCAL_SECRET', Buffer.alloc(32, 7).toString('base64'));
    expect(await services().masterSecret.version(1)).toEqual(new Uint8Array(32).fill(7));
  });

  it('refuse a local master secret of another length', () => {
    vi.stubEnv('AEGIS_TABLE', 'aegis');
    vi.stubEnv('AEGIS_LOCAL_SECRET', Buffer.alloc(31).toString('base64'));
    expect(() => services().masterSecret).toThrow('has 31 bytes');
  });
});
