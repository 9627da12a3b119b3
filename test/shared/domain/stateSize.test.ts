import { describe, expect, test } from 'vitest';
import { itemSizeBytes } from '../../../shared/adapters/memory/itemSize.ts';
import { stateItem } from '../../../shared/ledger/state.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { seeded } from '../../support/windowRun.ts';
import { DrivenAccount, t0 } from './driven.ts';

/** The largest STATE item over the last of three days of evenly spread payments, every part of the state in use. */
function largestItemBytes(perDay: number, deviceCount: number, idLength: number): number {
  const random = seeded(5);
  const account = new DrivenAccount(defaultPolicy);
  const accountId = 'a'.repeat(idLength);
  const userId = 'u'.repeat(idLength);
  let largest = 0;
  for (let i = 0; i < 3 * perDay; i++) {
    account.pay({
      accountId,
      userId,
      occurredAtMs: t0 + Math.round((i * 86_400_000) / perDay),
      amountMinor: 100 + Math.floor(random() * 20_000),
      deviceId: `d${Math.floor(random() * deviceCount)}`,
      merchantId: `m${Math.floor(random() * 40)}`,
      merchantCategory: String(5000 + Math.floor(random() * 20)),
      location: { latitude: 12.97 + Math.round(random() * 1e4) / 1e6, longitude: 77.59 + Math.round(random() * 1e4) / 1e6 },
    });
    if (i >= 2 * perDay) largest = Math.max(largest, itemSizeBytes(stateItem('dev', accountId, userId, account.state)));
  }
  return largest;
}

describe('the stored item with everything in it', () => {
  test.each([
    ['500 a day, 3 devices', 500, 3, 8, 1024],
    ['500 a day, 3 devices, ids of 64 characters', 500, 3, 64, 1024],
    ['500 a day, 32 devices', 500, 32, 8, 1024],
    ['3,000 a day, 3 devices', 3000, 3, 8, 2048],
    ['3,000 a day, 32 devices, ids of 64 characters', 3000, 32, 64, 2048],
  ])('%s', (_, perDay, deviceCount, idLength, bytesMax) => {
    expect(largestItemBytes(perDay, deviceCount, idLength)).toBeLessThanOrEqual(bytesMax);
  });
});
