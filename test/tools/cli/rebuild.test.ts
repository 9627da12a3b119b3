import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { describe as described, progressLine, sinksOf, timeOf } from '../../../tools/cli/rebuild.ts';

const program = join(fileURLToPath(new URL('../../..', import.meta.url)), 'tools/cli/aegis.ts');
const aegis = async (...words: readonly string[]) => {
  const run = promisify(execFile);
  return run(process.execPath, [program, 'rebuild', ...words]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { readonly code: number; readonly stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
};

describe('the options of aegis rebuild', () => {
  it.each([
    ['2026-11-20T13:45:00Z', Date.UTC(2026, 10, 20, 13, 45)],
    ['2026-11-20T13:45:00.5+05:30', Date.UTC(2026, 10, 20, 8, 15, 0, 500)],
  ])('takes the time %s', (text, ms) => {
    expect(timeOf(text)).toBe(ms);
  });

  it.each(['yesterday', '2026-11-20', '1763646300000', ''])('refuses the time "%s" and says what is allowed', (text) => {
    expect(() => timeOf(text)).toThrow(/allowed: RFC 3339/);
  });

  it('takes some sinks by name and refuses others', () => {
    expect([...sinksOf('feed, heads')]).toEqual(['feed', 'heads']);
    expect(() => sinksOf('feed,webhooks')).toThrow(/unknown: webhooks; allowed: feed, reviews, archive, features, heads/);
  });

  it.each([
    [[], 2, /--from <time>' not specified/],
    [['--from', 'yesterday'], 2, /allowed: RFC 3339/],
    [['--from', '2026-11-20T00:00:00Z', '--to', '2026-11-19T00:00:00Z'], 2, /--to must be after --from/],
    [['--from', '2026-11-20T00:00:00Z', '--sinks', 'counters'], 2, /unknown: counters/],
    [['--help'], 0, /Exit code 0: restored; 1: stopped, call it again; 2: wrong options;\s+3: restored, but/],
  ])('ends %j with exit code %i', async (words, code, text) => {
    const ended = await aegis(...words);
    expect(ended.code).toBe(code);
    expect(ended.text).toMatch(text);
  });
});

describe('what aegis rebuild prints', () => {
  const report = {
    itemsRead: 2_000,
    itemsInPeriod: 30,
    handed: { feed: 10, heads: 20 },
    unreadable: ['D#dev#x / D: odd'],
    lost: ['entry 3 of chain c: gone'],
  };

  it('is how far it is', () => {
    expect(progressLine({ report, segmentsDone: 3, segments: 8 })).toBe(
      '2000 items read, 30 of the period, 3 of 8 segments done',
    );
  });

  it('is what each sink was handed, and what cannot be read or restored', () => {
    expect(described(report)).toBe(
      'read 2000 items, 30 of the period\nfeed: 10 items handed over\nheads: 20 items handed over\nnot readable: D#dev#x / D: odd\nnot restored: entry 3 of chain c: gone',
    );
  });
});
