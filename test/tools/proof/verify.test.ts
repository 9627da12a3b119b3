import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { attachmentOpening } from '../../../functions/read/evidence/lines.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf, ed25519Signer, entryLine, type Log, linesOf, logOf, p256Signer, sealEntry } from './builders.ts';
import { exampleBundle, verifyLines } from './exampleBundle.ts';

const { log, lines, entry } = await exampleBundle();

describe('a bundle as it was exported', () => {
  it('is intact, whichever key signed', async () => {
    for (const signer of [p256Signer(), ed25519Signer()]) {
      const other = await logOf({ one: [2, 3], two: [1, 1] }, signer);
      const report = await verifyLines(await linesOf(other), { publicKey: signer.publicKey });
      expect(report).toMatchObject({ verdict: 'intact', exitCode: 0, findings: [], entries: 4, chains: 2, isKeyGiven: true });
    }
  });
  it('says how much lies after the last checkpoint', async () => {
    expect(await verifyLines(lines)).toMatchObject({
      entries: 22,
      uncoveredEntries: 5,
      isKeyGiven: false,
      checkpoints: { count: 2 },
    });
  });
  it('is intact when compressed by any gzip, in several members or not at all', async () => {
    const plain = bytesOf(lines);
    const members = Buffer.concat([gzipSync(plain.subarray(0, 700)), gzipSync(plain.subarray(700), { level: 1 })]);
    for (const bytes of [plain, gzipSync(plain, { level: 9 }), members]) expect((await verifyBytes(bytes)).exitCode).toBe(0);
  });
  it('is intact as the attachment of a page', async () => {
    const page = `<!doctype html><p>x</p>${attachmentOpening}${gzipSync(bytesOf(lines)).toString('base64')}</script>`;
    expect(await verifyBytes(Buffer.from(page))).toMatchObject({ exitCode: 0, entries: 22 });
  });
  it('holds single chains with the proof that later checkpoints do not name them', async () => {
    const one: Log = { ...log, chains: new Map([['beta', log.chains.get('beta')!]]) };
    const shown = await linesOf(one, { kind: 'chains' });
    expect(shown.filter((line) => line.includes('"kind":"absent"'))).toHaveLength(1);
    expect(await verifyLines(shown)).toMatchObject({ exitCode: 0, chains: 1, uncoveredEntries: 2 });
  });
  it('may begin within a chain when its range does, if the entry before the range is shown', async () => {
    const from = entry('alpha', 3).body.at;
    const cut = (first: number): Log => ({
      ...log,
      chains: new Map([...log.chains].map(([chain, entries]) => [chain, chain === 'alpha' ? entries.slice(first - 1) : entries])),
    });
    expect((await verifyLines(await linesOf(cut(2), { kind: 'range', from, to: null }))).exitCode).toBe(0);
    const report = await verifyLines(await linesOf(cut(3), { kind: 'range', from, to: null }));
    expect(report.findings[0]).toMatchObject({ kind: 'missing', chain: 'alpha', sequence: 2 });
  });
});

describe('a large bundle, whose entries are hashed in threads', () => {
  /** Beyond the size from which threads are used. */
  const entryCount = 8_000;
  let large: Log;
  let clean: string[];
  beforeAll(async () => {
    large = await logOf({ big: [entryCount / 2, entryCount], small: [3, 5] });
    clean = await linesOf(large);
  });
  const verifyIn = (threads: number, changed: readonly string[]) =>
    verifyBytes(gzipSync(bytesOf(changed), { level: 1 }), { publicKey: large.signer.publicKey, threads });

  it('is large enough', () => expect(bytesOf(clean).length).toBeGreaterThan(9 * 2 ** 20));
  it.each<[string, (lines: readonly string[]) => string[]]>([
    ['clean', (some) => [...some]],
    ['an edit near the end', (some) => some.with(-20, some.at(-20)!.replace('"ALLOW"', '"BLOCK"'))],
    ['an edit at the beginning', (some) => some.with(40, some[40]!.replace('"ALLOW"', '"BLOCK"'))],
    ['a deletion', (some) => some.toSpliced(-30, 1)],
    ['an entry that is no canonical JSON', (some) => some.with(-25, some.at(-25)!.replace('"late":false', '"late": false'))],
    ['an entry without the fields of one', (some) => some.with(-25, entryLine(sealEntry({ hello: 1 } as never)))],
    ['a line that is none', (some) => some.with(-25, 'garbage')],
    ['an end in the middle', (some) => some.toSpliced(-25, 0, some.at(-1)!)],
    ['cut off', (some) => some.slice(0, -25)],
  ])('gives the same report: %s', async (_, change) => {
    const changed = change(clean);
    expect(await verifyIn(2, changed)).toEqual(await verifyIn(0, changed));
  });
});
