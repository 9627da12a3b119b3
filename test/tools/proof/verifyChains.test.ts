import { describe, expect, it } from 'vitest';
import type { FindingKind } from '../../../functions/read/evidence/finding.ts';
import { chainOf, entryLine, sealEntry } from './builders.ts';
import { exampleBundle, verifyLines } from './exampleBundle.ts';

const { log, lines, entry, place, replaced } = await exampleBundle();

describe('a hostile change of a chain', () => {
  const edit = (chain: string, sequence: number, change: object) => sealEntry({ ...entry(chain, sequence).body, ...change });
  const rewritten = (chain: string, from: number) => {
    const entries = chainOf(chain, log.chains.get(chain)!.length, log.chains.get(chain)!.slice(0, from - 1), 9);
    return lines.toSpliced(place(chain, 1), entries.length, ...entries.map(entryLine));
  };
  const cases: [string, () => string[], FindingKind, number, number | null][] = [
    ['an edit', () => replaced('alpha', 2, entryLine(entry('alpha', 2)).replace('129902', '129903')), 'edited', 2, null],
    [
      'another hash',
      () => replaced('alpha', 2, entryLine({ ...entry('alpha', 2), hash: entry('alpha', 1).hash })),
      'edited',
      2,
      null,
    ],
    [
      'a hash in capitals',
      () => replaced('alpha', 2, entryLine({ ...entry('alpha', 2), hash: entry('alpha', 2).hash.toUpperCase() })),
      'edited',
      2,
      null,
    ],
    ['an edit hashed anew', () => replaced('alpha', 2, entryLine(edit('alpha', 2, { score: 0 }))), 'rehashed', 2, 1],
    [
      'an edit hashed anew under a checkpoint',
      () => replaced('alpha', 3, entryLine(edit('alpha', 3, { score: 0 }))),
      'rehashed',
      3,
      null,
    ],
    [
      'the first entry edited and hashed anew',
      () => replaced('alpha', 1, entryLine(edit('alpha', 1, { score: 0 }))),
      'rehashed',
      1,
      1,
    ],
    [
      'another previous hash, hashed anew',
      () => replaced('alpha', 4, entryLine(edit('alpha', 4, { previousHash: 'a'.repeat(64) }))),
      'rehashed',
      4,
      null,
    ],
    [
      'a first entry that continues something',
      () => replaced('alpha', 1, entryLine(edit('alpha', 1, { previousHash: 'a'.repeat(64) }))),
      'rehashed',
      1,
      null,
    ],
    [
      'another sequence, hashed anew',
      () => replaced('alpha', 2, entryLine(edit('alpha', 2, { sequence: 7 }))),
      'rehashed',
      2,
      null,
    ],
    ['a deletion', () => replaced('alpha', 2), 'missing', 2, null],
    ['the deletion of the first entry', () => replaced('alpha', 1), 'missing', 1, null],
    ['a tail cut off', () => lines.toSpliced(place('gamma', 4), 3), 'truncated', 4, 1],
    ['a chain emptied', () => lines.toSpliced(place('delta', 1), 4), 'truncated', 1, 1],
    [
      'a swap',
      () => lines.with(place('alpha', 2), entryLine(entry('alpha', 3))).with(place('alpha', 3), entryLine(entry('alpha', 2))),
      'reordered',
      2,
      null,
    ],
    [
      'a copy inserted',
      () => replaced('alpha', 2, entryLine(entry('alpha', 2)), entryLine(entry('alpha', 2))),
      'inserted',
      3,
      null,
    ],
    [
      'a fork before the true entry',
      () => replaced('alpha', 4, entryLine(edit('alpha', 4, { score: 1 })), entryLine(entry('alpha', 4))),
      'fork',
      4,
      null,
    ],
    [
      'a fork after the true entry',
      () => replaced('alpha', 4, entryLine(entry('alpha', 4)), entryLine(edit('alpha', 4, { score: 1 }))),
      'fork',
      4,
      null,
    ],
    [
      'an entry of another account',
      () => replaced('alpha', 2, entryLine(entry('alpha', 2)), entryLine(entry('beta', 2))),
      'moved',
      3,
      null,
    ],
    [
      'an entry of another account made to fit',
      () => replaced('alpha', 2, entryLine(edit('beta', 2, { chain: 'alpha', previousHash: entry('alpha', 1).hash }))),
      'rehashed',
      2,
      1,
    ],
    ['a rewrite from an entry on', () => rewritten('alpha', 4), 'rewritten', 5, 4],
    ['a rewrite of the whole chain', () => rewritten('alpha', 1), 'rewritten', 3, 1],
    ['a line that is not JSON', () => replaced('alpha', 2, 'not json'), 'malformed', 2, null],
    ['a line that is another JSON', () => replaced('alpha', 2, '{"kind":"surprise"}'), 'malformed', 2, null],
    [
      'an entry with its keys in another order',
      () => replaced('alpha', 2, JSON.stringify({ hash: entry('alpha', 2).hash, body: entry('alpha', 2).body })),
      'malformed',
      2,
      null,
    ],
    [
      'an entry with white space',
      () => replaced('alpha', 2, entryLine(entry('alpha', 2)).replace('{"body":', '{"body": ')),
      'malformed',
      2,
      null,
    ],
    [
      'an entry without a sequence',
      () => replaced('alpha', 2, entryLine(edit('alpha', 2, { sequence: '2' }))),
      'malformed',
      2,
      null,
    ],
  ];
  it.each(cases)('is named: %s', async (_, change, kind, sequence, since) => {
    const chain = kind === 'truncated' && sequence === 4 ? 'gamma' : kind === 'truncated' ? 'delta' : 'alpha';
    const report = await verifyLines(change());
    expect(report).toMatchObject({ verdict: 'tampered', exitCode: 1 });
    expect(report.findings[0]).toMatchObject({ kind, chain, sequence, since });
    expect(report.findings.filter((finding) => finding.chain !== null)).toHaveLength(1);
  });
  it('names the line of the entry that is not continued in a fork', async () => {
    const before = await verifyLines(
      replaced('alpha', 4, entryLine(edit('alpha', 4, { score: 1 })), entryLine(entry('alpha', 4))),
    );
    const after = await verifyLines(
      replaced('alpha', 4, entryLine(entry('alpha', 4)), entryLine(edit('alpha', 4, { score: 1 }))),
    );
    expect([before.findings[0]!.line, after.findings[0]!.line]).toEqual([place('alpha', 4) + 1, place('alpha', 4) + 2]);
  });
  it('is told apart from what lies after the last checkpoint, where a consistent rewrite cannot show', async () => {
    expect(await verifyLines(rewritten('alpha', 6))).toMatchObject({ exitCode: 0, uncoveredEntries: 5 });
  });
});
