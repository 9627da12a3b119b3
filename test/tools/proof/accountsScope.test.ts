import { beforeAll, describe, expect, it } from 'vitest';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf, type Log, lineOf, linesOf, logOf } from './builders.ts';

const scope = { kind: 'accounts' } as const;
let log: Log;
/** One account, with the last checkpoint that holds it, number 2, and the newest, number 4. */
let excerpt: Log;
beforeAll(async () => {
  log = await logOf({ alpha: [3, 5, 5, 5, 7], beta: [1, 2, 3, 4, 5] });
  const [, second, , fourth] = log.checkpoints;
  excerpt = { ...log, chains: new Map([['alpha', log.chains.get('alpha')!]]), checkpoints: [second!, fourth!] };
});

const reported = async (lines: readonly string[], known: Log['checkpoints'] = []) => {
  const report = await verifyBytes(bytesOf(lines), { publicKey: log.signer.publicKey, known });
  return { ...report, kinds: report.findings.map(({ kind }) => kind) };
};

describe('a bundle of accounts with an excerpt of the checkpoints', () => {
  it('is intact, and says what no checkpoint in it covers', async () => {
    const report = await reported(await linesOf(excerpt, scope));
    expect(report).toMatchObject({ verdict: 'intact', entries: 7, uncoveredEntries: 2, checkpoints: { count: 2 } });
  });
  it('is intact beside checkpoints that the reader keeps', async () => {
    expect((await reported(await linesOf(excerpt, scope), log.checkpoints)).verdict).toBe('intact');
  });
  it.each<[string, (lines: string[]) => readonly string[], string]>([
    ['an edited entry', (lines) => lines.map((line) => line.replace('"amountMinor":129902', '"amountMinor":1')), 'edited'],
    ['a deleted entry', (lines) => lines.toSpliced(lineOf(lines, 'alpha', 3), 1), 'missing'],
    ['a beginning that is left out', (lines) => lines.toSpliced(lineOf(lines, 'alpha', 1), 1), 'missing'],
    [
      'a tail that the checkpoint holds, cut off',
      (lines) => lines.toSpliced(lineOf(lines, 'alpha', 5), 3).map((line) => line.replace('"entries":7', '"entries":4')),
      'truncated',
    ],
    ['checkpoints out of order', (lines) => [lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)], 'withheld'],
    ['a checkpoint twice', (lines) => lines.toSpliced(1, 0, lines[1]!), 'checkpoint'],
    ['a checkpoint that was changed', (lines) => lines.map((line) => line.replace('"number":4', '"number":3')), 'signature'],
    [
      'a proof of absence that is wrong',
      (lines) => lines.map((line) => (line.includes('"kind":"absent"') ? line.replace('"beta",4', '"beta",3') : line)),
      'proof',
    ],
  ])('shows %s', async (_, change, kind) => {
    expect((await reported(change(await linesOf(excerpt, scope)))).kinds).toContain(kind);
  });
  it('shows two checkpoints that follow each other by number but not by hash', async () => {
    const other = await logOf({ alpha: [3, 5, 5, 5, 7], beta: [1, 2, 3, 4, 5], gamma: [1, 1, 1, 1] }, log.signer);
    const mixed = { ...excerpt, checkpoints: [log.checkpoints[1]!, other.checkpoints[2]!] };
    expect((await reported(await linesOf(mixed, scope))).kinds).toContain('split-view');
  });
  it('shows that the reader keeps a newer checkpoint than the newest in it', async () => {
    const older = { ...excerpt, checkpoints: excerpt.checkpoints.slice(0, 1) };
    expect((await reported(await linesOf(older, scope), log.checkpoints)).kinds).toContain('withheld');
  });
  it('is no licence for gaps in a bundle of another scope', async () => {
    expect((await reported(await linesOf(excerpt, { kind: 'chains' }))).kinds).toContain('withheld');
  });
});
