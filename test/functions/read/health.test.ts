import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { publishPolicy } from '../../../shared/policy/store.ts';
import { Unavailable } from '../../../shared/ports/ports.ts';
import { startMs, world } from './world.ts';

const minuteMs = 60_000;
/** The default policy has no rate for it. */
const unrated = 'NOK';

const failing = async (): Promise<never> => {
  throw new Unavailable('secret detail');
};

/** Counts every read of a world's table. */
const counted = (here: ReturnType<typeof world>) => {
  const reads = { count: 0 };
  const { get, query } = here.table;
  here.table.get = (...given) => {
    reads.count += 1;
    return get(...given);
  };
  here.table.query = (...given) => {
    reads.count += 1;
    return query(...given);
  };
  return reads;
};

describe('GET /health with a key that may read', () => {
  it('names its dependencies', async () => {
    const here = world();
    here.queueAnswers(async () => 3);
    expect(await here.get('/health')).toEqual({
      status: 200,
      body: {
        status: 'ok',
        version: '1.2.3',
        dependencies: {
          table: { status: 'ok' },
          queue: { status: 'ok', waitingMessages: 3 },
          decisions: { status: 'ok' },
        },
      },
    });
  });

  it('is degraded without the queue', async () => {
    const here = world();
    here.queueAnswers(failing);
    const { status, body } = await here.get('/health');
    expect([status, body.status, body.dependencies.queue]).toEqual([200, 'degraded', { status: 'down', cause: 'Unavailable' }]);
  });

  it('is down with 503 without the table', async () => {
    const here = world();
    here.table.query = failing;
    const { status, body } = await here.get('/health');
    expect([status, body.status, body.dependencies.table]).toEqual([503, 'down', { status: 'down', cause: 'Unavailable' }]);
  });

  it('is degraded and names the cause for 5 minutes after a decision without a part that calls failTo', async () => {
    const here = world();
    await here.pay({ transactionId: 't1', currency: unrated });
    await here.pay({ transactionId: 't2', currency: unrated });
    for (const minutes of [0, 4]) {
      here.advance(minutes * minuteMs);
      const { status, body } = await here.get('/health');
      expect([status, body.status, body.dependencies.decisions]).toEqual([
        200,
        'degraded',
        { status: 'degraded', causes: { NO_RATE: 2 } },
      ]);
    }
    here.advance(2 * minuteMs);
    expect((await here.get('/health')).body.status).toBe('ok');
  });

  it.each([
    [
      'a late payment',
      async (here: ReturnType<typeof world>) => {
        await here.pay({ transactionId: 'newest' });
        await here.pay({ transactionId: 'late', occurredAtMs: startMs - 72 * 60 * minuteMs });
      },
    ],
    [
      'rules alone before the first model',
      async (here: ReturnType<typeof world>) => {
        await here.pay();
      },
    ],
    [
      'a cause that the policy does not list',
      async (here: ReturnType<typeof world>) => {
        const policy = { ...defaultPolicy, failOn: ['STORE_UNAVAILABLE'] };
        await publishPolicy(here.table, 'acme', { policy, status: 'active', by: 'k', atMs: startMs });
        await here.pay({ currency: unrated });
      },
    ],
  ])('stays ok after %s', async (_, pays) => {
    const here = world();
    await pays(here);
    expect((await here.get('/health')).body).toMatchObject({ status: 'ok', dependencies: { decisions: { status: 'ok' } } });
    expect((await here.get('/health', {}, null)).body).toEqual({ status: 'ok' });
  });

  it('says nothing of the decisions of other tenants', async () => {
    const here = world();
    await here.pay({ currency: unrated }, { tenant: 'other' });
    expect((await here.get('/health')).body.status).toBe('ok');
  });
});

describe('GET /health without such a key', () => {
  it.each([
    ['no key', null],
    ['a key without the scope read', 'acme ingest'],
  ])('answers %s with the status alone', async (_, tenant) => {
    expect(await world().get('/health', {}, tenant)).toEqual({ status: 200, body: { status: 'ok' } });
  });

  it('is degraded while decisions of any tenant are', async () => {
    const here = world();
    await here.pay({ currency: unrated }, { tenant: 'other' });
    expect((await here.get('/health', {}, null)).body).toEqual({ status: 'degraded' });
    here.advance(6 * minuteMs);
    expect((await here.get('/health', {}, null)).body).toEqual({ status: 'ok' });
  });

  it('is degraded without the queue, and down with 503 without the table', async () => {
    const here = world();
    here.queueAnswers(failing);
    expect(await here.get('/health', {}, null)).toEqual({ status: 200, body: { status: 'degraded' } });
    here.advance(10_000);
    here.table.query = failing;
    expect(await here.get('/health', {}, null)).toEqual({ status: 503, body: { status: 'down' } });
  });

  it('reads the table once in 10 s, however often it is asked', async () => {
    const here = world();
    const reads = counted(here);
    // The clock moves by 5 ms a call.
    for (let i = 0; i < 1_000; i += 1) await here.get('/health', {}, null);
    expect(reads.count).toBe(1);
    here.advance(10_000);
    await here.get('/health', {}, null);
    expect(reads.count).toBe(2);
  });
});
