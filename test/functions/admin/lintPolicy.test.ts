import { beforeEach, describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { type Api, apiOnMemory } from '../../support/api.ts';
import { type Asking, asking } from '../../support/asking.ts';

let api: Api;
let ask: Asking;

const lint = (policy: unknown) => ask('POST', '/policy/lint', { body: { policy } });

beforeEach(async () => {
  api = apiOnMemory();
  ask = asking(api, await api.newKey(['read']));
});

describe('POST /policy/lint', () => {
  it('finds nothing wrong with a good policy, and changes nothing', async () => {
    const before = api.items();
    expect(await lint(defaultPolicy)).toEqual({ status: 200, body: { ok: true, faults: [] } });
    expect(api.items()).toEqual(before);
  });

  it('names every fault by its place in the policy, that of a rule by line and column too', async () => {
    const rules = [...defaultPolicy.rules, { id: 'r', when: 'txn.late &&\n  txn.nope == 1', points: 5, text: 'x' }];
    const { status, body } = await lint({ ...defaultPolicy, rules, failTo: 'MAYBE', more: 1 });
    expect([status, body.ok]).toEqual([200, false]);
    expect(body.faults).toEqual([
      { pointer: '/failTo', detail: expect.any(String) },
      { pointer: '/more', detail: 'unknown field' },
      {
        pointer: `/rules/${defaultPolicy.rules.length}/when`,
        detail: expect.stringContaining('unknown field'),
        line: 2,
        column: 7,
      },
    ]);
  });

  it('finds what PUT /policy refuses, and nothing else', async () => {
    const admin = asking(api, await api.newKey(['admin']));
    for (const policy of [defaultPolicy, { ...defaultPolicy, cutoffs: { review: 90, block: 70 } }, {}, [], null, 'x']) {
      const { body } = await lint(policy);
      const published = await admin('PUT', '/policy', { body: { policy, status: 'draft' } });
      expect(body.ok).toBe(published.status === 201);
      if (body.ok) continue;
      const pointers = body.faults.map(({ pointer }: { pointer: string }) => `/policy${pointer}`);
      expect(pointers).toEqual(published.body.errors.map(({ pointer }: { pointer: string }) => pointer));
    }
  });

  it('lists at most 500 faults and says that there are more', async () => {
    const { body } = await lint({ ...defaultPolicy, ...Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`x${i}`, 1])) });
    expect(body.faults).toHaveLength(500);
    expect(body.faults.at(-1)).toEqual({ pointer: '', detail: 'and more: at most 500 faults are listed' });
  });

  it.each([
    ['no policy', {}, '/policy'],
    ['an unknown field', { policy: {}, status: 'draft' }, '/status'],
    ['a card number', { policy: { ...defaultPolicy, note: '4111111111111111' } }, '/policy/note'],
  ])('refuses a body with %s', async (_, body, pointer) => {
    const answer = await ask('POST', '/policy/lint', { body });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
  });
});
