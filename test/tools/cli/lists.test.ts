import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aegisClient } from '../../../client/client.ts';
import type { Scope } from '../../../shared/contract/routes.ts';
import { entriesOf, importEntries } from '../../../tools/cli/lists.ts';
import { apiOnMemory } from '../../support/api.ts';
import { fetchFrom } from '../../support/apiFetch.ts';

const expiresAt = '2026-12-01T00:00:00.000Z';
const none = { expiresAt: null, note: null };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aegis-lists-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const file = (text: string): string => {
  const path = join(folder, 'entries.csv');
  writeFileSync(path, text);
  return path;
};

async function given(scopes: readonly Scope[] = ['read', 'admin']) {
  const api = apiOnMemory();
  const client = aegisClient({ url: 'http://aegis.test', key: await api.newKey(scopes), fetch: fetchFrom(api) });
  return { api, client };
}

describe('aegis lists import', () => {
  it('puts every row on its list, names the line of each that fails, and goes on', async () => {
    const { client } = await given();
    const path = file(
      'list,entry,expiresAt,note\r\n' +
        `blockedDevices,d_1,${expiresAt},"stolen, says the bank"\r\n` +
        ',d_2,,\r\n' +
        'nowhere,d_3,,\r\n' +
        ',d 4,,\r\n' +
        ',d_5,soon,\r\n' +
        ',,,\r\n' +
        ',4111111111111111,,\r\n',
    );
    const result = await importEntries(client, path, { list: 'blockedDevices', expiresAt: null, note: 'spring' });
    expect(result).toMatchObject({ put: 2, unchanged: 0 });
    expect(result.errors.map(({ line }) => line)).toEqual([4, 5, 6, 7, 8]);
    expect(result.errors.map(({ detail }) => detail).join()).not.toContain('4111111111111111');
    expect(await entriesOf(client, 'blockedDevices')).toMatchObject([
      { entry: 'd_1', expiresAt, note: 'stolen, says the bank' },
      { entry: 'd_2', note: 'spring' },
    ]);
  });

  it('changes nothing that stands as the file says, so that it may be imported again', async () => {
    const { api, client } = await given();
    const path = file(`entry,expiresAt\nd_1,${expiresAt}\nd_2,2026-12-01T05:30:00+05:30\nd_3,\n`);
    const options = { list: 'blockedDevices', ...none };
    expect(await importEntries(client, path, options)).toMatchObject({ put: 3, unchanged: 0 });
    const before = api.sinks.writes.length;
    expect(await importEntries(client, path, options)).toMatchObject({ put: 0, unchanged: 3 });
    expect(api.sinks.writes).toHaveLength(before);
    expect(await importEntries(client, path, { ...options, note: 'new' })).toMatchObject({ put: 3, unchanged: 0 });
  });

  it('refuses a file without a column of entries', async () => {
    const { client } = await given();
    await expect(importEntries(client, file('device\nd_1\n'), none)).rejects.toThrow('no column entry');
  });

  it('stops with exit code 2 when the key may not', async () => {
    const { client } = await given(['read']);
    const options = { list: 'blockedDevices', ...none };
    await expect(importEntries(client, file('entry\nd_1\n'), options)).rejects.toMatchObject({ exitCode: 2 });
  });
});

describe('aegis lists show', () => {
  it('reads a list of more than one page', async () => {
    const { client } = await given();
    const entries = Array.from({ length: 205 }, (_, i) => `d_${String(i).padStart(3, '0')}`);
    await importEntries(client, file(['entry', ...entries].join('\n')), { list: 'blockedDevices', ...none });
    expect((await entriesOf(client, 'blockedDevices')).map(({ entry }) => entry)).toEqual(entries);
  });

  it('says when there is no such list', async () => {
    const { client } = await given();
    await expect(entriesOf(client, 'nowhere')).rejects.toMatchObject({ exitCode: 1, message: expect.stringContaining('404') });
  });
});
