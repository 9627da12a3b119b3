import { beforeEach, describe, expect, it } from 'vitest';
import { makeCheckpoint } from '../../../../functions/checkpoint/checkpoint.ts';
import { compactArchive } from '../../../../functions/compact/compact.ts';
import { type BundleSource, bundleLines } from '../../../../functions/read/evidence/bundle.ts';
import { exportChains, exportRange } from '../../../../functions/read/evidence/export.ts';
import { virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../../shared/adapters/memory/table.ts';
import { shareOf } from '../../../../shared/parquet/places.ts';
import { archiveEntries } from '../../../../shared/proof/archive.ts';
import { canonicalText } from '../../../../shared/proof/canonical.ts';
import type { AuditEntry } from '../../../../shared/proof/entry.ts';
import { noteHeads } from '../../../../shared/proof/heads.ts';
import { auditKey } from '../../../../shared/store/names.ts';
import { seededRandom } from '../../../../shared/store/random.ts';
import { verifyBytes } from '../../../../tools/proof/verify.ts';
import { chainOf, p256Signer, startMs } from '../../../tools/proof/builders.ts';

const minuteMs = 60_000;
const signer = p256Signer();
const extras = { exportedAt: '2026-11-22T00:00:00.000Z', publicKey: signer.publicKey, policies: [], models: [{ version: 1 }] };
const chains = { alpha: chainOf('alpha', 9), beta: chainOf('beta', 4), gamma: chainOf('gamma', 1_450) };

const world = () => ({
  table: memoryTable(),
  archive: memoryObjects(),
  checkpoints: memoryObjects(),
  clock: virtualClock(startMs),
  signer,
});
let at: ReturnType<typeof world>;

/** What the write path and the stream do. */
const commit = async (...entries: AuditEntry[]): Promise<void> => {
  for (const { body, hash } of entries)
    await at.table.put({ ...auditKey(body.chain, body.sequence), body: canonicalText(body), hash });
  await archiveEntries(at.archive, entries);
  await noteHeads(at.table, entries);
};

/** What the archive step and TTL do: rows archived with their expiry, then gone. */
const expire = async (chain: keyof typeof chains, sequences: readonly number[], hotDays = 1): Promise<void> => {
  await archiveEntries(
    at.archive,
    sequences.map((sequence) => chains[chain][sequence - 1]!),
    hotDays,
  );
  for (const sequence of sequences) await at.table.delete(auditKey(chain, sequence));
};

/** A checkpoint `minutes` after the start; entry n of every chain was made at minute n. */
const checkpoint = async (minutes: number): Promise<void> => {
  at.clock.advance(startMs + minutes * minuteMs - at.clock.nowMs());
  await makeCheckpoint(at);
};

const verified = async (source: BundleSource) => {
  const lines: string[] = [];
  for await (const line of bundleLines(source)) lines.push(line);
  const shown = lines.filter((line) => line.startsWith('{"body":{"amountMinor"')).map((line) => JSON.parse(line).body);
  const report = await verifyBytes(Buffer.from(lines.join('')), { publicKey: signer.publicKey });
  return { report, shown: shown.map((body) => `${body.chain} ${body.sequence}`) };
};
const numbered = (chain: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, i) => `${chain} ${from + i}`);

const minuteText = (minutes: number): string => new Date(startMs + minutes * minuteMs).toISOString();

beforeEach(async () => {
  at = world();
  await commit(...chains.alpha.slice(0, 3), ...chains.beta.slice(0, 2));
  await checkpoint(3.5);
  await commit(...chains.alpha.slice(3, 6));
  await checkpoint(6.5);
  await commit(...chains.alpha.slice(6, 8), ...chains.beta.slice(2));
  await checkpoint(8.5);
  await commit(...chains.alpha.slice(8));
});

