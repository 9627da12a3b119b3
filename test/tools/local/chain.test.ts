import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type ChainEntry, canonicalJson, chainFault } from '../../../tools/local/chain.ts';

const hashOf = (body: ChainEntry['body']) => createHash('sha256').update(canonicalize(body)!).digest('hex');

const chainOf = (length: number, chain = 'c1'): ChainEntry[] => {
  const entries: ChainEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence++) {
    const body = { chain, sequence, previousHash: entries.at(-1)?.hash ?? '0'.repeat(64), amountMinor: sequence * 100 };
    entries.push({ body, hash: hashOf(body) });
  }
  return entries;
};

const edited = (entry: ChainEntry): ChainEntry['body'] => ({ ...entry.body, amountMinor: 1 });

describe('the demonstration’s check of a chain', () => {
  it('passes an intact chain, and one without entries', () => {
    expect(chainFault(chainOf(5))).toBeNull();
    expect(chainFault([])).toBeNull();
  });

  it.each<[string, (entries: ChainEntry[]) => ChainEntry[], string]>([
    [
      'an edit',
      (entries) => entries.with(2, { ...entries[2]!, body: edited(entries[2]!) }),
      'entry 3 of chain c1 does not have its hash',
    ],
    [
      'an edit with its hash made anew',
      (entries) => entries.with(2, { body: edited(entries[2]!), hash: hashOf(edited(entries[2]!)) }),
      'entry 4 of chain c1 does not follow the entry before it',
    ],
    ['a deletion', (entries) => entries.toSpliced(1, 1), 'entry 2 of chain c1 has sequence 3'],
    ['a missing head', (entries) => entries.slice(1), 'entry 1 of chain c1 has sequence 2'],
    ['an insertion', (entries) => entries.toSpliced(1, 0, entries[1]!), 'entry 3 of chain c1 has sequence 2'],
    ['a swap', (entries) => [entries[1]!, entries[0]!, ...entries.slice(2)], 'entry 1 of chain c1 has sequence 2'],
    ['an entry of another chain', (entries) => entries.with(3, chainOf(4, 'c2')[3]!), 'entry 4 of chain c1 belongs to chain c2'],
  ])('names %s', (_, tamper, fault) => {
    expect(chainFault(tamper(chainOf(5)))).toBe(fault);
  });

  it('writes JSON as a kept RFC 8785 library does', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        expect(canonicalJson(parsed)).toBe(canonicalize(parsed));
      }),
    );
  });
});
