import { describe, expect, it } from 'vitest';
import { getModel, getModelVersions } from '../../../functions/read/models.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { featureNames } from '../../../shared/domain/features.ts';
import type { ApiRequest } from '../../../shared/edge/request.ts';
import { schemaHash } from '../../../shared/model/features.ts';
import { storeModel } from '../../../shared/model/store.ts';
import { undocumented } from '../../support/documented.ts';

const atMs = Date.parse('2026-11-20T10:00:00.000Z');

const request = (operationId: 'getModel' | 'getModelVersions', query: Record<string, string> = {}): ApiRequest => ({
  operationId,
  tenant: 'dev',
  keyId: 'k',
  identity: 'k',
  scopes: ['read'],
  correlationId: 'c',
  parameters: {},
  query,
  json: undefined,
  receivedAtMs: atMs,
});

const stored = async (statuses: readonly ('published' | 'candidate')[]) => {
  const table = memoryTable();
  const models = memoryObjects();
  for (const [i, status] of statuses.entries()) {
    const details = {
      kind: 'isolation-forest' as const,
      features: featureNames,
      schemaHash,
      seed: i,
      trainedAtMs: atMs,
      trainingWindow: { fromMs: atMs - 1000, toMs: atMs },
      rows: 300,
      digest: '',
      reference: '',
      learned: null,
      metrics: { comparison: { stability: 0.01 } },
      codeVersion: 'test',
      status,
      reason: status === 'published' ? null : 'worse',
    };
    await storeModel({ table, models }, Uint8Array.of(i), details, { by: 'test', atMs });
  }
  return table;
};

describe('GET /model', () => {
  it('answers 404 before the first', async () => {
    await expect(getModel(memoryTable())(request('getModel'))).rejects.toMatchObject({ status: 404 });
  });

  it('shows the card of the one in force, not of a newer candidate', async () => {
    const { status, body } = await getModel(await stored(['published', 'candidate']))(request('getModel'));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      version: 1,
      kind: 'isolation-forest',
      status: 'active',
      trainedAt: '2026-11-20T10:00:00.000Z',
      trainingWindow: { from: '2026-11-20T09:59:59.000Z', to: '2026-11-20T10:00:00.000Z' },
      rows: 300,
      features: [...featureNames],
      drift: 0.01,
    });
  });
});

it('answers both routes as the OpenAPI document says', async () => {
  const table = await stored(['published', 'candidate']);
  for (const [path, { body }] of [
    ['/model', await getModel(table)(request('getModel'))],
    ['/model/versions', await getModelVersions(table)(request('getModelVersions', { limit: '50' }))],
  ] as const) {
    const headers = { 'content-type': 'application/json' };
    expect(undocumented('GET', path, { statusCode: 200, headers, body: JSON.stringify(body) })).toBeNull();
  }
});

describe('GET /model/versions', () => {
  it('pages through all, newest first, with what became of each', async () => {
    const table = await stored(['published', 'candidate', 'published']);
    const first = await getModelVersions(table)(request('getModelVersions', { limit: '2' }));
    const page = first.body as { items: { version: number; status: string; reason: string | null }[]; cursor: string };
    expect(page.items.map(({ version, status, reason }) => [version, status, reason])).toEqual([
      [3, 'active', null],
      [2, 'candidate', 'worse'],
    ]);
    const second = await getModelVersions(table)(request('getModelVersions', { limit: '2', cursor: page.cursor }));
    expect(second.body).toMatchObject({ items: [{ version: 1, status: 'published' }] });
    expect(second.body).not.toHaveProperty('cursor');
  });

  it('is empty before the first', async () => {
    expect((await getModelVersions(memoryTable())(request('getModelVersions', { limit: '50' }))).body).toEqual({ items: [] });
  });
});
