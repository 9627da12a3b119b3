import { beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Asking, asking, everyItem } from '../../support/asking.ts';

const at = new Date(startMs).toISOString();
const expiresAt = '2026-12-01T00:00:00.000Z';

let api: Api;
let ask: Asking;

const put = (entry: string, body: object = {}) => ask('PUT', `/lists/blockedDevices/${entry}`, { body });

beforeEach(async () => {
  api = apiOnMemory();
  ask = asking(api, await api.newKey(['read', 'admin']));
});

describe('GET /lists', () => {
  it('gives the lists of the policy in force, with how many entries each holds', async () => {
    await put('d_1');
    await put('d_2');
    await put('d_2', { note: 'again' });
    const { status, body } = await ask('GET', '/lists');
    expect(status).toBe(200);
    expect(body.items.map(({ list }: { list: string }) => list)).toEqual(Object.keys(defaultPolicy.lists));
    expect(body.items[1]).toEqual({
      list: 'blockedDevices',
      kind: 'block',
      field: 'deviceId',
      entries: 2,
      outcome: 'BLOCK',
      text: 'The device is on the block list',
    });
    expect(body.items[0]).toMatchObject({ list: 'blockedAccounts', entries: 0 });
  });

  it('is empty for a policy without lists', async () => {
    await ask('PUT', '/policy', { body: { policy: { ...defaultPolicy, lists: {} }, status: 'active' } });
    expect((await ask('GET', '/lists')).body).toEqual({ items: [] });
  });
});

describe('GET /lists/{list}', () => {
  it('gives each entry with its expiry, its note, who put it there and when', async () => {
    await put('d_9', { expiresAt, note: 'reported by the bank' });
    await put('d_1');
    const { items } = await everyItem(ask, '/lists/blockedDevices');
    const by = expect.stringMatching(/^key_/);
    expect(items).toEqual([
      { entry: 'd_1', by, at },
      { entry: 'd_9', expiresAt, note: 'reported by the bank', by, at },
    ]);
  });

  it('gives every entry once, by entry, in pages of any size', async () => {
    const entries = Array.from({ length: 23 }, (_, i) => `d_${String(i).padStart(2, '0')}`);
    for (const entry of entries.toReversed()) await put(entry);
    for (const [limit, pages] of [
      ['1', 23],
      ['7', 4],
      ['23', 1],
    ] as const) {
      const walked = await everyItem(ask, '/lists/blockedDevices', { limit });
      expect([walked.items.map(({ entry }) => entry), walked.pages]).toEqual([entries, pages]);
    }
  });

  it('is 404 for a list that the policy in force does not have, and 400 for a cursor of another list', async () => {
    await put('d_1');
    await put('d_2');
    expect((await ask('GET', '/lists/nowhere')).status).toBe(404);
    expect((await ask('GET', '/lists/constructor')).status).toBe(404);
    const { cursor } = (await ask('GET', '/lists/blockedDevices', { query: { limit: '1' } })).body;
    expect((await ask('GET', '/lists/blockedMerchants', { query: { cursor } })).status).toBe(400);
  });

  it('shows a tenant nothing of another', async () => {
    await put('d_1');
    const other = asking(api, await api.newKey(['read'], 'other'));
    expect((await other('GET', '/lists/blockedDevices')).body).toEqual({ items: [] });
    expect((await other('GET', '/lists')).body.items[1].entries).toBe(0);
  });

  it('needs the scope read alone', async () => {
    const read = asking(api, await api.newKey(['read']));
    expect((await read('GET', '/lists/blockedDevices')).status).toBe(200);
    const decide = asking(api, await api.newKey(['decide']));
    expect((await decide('GET', '/lists/blockedDevices')).status).toBe(403);
  });
});

describe('PUT /lists/{list}/{entry} with a note', () => {
  it('keeps it until the entry is put without one, and beside the audit entry, erasable', async () => {
    expect((await put('d_9', { note: 'seen' })).body).toEqual({
      list: 'blockedDevices',
      entry: 'd_9',
      expiresAt: null,
      note: 'seen',
    });
    const { items } = (await ask('GET', '/audit/system')).body;
    expect(items[0].inputs).toMatchObject({ entry: 'd_9', note: 'seen' });
    expect(JSON.stringify(items[0].body)).not.toContain('seen');
    await put('d_9');
    expect((await everyItem(ask, '/lists/blockedDevices')).items[0]).not.toHaveProperty('note');
  });

  it.each([
    ['of 201 characters', 'x'.repeat(201)],
    ['that is no text', 7],
    ['with a card number', 'paid with 4111 1111 1111 1111'],
  ])('refuses one %s', async (_, note) => {
    const { status, body } = await put('d_9', { note });
    expect([status, body.errors[0].pointer]).toEqual([400, '/note']);
  });

  it('takes 200 characters, however many bytes each has', async () => {
    expect((await put('d_9', { note: '\u{1F600}'.repeat(200) })).status).toBe(200);
  });
});
