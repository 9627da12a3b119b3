import { beforeEach, describe, expect, test } from 'vitest';
import type { WireDecision } from '../../shared/contract/render.ts';
import { scopes } from '../../shared/contract/routes.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { type Api, apiOnMemory } from '../support/api.ts';
import { undocumented } from '../support/documented.ts';

/** Counting across accounts as a caller of the API meets it. */
let api: Api;
let key: string;

const policy = {
  ...defaultPolicy,
  signals: {
    ...defaultPolicy.signals,
    BENEFICIARY_PAYERS_24H: { threshold: 6, points: 100 },
    LINKED_FRAUD: { threshold: 1, points: 45 },
  },
  entities: ['device', 'ip', 'beneficiary', { kind: 'email', metadata: 'emailHash' }],
  rules: [
    {
      id: 'shared-email',
      when: 'has(entity.email.accounts24h) && entity.email.accounts24h >= 3',
      points: 40,
      text: 'An email of many',
    },
  ],
};

const call = (method: string, path: string, body?: unknown) =>
  api.call({ method, path, key, ...(body !== undefined && { body: JSON.stringify(body) }) });

let sent = 0;
const pay = async (given: Readonly<Record<string, unknown>>): Promise<WireDecision> => {
  sent++;
  const body = {
    transactionId: `t${sent}`,
    userId: `u${sent}`,
    accountId: `a${sent}`,
    occurredAt: new Date(api.clock.nowMs()).toISOString(),
    amountMinor: 10_000,
    currency: 'INR',
    ...given,
  };
  const { status, body: answer, result } = await call('POST', '/decisions', body);
  expect(status).toBe(200);
  expect(undocumented('POST', '/decisions', result)).toBeNull();
  return answer as WireDecision;
};

beforeEach(async () => {
  sent = 0;
  api = apiOnMemory();
  key = await api.newKey(scopes);
  expect((await call('PUT', '/policy', { policy, status: 'active' })).status).toBe(201);
  api.clock.advance(10_000);
});

describe('a payment that names what accounts have in common', () => {
  test('is answered with the figures of each, and reads the same a moment later and as a repeat', async () => {
    const named = {
      deviceId: 'd_9',
      ipAddress: '2001:DB8::1',
      beneficiaryId: 'asha+rent@upi',
      instrumentId: 'card_77',
      metadata: { emailHash: 'e1' },
    };
    const decision = await pay(named);
    const one = {
      accounts1h: 1,
      accounts24h: 1,
      payments1h: 1,
      payments24h: 1,
      amount24hMinor: 10_000,
      amountPartial: false,
      frauds: 0,
      late: false,
      saturated: false,
    };
    expect(decision.entities).toEqual({ device: one, ip: one, beneficiary: one, instrument: null, email: one });
    expect(decision.degraded).toContainEqual({ part: 'ENTITY:instrument', cause: 'NOT_TRACKED' });
    expect(decision.signals.INSTRUMENT_ACCOUNTS_24H).toEqual({ value: null, triggered: false });
    expect(decision.outcome).toBe('ALLOW');
    expect((await call('GET', '/decisions/t1')).body).toEqual({ ...decision, label: null });
    const repeat = {
      ...named,
      transactionId: 't1',
      userId: 'u1',
      accountId: 'a1',
      occurredAt: decision.occurredAt,
      ipAddress: '2001:db8:0::1',
    };
    expect(await pay(repeat)).toEqual({ ...decision, duplicate: true });
    expect((await pay({ beneficiaryId: 'asha+rent@upi' })).entities!.beneficiary!.payments24h).toBe(2);
  });

  test('has no entities in its answer when it names none', async () => {
    expect(await pay({})).not.toHaveProperty('entities');
  });

  test('passes a limit of five payers five times, and says why not the sixth', async () => {
    const outcomes: string[] = [];
    for (let i = 0; i < 7; i++) outcomes.push((await pay({ beneficiaryId: 'mule' })).outcome);
    expect(outcomes).toEqual(['ALLOW', 'ALLOW', 'ALLOW', 'ALLOW', 'ALLOW', 'BLOCK', 'BLOCK']);
    const { reasons, explanation } = await pay({ beneficiaryId: 'mule' });
    expect(reasons).toMatchObject([
      {
        signal: 'BENEFICIARY_PAYERS_24H',
        value: 8,
        threshold: 6,
        points: 100,
        text: '8 accounts paid this payee in the last 24 hours',
      },
    ]);
    expect(explanation).toBe('BENEFICIARY_PAYERS_24H: 1 trigger');
  });

  test('is judged by a rule on a kind of the policy’s own', async () => {
    const metadata = { emailHash: 'shared' };
    expect((await pay({ metadata })).outcome).toBe('ALLOW');
    expect((await pay({ metadata })).outcome).toBe('ALLOW');
    expect(await pay({ metadata })).toMatchObject({ outcome: 'REVIEW', reasons: [{ signal: 'RULE:shared-email' }] });
  });

  test('is reviewed for a fraud that was labelled a moment before, and no more once the label is withdrawn', async () => {
    await pay({ deviceId: 'd_1', metadata: { emailHash: 'e' } });
    await call('POST', '/decisions/t1/review', { disposition: 'CONFIRMED_FRAUD' });
    expect(await pay({ deviceId: 'd_1' })).toMatchObject({ outcome: 'REVIEW', reasons: [{ signal: 'LINKED_FRAUD', value: 1 }] });
    expect((await pay({ metadata: { emailHash: 'e' } })).entities!.email!.frauds).toBe(1);
    await call('POST', '/decisions/t1/review', { disposition: 'LEGITIMATE' });
    expect((await pay({ deviceId: 'd_1' })).outcome).toBe('ALLOW');
  });

  test('is refused by the pointer of each field that is wrong', async () => {
    const { status, body } = await call('POST', '/decisions', {
      transactionId: 't',
      userId: 'u',
      accountId: 'a',
      occurredAt: new Date(api.clock.nowMs()).toISOString(),
      amountMinor: 1,
      currency: 'INR',
      ipAddress: 'fe80::1%eth0',
      beneficiaryId: 'a b',
      instrumentId: '4111111111111111',
    });
    expect(status).toBe(400);
    const { errors } = body as { errors: { pointer: string }[] };
    expect(errors.map(({ pointer }) => pointer)).toEqual(['/ipAddress', '/beneficiaryId', '/instrumentId']);
  });

  test('whose repeat has another payee is counted for the first alone', async () => {
    const first = {
      transactionId: 'x',
      userId: 'u',
      accountId: 'a',
      occurredAt: new Date(api.clock.nowMs()).toISOString(),
      amountMinor: 5,
      currency: 'INR',
    };
    expect((await call('POST', '/decisions', { ...first, beneficiaryId: 'b1' })).status).toBe(200);
    const refused = await call('POST', '/decisions', { ...first, beneficiaryId: 'b2' });
    expect(refused.status).toBe(409);
    expect((refused.body as { errors: unknown[] }).errors).toMatchObject([{ pointer: '/beneficiaryId' }]);
    expect((await pay({ beneficiaryId: 'b2' })).entities!.beneficiary!.payments24h).toBe(1);
    expect((await pay({ beneficiaryId: 'b1' })).entities!.beneficiary!.payments24h).toBe(2);
  });
});
