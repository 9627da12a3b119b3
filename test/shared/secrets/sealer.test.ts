import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashOf, SecretSealer } from '../../../shared/secrets/sealer.ts';

const secret = Uint8Array.from({ length: 32 }, (_, i) => i);
const salt = Uint8Array.from({ length: 16 }, (_, i) => 100 + i);
const sealer = new SecretSealer(secret, 3);
const text = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.string({ maxLength: 300 }));
const someSalt = fc.uint8Array({ minLength: 16, maxLength: 16 });

test('what was sealed opens, whatever the text and the salt', () => {
  fc.assert(
    fc.property(text, someSalt, (plain, ofAccount) => {
      const { sealed, fingerprint } = sealer.seal(ofAccount, plain);
      expect(new SecretSealer(secret, 3).open(ofAccount, sealed, fingerprint)).toBe(plain);
    }),
  );
});

test('the same input is sealed to the same bytes by every process', () => {
  expect(new SecretSealer(secret, 3).seal(salt, 'd_9')).toEqual(sealer.seal(salt, 'd_9'));
});

test('another text, salt or secret is sealed to other bytes under another fingerprint', () => {
  const { sealed, fingerprint } = sealer.seal(salt, 'd_9');
  for (const other of [
    sealer.seal(salt, 'd_8'),
    sealer.seal(salt.with(15, 0), 'd_9'),
    new SecretSealer(secret.with(0, 9), 3).seal(salt, 'd_9'),
  ]) {
    expect(other.sealed).not.toBe(sealed);
    expect(other.fingerprint).not.toBe(fingerprint);
  }
});

test.each([
  ['another salt', (s: string, f: string) => sealer.open(salt.with(0, 1), s, f)],
  ['another secret', (s: string, f: string) => new SecretSealer(secret.with(31, 0), 3).open(salt, s, f)],
  ['another fingerprint', (s: string, f: string) => sealer.open(salt, s, `00${f.slice(2)}`)],
  ['a changed byte', (s: string, f: string) => sealer.open(salt, `${s[0] === 'A' ? 'B' : 'A'}${s.slice(1)}`, f)],
  ['a byte cut off', (s: string, f: string) => sealer.open(salt, Buffer.from(s, 'base64').subarray(1).toString('base64'), f)],
  ['nothing', (_: string, f: string) => sealer.open(salt, '', f)],
])('%s does not open it', (_, open) => {
  const { sealed, fingerprint } = sealer.seal(salt, 'u_42 a_7 d_9');
  expect(() => open(sealed, fingerprint)).toThrow();
});

test('nothing of the text stands in what is sealed, and 16 bytes more than it', () => {
  const plain = 'device-77 merchant-12 4111';
  const { sealed, fingerprint } = sealer.seal(salt, plain);
  const bytes = Buffer.from(sealed, 'base64');
  expect(bytes.length).toBe(plain.length + 16);
  for (let at = 0; at + 4 <= plain.length; at++) {
    expect(bytes.includes(plain.slice(at, at + 4))).toBe(false);
  }
  expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
  expect(fingerprint).not.toBe(createHash('sha256').update(plain).digest('hex'));
});

test('keys of many accounts are kept at hand, those dropped are derived again', () => {
  const before = sealer.seal(salt, 'x');
  for (let i = 0; i < 10_050; i++)
    sealer.seal(
      Uint8Array.from({ length: 16 }, (_, j) => (j < 2 ? (i >> (8 * j)) & 255 : 0)),
      'x',
    );
  expect(sealer.seal(salt, 'x')).toEqual(before);
});

test('a body is hashed in its canonical form: key order and escapes do not matter', () => {
  const expected = createHash('sha256').update('{"a":[1,null,"é"],"b":true}').digest('hex');
  expect(hashOf({ b: true, a: [1, null, '\u00e9'] })).toBe(expected);
  expect(sealer.hash('{"a":[1,null,"é"],"b":true}')).toBe(expected);
});
