import { describe, expect, it } from 'vitest';
import { checkChain, hashOf } from '../../console/src/verify.ts';
import type { AuditItem } from '../../console/src/wire.ts';
import { canonicalText, sha256Hex } from '../../shared/proof/canonical.ts';

type ChainEntry = Pick<AuditItem, 'body' | 'hash'>;

/** A chain made with Node's own SHA-256, checked with the browser's. */
const chainOf = (length: number): ChainEntry[] => {
  const entries: ChainEntry[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const previousHash = entries.at(-1)?.hash ?? '0'.repeat(64);
    const body = {
      chain: 'c1',
      sequence,
      previousHash,
      event: 'DECISION_MADE',
      at: '2026-11-20T13:45:00.000Z',
      note: `é${sequence}`,
    };
    entries.push({ body, hash: sha256Hex(canonicalText(body)) });
  }
  return entries;
};

const rehashed = (entry: ChainEntry, change: Record<string, unknown>): ChainEntry => {
  const body = { ...entry.body, ...change };
  return { ...entry, body, hash: sha256Hex(canonicalText(body)) };
};

describe('the chain check of the browser', () => {
  it('hashes the canonical form, whatever the order of the keys', async () => {
    expect(await hashOf({ b: 1, a: 'x' })).toBe(sha256Hex('{"a":"x","b":1}'));
  });

  it('accepts an unchanged chain, and an empty one', async () => {
    expect(await checkChain(chainOf(5))).toEqual({ verified: 5, fault: null });
    expect(await checkChain([])).toEqual({ verified: 0, fault: null });
  });

  it('starts after the archived entries, and nowhere else', async () => {
    expect(await checkChain(chainOf(5).slice(2), 2)).toEqual({ verified: 3, fault: null });
    expect(await checkChain(chainOf(5).slice(3), 2)).toEqual({
      verified: 0,
      fault: { sequence: 3, text: 'is numbered 4' },
    });
  });

  const five = chainOf(5);
  it.each<[string, ChainEntry[], number, string]>([
    [
      'an edit',
      five.with(2, { ...five[2]!, body: { ...five[2]!.body, note: 'other' } }),
      3,
      'was changed: its hash does not match its content',
    ],
    [
      'an edit with a new hash, at the entry after it',
      five.with(2, rehashed(five[2]!, { note: 'other' })),
      4,
      'does not continue the previous entry',
    ],
    ['a deletion', five.toSpliced(2, 1), 3, 'is numbered 4'],
    ['a lost beginning', five.slice(1), 1, 'is numbered 2'],
    ['an entry of another chain', five.with(1, rehashed(five[1]!, { chain: 'c2' })), 2, 'belongs to another chain'],
    ['two that changed places', [five[0]!, five[2]!, five[1]!], 2, 'is numbered 3'],
  ])('names %s', async (_, entries, sequence, text) => {
    expect(await checkChain(entries)).toEqual({ verified: sequence - 1, fault: { sequence, text } });
  });
});
