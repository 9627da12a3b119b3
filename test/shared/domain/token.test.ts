import { expect, test } from 'vitest';
import { tokenOf } from '../../../shared/domain/token.ts';

const salt = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

test('is 32 bits, the same for the same text and account', () => {
  for (const text of ['', 'd1', 'a'.repeat(64), 'd_9:x-1.2']) {
    const token = tokenOf(text, salt);
    expect(Number.isInteger(token) && token >= 0 && token < 2 ** 32).toBe(true);
    expect(tokenOf(text, Uint8Array.from(salt))).toBe(token);
  }
});

/** The four bytes that begin a hash at `seed`. */
const saltFor = (seed: number): Uint8Array => Uint8Array.from([0, 8, 16, 24], (shift) => ((seed ^ 0x811c9dc5) >>> shift) & 255);

test.each([
  [0, 0],
  [1, 0x514e28b7],
  [0xffffffff, 0x81f16f39],
])('of nothing, begun at %i, it is what MurmurHash3 of nothing is: %i', (seed, published) => {
  expect(tokenOf('', saltFor(seed))).toBe(published);
});

test.each([
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('of %s it is the mixed FNV-1a of its authors', (text, fnv1a) => {
  expect(tokenOf(text, new Uint8Array(4))).toBe(tokenOf('', saltFor(fnv1a)));
});

test('a salt of fewer bytes ends in zeros', () => {
  for (let length = 0; length < 4; length++)
    expect(tokenOf('d1', salt.subarray(0, length))).toBe(tokenOf('d1', salt.slice(0, 4).fill(0, length)));
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
