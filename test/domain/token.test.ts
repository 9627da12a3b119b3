import { expect, test } from 'vitest';
import { tokenOf } from '../../shared/domain/token.ts';

const salt = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

test('is 32 bits, the same for the same text and account', () => {
  for (const text of ['', 'd1', 'a'.repeat(64), 'd_9:x-1.2']) {
    const token = tokenOf(text, salt);
    expect(Number.isInteger(token) && token >= 0 && token < 2 ** 32).toBe(true);
    expect(tokenOf(text, Uint8Array.from(salt))).toBe(token);
  }
});

test('any of the first four bytes of the salt changes it', () => {
  for (let i = 0; i < 4; i++) expect(tokenOf('d1', salt.with(i, 200))).not.toBe(tokenOf('d1', salt));
});

test('20,000 similar names meet no more often than chance would have it', () => {
  const tokens = new Set(Array.from({ length: 20_000 }, (_, i) => tokenOf(`device-${i}`, salt)));
  // Chance: 20,000^2 / 2^33 = 0.05 meetings.
  expect(tokens.size).toBeGreaterThanOrEqual(19_998);
});

test('every bit is set for about half of the names', () => {
  const counts = new Array<number>(32).fill(0);
  for (let i = 0; i < 4_000; i++) {
    const token = tokenOf(`d${i}`, salt);
    for (let bit = 0; bit < 32; bit++) counts[bit]! += (token >>> bit) & 1;
  }
  for (const count of counts) expect(Math.abs(count - 2_000)).toBeLessThan(200);
});
