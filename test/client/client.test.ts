import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { aegisClient } from '../../client/client.ts';
import { generatedFile, generatedText } from '../../client/generate.ts';
import { exampleTransaction } from '../../functions/read/openapi.ts';
import { apiOnMemory } from '../support/api.ts';
import { fetchFrom } from '../support/apiFetch.ts';

describe('the generated types', () => {
  it('are those of the OpenAPI document; if not: npm run client:generate', async () => {
    expect(readFileSync(generatedFile, 'utf8')).toBe(await generatedText());
  });
});

describe('the client', () => {
  it('decides, reads and reviews, and answers problems as errors', async () => {
    const api = apiOnMemory();
    const key = await api.newKey(['decide', 'read', 'review']);
    const client = aegisClient({ url: 'http://aegis.test/v1/', key, fetch: fetchFrom(api, '/v1') });
    const decided = await client.POST('/decisions', { body: exampleTransaction });
    expect(decided.data).toMatchObject({ transactionId: 'txn_8Zk1', duplicate: false });
    const path = { transactionId: 'txn_8Zk1' };
    expect((await client.GET('/decisions/{transactionId}', { params: { path } })).data?.outcome).toBe(decided.data?.outcome);
    const reviewed = await client.POST('/decisions/{transactionId}/review', {
      params: { path },
      body: { disposition: 'LEGITIMATE' },
    });
    expect(reviewed.data).toMatchObject({ transactionId: 'txn_8Zk1', disposition: 'LEGITIMATE', review: null });
    const refused = await client.POST('/decisions', { body: { ...exampleTransaction, amountMinor: 1 } });
    expect(refused.data).toBeUndefined();
    expect(refused.response.status).toBe(409);
    expect(refused.error?.errors?.map(({ pointer }) => pointer)).toEqual(['/amountMinor']);
  });

  it('repeats what may be repeated, as often as it was told, and nothing else', async () => {
    const statuses = [503, 429, 200];
    let calls = 0;
    const answering = (given: readonly number[]) => async (request: Request) => {
      expect(await request.json()).toMatchObject({ transactionId: 'txn_8Zk1' });
      return new Response('{}', {
        status: given[calls++]!,
        headers: { 'content-type': 'application/json', 'retry-after': '0' },
      });
    };
    const ask = (given: readonly number[], attemptsMax: number) => {
      calls = 0;
      const client = aegisClient({ url: 'http://aegis.test', key: 'k', attemptsMax, fetch: answering(given) });
      return client.POST('/decisions', { body: exampleTransaction });
    };
    expect([(await ask(statuses, 6)).response.status, calls]).toEqual([200, 3]);
    expect([(await ask(statuses, 2)).response.status, calls]).toEqual([429, 2]);
    expect([(await ask([400, 200], 6)).response.status, calls]).toEqual([400, 1]);
  });
});
