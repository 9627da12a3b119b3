import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorLifetimeMs, decodeCursor, encodeCursor } from '../../../functions/read/cursor.ts';

const nowMs = Date.UTC(2026, 10, 20);
const page = ['acme', 'getLatestDecisions', 'BLOCK'];
const dayMs = 24 * 3_600_000;

describe('a cursor', () => {
  it('gives back where to go on', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (after) => {
        expect(decodeCursor(page, encodeCursor(page, after.toWellFormed(), nowMs), nowMs)).toBe(after.toWellFormed());
      }),
    );
  });

  it('is good for a day and more', () => {
    expect(decodeCursor(page, encodeCursor(page, 'x', nowMs), nowMs + dayMs)).toBe('x');
    expect(decodeCursor(page, encodeCursor(page, 'x', nowMs), nowMs + cursorLifetimeMs)).toBe('x');
  });

  it('holds nothing that needs escapes in a query', () => {
    expect(encodeCursor(page, '?&=/ \u{1f600}', nowMs)).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it.each([
    ['of another tenant', ['other', 'getLatestDecisions', 'BLOCK']],
    ['of another route', ['acme', 'getRecentSignals', 'BLOCK']],
    ['of another filter', ['acme', 'getLatestDecisions', 'ALLOW']],
    ['whose parts are cut elsewhere', ['acmegetLatestDecisions', '', 'BLOCK']],
  ])('is refused when it is one %s', (_, other) => {
    expect(decodeCursor(other, encodeCursor(page, 'x', nowMs), nowMs)).toBeNull();
  });

  it('is refused once old', () => {
    expect(decodeCursor(page, encodeCursor(page, 'x', nowMs), nowMs + cursorLifetimeMs + 1)).toBeNull();
  });

  it('is refused when any character of it changes', () => {
    const cursor = encodeCursor(page, 'sort-key', nowMs);
    for (let i = 0; i < cursor.length; i++) {
      const changed = cursor.slice(0, i) + (cursor[i] === 'A' ? 'B' : 'A') + cursor.slice(i + 1);
      expect(decodeCursor(page, changed, nowMs)).toBeNull();
    }
  });

  it.each([
    ['no JSON', '{'],
    ['null', 'null'],
    ['an object', '{}'],
    ['a place that is a number', `[${nowMs},5]`],
    ['an empty place', `[${nowMs},""]`],
    ['a lone surrogate', `[${nowMs},"\\ud800"]`],
    ['no time', '["x","x"]'],
    ['more than two parts', `[${nowMs},"x","x"]`],
  ])('is refused when someone who knows the code put %s into it', (_, payload) => {
    const checksum = createHash('sha256')
      .update(JSON.stringify([...page, payload]))
      .digest()
      .subarray(0, 12);
    expect(decodeCursor(page, Buffer.concat([checksum, Buffer.from(payload)]).toString('base64url'), nowMs)).toBeNull();
  });

  it.each(['', 'x', '====', '%00', 'null', 'A'.repeat(2000), '\u{1f600}'])('is not %j', (text) => {
    expect(decodeCursor(page, text, nowMs)).toBeNull();
  });
});
