import { describe, expect, it } from 'vitest';
import { readSample } from '../../../tools/local/sample.ts';

describe('the sample', () => {
  const sample = readSample();

  it('holds every payment of the file, in order of time, each with an id of its own', () => {
    expect(sample).toHaveLength(9_928);
    expect(new Set(sample.map(({ transactionId }) => transactionId)).size).toBe(9_928);
    const times = sample.map(({ occurredAt }) => Date.parse(occurredAt));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect(new Set(sample.map(({ accountId }) => accountId)).size).toBe(131);
    expect(new Set(sample.map(({ userId }) => userId)).size).toBe(65);
  });

  it('turns the first row into a transaction, without the truth', () => {
    expect(sample[0]).toEqual({
      transactionId: 'pay_00001',
      userId: 'user_411',
      accountId: 'account_641',
      occurredAt: '2025-10-02T00:02:13.000Z',
      amountMinor: 471,
      currency: 'EUR',
      channel: 'online',
      deviceId: 'ip_49.51.165',
      merchantId: 'merchant_264',
      merchantCategory: 'entertainment',
    });
  });

  it('gives a place only where the card was present, and ids of the contract’s alphabet', () => {
    for (const { channel, location, merchantCategory, deviceId } of sample) {
      expect(location !== undefined).toBe(channel === 'card');
      for (const id of [merchantCategory, deviceId]) expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$/);
    }
  });
});