describe('an export of chains', () => {
  it('is whole and intact, what no checkpoint holds yet included', async () => {
    const { report, shown } = await verified(await exportChains(at, ['beta', 'alpha'], extras));
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 1, checkpoints: { count: 3, last: { number: 3 } } });
    expect(shown).toEqual([...numbered('alpha', 1, 9), ...numbered('beta', 1, 4)]);
  });
  it('has the last checkpoint that holds each, earlier ones, and the newest, which proves that it does not hold them', async () => {
    await commit(...chains.alpha.slice(0, 3));
    await checkpoint(20);
    await commit(...chains.gamma);
    await checkpoint(1_500);
    const { report, shown } = await verified(await exportChains(at, ['beta', 'gamma'], extras));
    expect(report).toMatchObject({
      verdict: 'intact',
      chains: 2,
      checkpoints: { count: 3, first: { number: 1 }, last: { number: 5 } },
    });
    expect(shown).toHaveLength(1_454);
  });
  it('is there before the first checkpoint of the chain, and covers nothing', async () => {
    await commit(...chains.gamma.slice(0, 2));
    const { report } = await verified(await exportChains(at, ['gamma'], extras));
    expect(report).toMatchObject({ verdict: 'intact', entries: 2, uncoveredEntries: 2 });
  });
  it('shows a chain that was rewritten, though a checkpoint has signed what it was rewritten to', async () => {
    const anew = chainOf('alpha', 11, chains.alpha.slice(0, 5), 7).slice(5);
    for (const { body } of anew) await at.table.delete(auditKey(body.chain, body.sequence));
    await commit(...anew);
    await checkpoint(12);
    const { report } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'rewritten', chain: 'alpha' });
  });
  it('takes from the archive what has expired, whatever order rows went in', async () => {
    await expire('alpha', [1, 2, 3, 5]);
    const { report, shown } = await verified(await exportChains(at, ['alpha', 'beta'], extras));
    expect(report.verdict).toBe('intact');
    expect(shown).toEqual([...numbered('alpha', 1, 9), ...numbered('beta', 1, 4)]);
  });
  it('takes a whole chain from the archive, or its end', async () => {
    await expire('beta', [1, 2, 3, 4]);
    await expire('alpha', [4, 5, 6, 7, 8]);
    await at.table.delete(auditKey('alpha', 9));
    const { report, shown } = await verified(await exportChains(at, ['alpha', 'beta'], extras));
    expect(report.verdict).toBe('intact');
    expect(shown).toEqual([...numbered('alpha', 1, 8), ...numbered('beta', 1, 4)]);
  });
  it('shows rows as missing that are gone before their time, though the archive has them', async () => {
    await expire('alpha', [1, 2], 30_000);
    const { report } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'missing', chain: 'alpha', sequence: 1 });
  });
  it('shows a chain as cut off whose every row was deleted', async () => {
    for (let sequence = 1; sequence <= 4; sequence++) await at.table.delete(auditKey('beta', sequence));
    const { report } = await verified(await exportChains(at, ['beta', 'alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'truncated', chain: 'beta', sequence: 1 });
  });
  it('shows a row that was deleted from the middle of the table as missing', async () => {
    await at.table.delete(auditKey('alpha', 4));
    const { report } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'missing', chain: 'alpha', sequence: 4 });
  });
  it('shows a row that was put over another', async () => {
    const [forged] = chainOf('alpha', 5, chains.alpha.slice(0, 4), 3).slice(4);
    await at.table.put({ ...auditKey('alpha', 5), body: canonicalText(forged!.body), hash: forged!.hash });
    const { report } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'rehashed', chain: 'alpha', sequence: 5 });
  });
  it('of a chain that nobody has ever seen is refused', async () => {
    await expect(exportChains(at, ['nobody'], extras)).rejects.toThrow(
      'chain nobody: entry 1 is neither in the table nor in the archive',
    );
  });
});

