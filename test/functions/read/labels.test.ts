import { beforeEach, describe, expect, it } from 'vitest';
import { counterKey, counterRetentionDays } from '../../../shared/projection/counters.ts';
import { labelKey, stateKey } from '../../../shared/store/names.ts';
import { type Api, apiOnMemory, startMs } from '../../support/api.ts';
import { type Asking, asking } from '../../support/asking.ts';

const dayMs = 86_400_000;
const at = new Date(startMs).toISOString();
/** By the default policy: allowed, REVIEWed for spend alone, BLOCKed for an amount far beyond the population as well. */
const amounts = { ALLOW: 10_000, REVIEW: 30_000_000, BLOCK: 3_000_000_000 } as const;

let api: Api;
let ask: Asking;
let count = 0;

const pay = async (outcome: keyof typeof amounts, more: object = {}): Promise<string> => {
  count += 1;
  const transactionId = `t${count}`;
  const { status, body } = await ask('POST', '/decisions', {
    body: {
      transactionId,
      userId: 'u_42',
      accountId: `a_${count}`,
      occurredAt: at,
      amountMinor: amounts[outcome],
      currency: 'INR',
      ...more,
    },
  });
  expect([status, body.outcome]).toEqual([200, outcome]);
  return transactionId;
};

const dispose = (transactionId: string, disposition: string, more: object = {}) =>
  ask('POST', `/decisions/${transactionId}/review`, { body: { disposition, ...more } });

const labelOf = async (transactionId: string) => (await ask('GET', `/decisions/${transactionId}`)).body.label;

const overview = async () => (await ask('GET', '/metrics/overview')).body;

beforeEach(async () => {
  api = apiOnMemory();
  ask = asking(api, await api.newKey(['decide', 'read', 'review', 'admin']));
});

describe('the label of GET /decisions/{transactionId}', () => {
  it('is null until the payment is labelled, and after UNSURE', async () => {
    const id = await pay('BLOCK');
    expect(await labelOf(id)).toBeNull();
    await dispose(id, 'UNSURE', { note: 'asked the customer' });
    expect(await labelOf(id)).toBeNull();
  });

  it('says what, who, when, from where and why', async () => {
    const id = await pay('BLOCK');
    await dispose(id, 'CONFIRMED_FRAUD', { note: 'the customer called' });
    const by = expect.stringMatching(/^key_/);
    expect(await labelOf(id)).toEqual({
      disposition: 'CONFIRMED_FRAUD',
      by,
      knownAt: at,
      source: 'ANALYST',
      note: 'the customer called',
    });
    await dispose(id, 'LEGITIMATE', { source: 'IMPORT' });
    expect(await labelOf(id)).toEqual({ disposition: 'LEGITIMATE', by, knownAt: at, source: 'IMPORT' });
  });

  it('of a version that did not store who said it is read from the chain', async () => {
    const id = await pay('BLOCK');
    await dispose(id, 'LEGITIMATE', { note: 'fine' });
    const { said, ...old } = (await api.table.get(labelKey('acme', id)))!;
    await api.table.put(old as typeof old & { pk: string; sk: string });
    expect(said).toEqual({ by: expect.stringMatching(/^key_/), source: 'ANALYST' });
    expect(await labelOf(id)).toMatchObject({ ...(said as object), note: 'fine' });
  });

  it('stays without its note once the account is erased', async () => {
    const id = await pay('BLOCK');
    await dispose(id, 'CONFIRMED_FRAUD', { note: 'the customer called' });
    await api.table.delete(stateKey('acme', `a_${count}`, 'u_42'));
    expect(await labelOf(id)).toEqual({
      disposition: 'CONFIRMED_FRAUD',
      by: expect.stringMatching(/^key_/),
      knownAt: at,
      source: 'ANALYST',
    });
  });

  it('refuses a source that is none', async () => {
    const { status, body } = await dispose(await pay('BLOCK'), 'LEGITIMATE', { source: 'RUMOUR' });
    expect([status, body.errors[0].pointer]).toEqual([400, '/source']);
  });
});

