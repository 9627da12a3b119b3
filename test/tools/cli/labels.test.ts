import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aegisClient } from '../../../client/client.ts';
import { exampleTransaction } from '../../../functions/read/openapi.ts';
import { merchantKey, prefixes } from '../../../shared/store/names.ts';
import { importLabels } from '../../../tools/cli/labels.ts';
import { apiOnMemory } from '../../support/api.ts';
import { fetchFrom } from '../../support/apiFetch.ts';

let folder: string;
let waker: NodeJS.Timeout | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-labels-'));
});
afterEach(() => {
  clearInterval(waker);
  rmSync(folder, { recursive: true });
});

const options = { disposition: 'CONFIRMED_FRAUD', atOnce: 4 } as const;

async function given(count: number) {
  const api = apiOnMemory();
  // Rows of one merchant get in each other's way: who waits must wake.
  waker = setInterval(() => api.clock.wakeNext(), 1);
  const client = aegisClient({
    url: 'http://aegis.test',
    key: await api.newKey(['decide', 'review']),
    fetch: fetchFrom(api),
  });
  for (let i = 0; i < count; i++) {
    const body = { ...exampleTransaction, transactionId: `t${i}`, accountId: `a_${i}`, merchantId: 'm_1' };
    expect((await client.POST('/decisions', { body })).response.status).toBe(200);
  }
  const file = (text: string): string => {
    const path = join(folder, 'chargebacks.csv');
    writeFileSync(path, text);
    return path;
  };
  return { api, client, file };
}

describe('aegis labels import', () => {
  it('labels every row, names the line of each that fails, and goes on', async () => {
    const { api, client, file } = await given(3);
    const path = file(
      'amount,transaction_id,disposition,note\r\n' +
        '1,t0,,"chargeback, code 10.4"\r\n' +
        '1,t9,,\r\n' +
        '\r\n' +
        '1,t1,LEGITIMATE,\r\n' +
        '1,t2,FRAUD,\r\n' +
        '1,,,\r\n',
    );
    const { labelled, errors } = await importLabels(client, path, options);
    expect(labelled).toBe(2);
    expect(errors.map(({ line, transactionId }) => [line, transactionId])).toEqual([
      [3, 't9'],
      [6, 't2'],
      [7, ''],
    ]);
    expect(errors[0]?.detail).toContain('404');
    expect(errors[1]?.detail).toContain('CONFIRMED_FRAUD');
    expect(await api.table.get(merchantKey('acme', 'm_1'))).toMatchObject({ labelled: 2, frauds: 1 });
  });

  it('reads a quoted line break, and names the line on which a row begins', async () => {
    const { client, file } = await given(2);
    const bodies: unknown[] = [];
    const post = (path: '/decisions/{transactionId}/review', init: { readonly body: unknown }) => {
      bodies.push(init.body);
      return client.POST(path, init as never);
    };
    const watched = { ...client, POST: post as unknown as typeof client.POST };
    const text = 'id,note,disposition\nt0,"first\nsecond",\nt9,,\nt1,"say ""so""\r\nagain",FRAUD\n';
    const { labelled, errors } = await importLabels(watched, file(text), options);
    expect(labelled).toBe(1);
    expect(errors.map(({ line, transactionId }) => [line, transactionId])).toEqual([
      [4, 't9'],
      [5, 't1'],
    ]);
    expect(bodies).toContainEqual({ disposition: 'CONFIRMED_FRAUD', source: 'IMPORT', note: 'first\nsecond' });
  });

  it('labels by a column fraud where there is no disposition, as simulate writes it', async () => {
    const { api, client, file } = await given(3);
    const path = file('transactionId,fraud\nt0,1\nt1,0\nt2,perhaps\n');
    const { labelled, errors } = await importLabels(client, path, options);
    expect(labelled).toBe(2);
    expect(errors.map(({ line }) => line)).toEqual([4]);
    expect(await api.table.get(merchantKey('acme', 'm_1'))).toMatchObject({ labelled: 2, frauds: 1 });
  });

  it('refuses a quote that is never closed, by its line, after the rows before it', async () => {
    const { api, client, file } = await given(2);
    await expect(importLabels(client, file('id,note\nt0,\nt1,"open\nend\n'), options)).rejects.toThrow(
      /chargebacks\.csv: Quote Not Closed.*line/,
    );
    expect(api.items().filter(({ pk }) => pk.startsWith(prefixes.label))).toHaveLength(1);
  });

  it('stops at the first row when the key is refused', async () => {
    const { api, file } = await given(3);
    const client = aegisClient({ url: 'http://aegis.test', key: 'aegis_dev_wrong', fetch: fetchFrom(api) });
    const failed = importLabels(client, file('id\nt0\nt1\nt2\n'), { ...options, atOnce: 1 });
    await expect(failed).rejects.toMatchObject({ name: 'CommandFailure', exitCode: 2 });
    await expect(failed).rejects.toThrow('does not accept the key (401');
  });

  it('stops at the first row when no answer comes', async () => {
    const { file } = await given(0);
    let requests = 0;
    const fetch = () => {
      requests += 1;
      return Promise.reject(new TypeError('fetch failed'));
    };
    const client = aegisClient({ url: 'http://aegis.test', key: 'aegis_dev_key', attemptsMax: 1, fetch });
    const failed = importLabels(client, file('id\nt0\nt1\nt2\n'), { ...options, atOnce: 1 });
    await expect(failed).rejects.toMatchObject({ exitCode: 2, message: 'the API does not answer: fetch failed' });
    expect(requests).toBe(1);
  });

  it('sends no card number in a path and shows none', async () => {
    const { client, file } = await given(1);
    const visa = '4111111111111111';
    const requests: string[] = [];
    const post = (path: '/decisions/{transactionId}/review', init: never) => {
      requests.push(JSON.stringify(init));
      return client.POST(path, init);
    };
    const watched = { ...client, POST: post as unknown as typeof client.POST };
    const { errors } = await importLabels(watched, file(`id,disposition\n${visa},\nt0,${visa}\n`), options);
    expect(errors.map(({ line }) => line)).toEqual([2, 3]);
    expect(JSON.stringify([errors, requests])).not.toContain('1111');
  });

  it('changes nothing when the same file comes again', async () => {
    const { api, client, file } = await given(6);
    const path = file(`transactionId\n${[0, 1, 2, 3, 4, 5, 3].map((i) => `t${i}`).join('\n')}\n`);
    expect(await importLabels(client, path, options)).toEqual({ labelled: 7, errors: [] });
    const before = api.items();
    expect(await importLabels(client, path, options)).toEqual({ labelled: 7, errors: [] });
    expect(api.items()).toEqual(before);
    expect(before.filter(({ pk }) => pk.startsWith(prefixes.label))).toHaveLength(6);
    expect(await api.table.get(merchantKey('acme', 'm_1'))).toMatchObject({ labelled: 6, frauds: 6 });
  });

  it.each([
    ['without a column for the transaction', 'id_of_payment\nt0\n', 'there is no column transactionId'],
    ['without a line', '', 'is empty'],
  ])('refuses a file %s', async (_, text, message) => {
    const { client, file } = await given(0);
    await expect(importLabels(client, file(text), options)).rejects.toThrow(message);
  });
});