describe('an export of chains whose rows have expired, from the compacted archive', () => {
  /** The stores, and which objects of the archive were read. */
  const watched = () => {
    const read: string[] = [];
    const get = (key: string) => {
      read.push(key);
      return at.archive.get(key);
    };
    return { stores: { ...at, archive: { ...at.archive, get } }, read };
  };
  const compact = () =>
    compactArchive({ ...at, randomness: seededRandom(1) }, { deadlineMs: at.clock.nowMs() + 600_000, throughDay: '2026-11-30' });
  const smallObjects = (read: readonly string[]) => read.filter((key) => key.startsWith('audit/'));

  beforeEach(async () => {
    at = world();
    await archiveEntries(at.archive, [...chains.alpha, ...chains.beta], 1);
    await noteHeads(at.table, [chains.alpha[8]!, chains.beta[3]!]);
    await checkpoint(20);
    for (const { body, hash } of [...chains.alpha.slice(5), ...chains.beta.slice(2)])
      await at.table.put({ ...auditKey(body.chain, body.sequence), body: canonicalText(body), hash });
  });

  it('reads the files of the chain and none of the small objects', async () => {
    await compact();
    const { stores, read } = watched();
    const { report, shown } = await verified(await exportChains(stores, ['alpha'], extras));
    expect(report.verdict).toBe('intact');
    expect(shown).toEqual(numbered('alpha', 1, 9));
    expect(smallObjects(read)).toEqual([]);
    const files = read.filter((key) => key.endsWith('.parquet'));
    expect(files.map((key) => key.split('/')[3])).toEqual([`share=${shareOf('alpha')}`]);
  });
  it('reads no file where no row is missing', async () => {
    for (const { body, hash } of chains.alpha.slice(0, 5))
      await at.table.put({ ...auditKey(body.chain, body.sequence), body: canonicalText(body), hash });
    await compact();
    const { stores, read } = watched();
    expect((await verified(await exportChains(stores, ['alpha'], extras))).report.verdict).toBe('intact');
    expect(read).toEqual([]);
  });
  it('takes several chains and a time from the files as well', async () => {
    await compact();
    const { stores, read } = watched();
    for (const source of [
      await exportChains(stores, ['alpha', 'beta'], extras),
      await exportRange(stores, { from: null, to: null }, extras),
    ]) {
      const { report, shown } = await verified(source);
      expect(report.verdict).toBe('intact');
      expect(shown).toEqual([...numbered('alpha', 1, 9), ...numbered('beta', 1, 4)]);
    }
    expect(smallObjects(read)).toEqual([]);
  });
  it('finds in the small objects what came after the compaction', async () => {
    at = world();
    await archiveEntries(at.archive, chains.alpha.slice(0, 2), 1);
    await compact();
    await archiveEntries(at.archive, chains.alpha.slice(2, 5), 1);
    await noteHeads(at.table, [chains.alpha[4]!]);
    await checkpoint(20);
    const { report, shown } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.verdict).toBe('intact');
    expect(shown).toEqual(numbered('alpha', 1, 5));
  });
  it('finds the expiry of an entry that was compacted before its row was to expire', async () => {
    at = world();
    await archiveEntries(at.archive, chains.alpha);
    await compact();
    await archiveEntries(at.archive, chains.alpha, 1);
    await compact();
    await noteHeads(at.table, [chains.alpha[8]!]);
    await checkpoint(20);
    expect((await verified(await exportChains(at, ['alpha'], extras))).report.verdict).toBe('intact');
  });
  it('shows rows as missing that are gone before their time, though the files have them', async () => {
    at = world();
    await commit(...chains.alpha);
    await checkpoint(20);
    await compact();
    await at.table.delete(auditKey('alpha', 4));
    const { report } = await verified(await exportChains(at, ['alpha'], extras));
    expect(report.findings[0]).toMatchObject({ kind: 'missing', chain: 'alpha', sequence: 4 });
  });
});

describe('an export of a time', () => {
  it('without bounds holds every chain', async () => {
    const { report, shown } = await verified(await exportRange(at, { from: null, to: null }, extras));
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 1, checkpoints: { count: 3 } });
    expect(shown).toEqual([...numbered('alpha', 1, 9), ...numbered('beta', 1, 4)]);
  });
  it('without bounds holds chains that wait for their first checkpoint', async () => {
    await commit(...chains.gamma.slice(0, 3));
    const { report } = await verified(await exportRange(at, { from: null, to: null }, extras));
    expect(report).toMatchObject({ verdict: 'intact', chains: 3, uncoveredEntries: 4 });
  });
  it('from a time begins with the entry before it', async () => {
    const { report, shown } = await verified(await exportRange(at, { from: minuteText(3.7), to: null }, extras));
    expect(report).toMatchObject({ verdict: 'intact', checkpoints: { count: 2, first: { number: 2 } } });
    expect(shown).toEqual([...numbered('alpha', 3, 9), ...numbered('beta', 3, 4)]);
  });
  it('to a time ends with the first checkpoint after it', async () => {
    const { report, shown } = await verified(await exportRange(at, { from: null, to: minuteText(4) }, extras));
    expect(report).toMatchObject({ verdict: 'intact', uncoveredEntries: 0, checkpoints: { count: 2, last: { number: 2 } } });
    expect(shown).toEqual([...numbered('alpha', 1, 6), ...numbered('beta', 1, 2)]);
  });
  it('searches a long chain backwards for its beginning', async () => {
    await commit(...chains.gamma);
    await checkpoint(1_500);
    const { report, shown } = await verified(await exportRange(at, { from: minuteText(9.5), to: null }, extras));
    expect(report.verdict).toBe('intact');
    expect(shown.filter((name) => name.startsWith('gamma'))).toEqual(numbered('gamma', 9, 1_450));
  });
});