describe('GET /metrics/overview', () => {
  it('counts labels in the range of their decisions: frauds, and payments held up that were none', async () => {
    const [allowed, missed, reviewed, blocked, fraud] = [
      await pay('ALLOW'),
      await pay('ALLOW'),
      await pay('REVIEW'),
      await pay('BLOCK'),
      await pay('BLOCK'),
    ];
    await api.project();
    await dispose(allowed!, 'LEGITIMATE');
    await dispose(missed!, 'CONFIRMED_FRAUD');
    await dispose(reviewed!, 'LEGITIMATE');
    await dispose(blocked!, 'LEGITIMATE');
    await dispose(fraud!, 'CONFIRMED_FRAUD');
    await dispose(await pay('BLOCK'), 'UNSURE');
    expect(await overview()).toMatchObject({ confirmedFraud: 2, falsePositives: 2, blockRate: 0.4, fraudRate: 0.4 });
  });

  it('counts a label once that is repeated, and moves one that is replaced', async () => {
    const id = await pay('BLOCK');
    await api.project();
    for (const disposition of ['LEGITIMATE', 'LEGITIMATE']) await dispose(id, disposition);
    expect(await overview()).toMatchObject({ confirmedFraud: 0, falsePositives: 1 });
    await dispose(id, 'CONFIRMED_FRAUD');
    expect(await overview()).toMatchObject({ confirmedFraud: 1, falsePositives: 0 });
    await dispose(id, 'CONFIRMED_FRAUD', { note: 'sure' });
    expect(await overview()).toMatchObject({ confirmedFraud: 1, falsePositives: 0 });
  });

  it('counts the decision of a label that came before its projection, once', async () => {
    const id = await pay('BLOCK');
    await dispose(id, 'CONFIRMED_FRAUD');
    await api.project();
    await api.project();
    expect(await overview()).toMatchObject({ confirmedFraud: 1, totals: { ALLOW: 0, REVIEW: 0, BLOCK: 1 } });
  });

  it('takes nothing back for a label of 0.1, which was never counted', async () => {
    const id = await pay('BLOCK');
    await dispose(id, 'LEGITIMATE');
    const { said: _, ...old } = (await api.table.get(labelKey('acme', id)))!;
    await api.table.put(old as typeof old & { pk: string; sk: string });
    await api.table.delete(counterKey('acme', startMs));
    await dispose(id, 'CONFIRMED_FRAUD');
    expect(await overview()).toMatchObject({ confirmedFraud: 1, falsePositives: 0 });
  });

  it('writes no counter that has expired', async () => {
    const id = await pay('BLOCK');
    api.clock.advance((counterRetentionDays + 1) * dayMs);
    expect((await dispose(id, 'CONFIRMED_FRAUD')).status).toBe(200);
    expect(await api.table.get(counterKey('acme', startMs))).toBeNull();
  });

  it('adds up what was BLOCKed, in the base currency, and names the causes of degraded decisions', async () => {
    await pay('BLOCK');
    // 90.7 rupees for a euro, both of a hundred parts.
    await pay('BLOCK', { currency: 'EUR' });
    await pay('REVIEW');
    await pay('REVIEW', { currency: 'NOK', amountMinor: 5 });
    await pay('REVIEW', { currency: 'NOK', amountMinor: 5 });
    await api.project();
    expect(await overview()).toMatchObject({
      blockedAmountMinor: amounts.BLOCK + 90.7 * amounts.BLOCK,
      // There is no model here.
      degradedBy: { NO_MODEL: 5, NO_RATE: 2 },
    });
  });

  it('is zero without a decision', async () => {
    expect(await overview()).toMatchObject({
      blockRate: 0,
      confirmedFraud: 0,
      falsePositives: 0,
      blockedAmountMinor: 0,
      degradedBy: {},
    });
  });
});
