import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { FindingKind } from '../../../functions/read/evidence/finding.ts';
import { attachmentOpening } from '../../../functions/read/evidence/lines.ts';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { type CheckpointBody, signCheckpoint } from '../../../shared/proof/checkpoint.ts';
import { type VerifyOptions, verifyBytes } from '../../../tools/proof/verify.ts';
import {
  bytesOf,
  chainOf,
  ed25519Signer,
  entryLine,
  type Log,
  lineOf,
  linesOf,
  logOf,
  nextCheckpoint,
  p256Signer,
  sealEntry,
} from './builders.ts';

/** A parsed line: the fields that the tests change. */
type Line = {
  readonly [field: string]: unknown;
  readonly index: number;
  readonly leaf: readonly unknown[];
  readonly body: object;
};

const wrongCheckSum = (packed: Buffer): Buffer => packed.fill(0, packed.length - 8, packed.length - 4);

let log: Log;
let lines: string[];
beforeAll(async () => {
  log = await logOf({ alpha: [3, 5, 8], beta: [2, 2, 4], gamma: [0, 6, 6], delta: [1, 4, 4] });
  lines = await linesOf(log);
});

const verify = (changed: readonly string[], options?: VerifyOptions) => verifyBytes(bytesOf(changed), options);
const entry = (chain: string, sequence: number) => log.chains.get(chain)![sequence - 1]!;
const place = (chain: string, sequence: number) => lineOf(lines, chain, sequence);
const replaced = (chain: string, sequence: number, ...by: string[]) => lines.toSpliced(place(chain, sequence), 1, ...by);

describe('a bundle as it was exported', () => {
  it('is intact, whichever key signed', async () => {
    for (const signer of [p256Signer(), ed25519Signer()]) {
      const other = await logOf({ one: [2, 3], two: [1, 1] }, signer);
      const report = await verify(await linesOf(other), { publicKey: signer.publicKey });
      expect(report).toMatchObject({ verdict: 'intact', exitCode: 0, findings: [], entries: 4, chains: 2, isKeyGiven: true });
    }
  });
  it('says how much lies after the last checkpoint', async () => {
    expect(await verify(lines)).toMatchObject({ entries: 22, uncoveredEntries: 5, isKeyGiven: false, checkpoints: { count: 2 } });
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
    expect(await verify(shown)).toMatchObject({ exitCode: 0, chains: 1, uncoveredEntries: 2 });
  });
  it('may begin within a chain when its range does, if the entry before the range is shown', async () => {
    const from = entry('alpha', 3).body.at;
    const cut = (first: number): Log => ({
      ...log,
      chains: new Map([...log.chains].map(([chain, entries]) => [chain, chain === 'alpha' ? entries.slice(first - 1) : entries])),
    });
    expect((await verify(await linesOf(cut(2), { kind: 'range', from, to: null }))).exitCode).toBe(0);
    const report = await verify(await linesOf(cut(3), { kind: 'range', from, to: null }));
    expect(report.findings[0]).toMatchObject({ kind: 'missing', chain: 'alpha', sequence: 2 });
  });
});

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
    const report = await verify(change());
    expect(report).toMatchObject({ verdict: 'tampered', exitCode: 1 });
    expect(report.findings[0]).toMatchObject({ kind, chain, sequence, since });
    expect(report.findings.filter((finding) => finding.chain !== null)).toHaveLength(1);
  });
  it('names the line of the entry that is not continued in a fork', async () => {
    const before = await verify(replaced('alpha', 4, entryLine(edit('alpha', 4, { score: 1 })), entryLine(entry('alpha', 4))));
    const after = await verify(replaced('alpha', 4, entryLine(entry('alpha', 4)), entryLine(edit('alpha', 4, { score: 1 }))));
    expect([before.findings[0]!.line, after.findings[0]!.line]).toEqual([place('alpha', 4) + 1, place('alpha', 4) + 2]);
  });
  it('is told apart from what lies after the last checkpoint, where a consistent rewrite cannot show', async () => {
    expect(await verify(rewritten('alpha', 6))).toMatchObject({ exitCode: 0, uncoveredEntries: 5 });
  });
});

describe('a hostile change of checkpoints and proofs', () => {
  const isKind = (kind: string) => (line: string) => line.includes(`"kind":"${kind}"`);
  const first = (of: readonly string[], kind: string) => of.findIndex(isKind(kind));
  const changed = (of: readonly string[], index: number, change: (value: Line) => unknown) =>
    of.with(index, canonicalText(change(JSON.parse(of[index]!))));
  const single = async () => linesOf({ ...log, chains: new Map([['beta', log.chains.get('beta')!]]) }, { kind: 'chains' });

  it.each([
    [
      'an edited checkpoint',
      'signature',
      (l: string[]) => changed(l, first(l, 'checkpoint'), (c) => ({ ...c, body: { ...c.body, at: '2026-11-20T11:00:00.001Z' } })),
    ],
    [
      'a signature of nothing',
      'signature',
      (l: string[]) => changed(l, first(l, 'checkpoint'), (c) => ({ ...c, signature: '' })),
    ],
    [
      'a malformed checkpoint',
      'checkpoint',
      (l: string[]) => changed(l, first(l, 'checkpoint'), (c) => ({ ...c, body: { ...c.body, size: -1 } })),
    ],
    [
      'a checkpoint that comes twice',
      'checkpoint',
      (l: string[]) => l.toSpliced(first(l, 'checkpoint'), 0, l[first(l, 'checkpoint')]!),
    ],
    [
      'checkpoints out of order',
      'withheld',
      (l: string[]) => l.toSpliced(first(l, 'checkpoint'), 2, l[first(l, 'checkpoint') + 1]!, l[first(l, 'checkpoint')]!),
    ],
    [
      'a leaf with another head',
      'proof',
      (l: string[]) => changed(l, first(l, 'leaf'), (c) => ({ ...c, leaf: [c.leaf[0], c.leaf[1], 'a'.repeat(64)] })),
    ],
    ['a leaf with another index', 'proof', (l: string[]) => changed(l, first(l, 'leaf'), (c) => ({ ...c, index: c.index + 1 }))],
    ['a leaf left out', 'withheld', (l: string[]) => l.toSpliced(first(l, 'leaf'), 1)],
    [
      'a chain left out',
      'withheld',
      (l: string[]) =>
        l.toSpliced(
          l.findIndex((x) => x.startsWith('{"chain":"beta"')),
          6,
        ),
    ],
    ['a leaf shown twice in place of another', 'withheld', (l: string[]) => l.with(first(l, 'leaf') + 1, l[first(l, 'leaf')]!)],
    [
      'chains out of order',
      'reordered',
      (l: string[]) =>
        l.toSpliced(
          first(l, 'chain'),
          0,
          ...l.slice(
            l.findIndex((x) => x.startsWith('{"chain":"delta"')),
            l.findIndex((x) => x.startsWith('{"chain":"gamma"')),
          ),
        ),
    ],
    ['an edited policy', 'policy', (l: string[]) => changed(l, first(l, 'policy'), (c) => ({ ...c, policy: {} }))],
    ['other totals', 'count', (l: string[]) => changed(l, l.length - 1, (c) => ({ ...c, entries: 21 }))],
  ] as const)('is found: %s', async (_, kind, change) => {
    const report = await verify(change(lines));
    expect(report.exitCode).toBe(1);
    expect(report.findings.map((finding) => finding.kind)).toContain(kind);
  });

  it('finds a single chain cut short together with the proof of its last head', async () => {
    const shown = await single();
    const cut = shown.filter((line) => !isKind('leaf')(line)).filter((line) => !line.includes('"sequence":2,'));
    expect((await verify(cut)).exitCode).toBe(1);
  });
  it('finds a proof of absence that skips the chain or is left out', async () => {
    const shown = await single();
    const at = first(shown, 'absent');
    const skipped = changed(shown, at, (c) => ({ ...c, right: null }));
    expect((await verify(skipped)).findings[0]).toMatchObject({ kind: 'proof', chain: 'beta' });
    expect((await verify(shown.toSpliced(at, 1))).findings[0]).toMatchObject({ kind: 'withheld' });
  });
  it('does not take a bundle signed by another key for ours', async () => {
    const forger = p256Signer();
    const forged = await linesOf(await logOf({ alpha: [3, 5, 8] }, forger));
    expect((await verify(forged, { publicKey: log.signer.publicKey })).findings[0]).toMatchObject({ kind: 'wrong-key' });
    const disguised = changed(forged, 0, (header) => ({ ...header, publicKey: log.signer.publicKey }));
    expect((await verify(disguised, { publicKey: log.signer.publicKey })).findings[0]).toMatchObject({ kind: 'wrong-key' });
  });
  it('finds a checkpoint that someone else signed under our key id', async () => {
    const forger = p256Signer();
    const at = first(lines, 'checkpoint');
    const signed = await signCheckpoint(JSON.parse(lines[at]!).body as CheckpointBody, forger);
    expect((await verify(changed(lines, at, (c) => ({ ...c, ...signed })))).findings[0]).toMatchObject({ kind: 'signature' });
  });
  it('finds a key left out', async () => {
    const report = await verify(changed(lines, 0, (header) => ({ ...header, publicKey: null })));
    expect(report.findings[0]).toMatchObject({ kind: 'wrong-key' });
  });

  describe('from another history of the same key', () => {
    const rival = async () => {
      const leaves = [{ chain: 'alpha', sequence: 3, head: 'c'.repeat(64) }];
      return nextCheckpoint(null, leaves, log.signer);
    };
    it('shows where it is spliced in', async () => {
      const { body, signature } = await rival();
      const report = await verify(lines.with(first(lines, 'checkpoint'), canonicalText({ kind: 'checkpoint', body, signature })));
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
    });
    it('shows against the checkpoints that a reader kept', async () => {
      const report = await verify(lines, { known: [await rival()] });
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
      expect((await verify(lines, { known: log.checkpoints })).exitCode).toBe(0);
    });
    it('shows two of the same number within one bundle', async () => {
      const { body, signature } = await rival();
      const at = first(lines, 'checkpoint');
      const report = await verify(lines.toSpliced(at + 1, 0, canonicalText({ kind: 'checkpoint', body, signature })));
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
    });
    it('is not shown against a kept checkpoint that another key signed', async () => {
      const other = await nextCheckpoint(null, [{ chain: 'x', sequence: 1, head: 'd'.repeat(64) }], p256Signer());
      expect((await verify(lines, { known: [other] })).findings[0]).toMatchObject({ kind: 'wrong-key' });
    });
  });
  it('finds checkpoints withheld from a single chain against a later one that the reader kept', async () => {
    const early: Log = { ...log, checkpoints: log.checkpoints.slice(0, 1), chains: new Map([['beta', log.chains.get('beta')!]]) };
    const report = await verify(await linesOf(early, { kind: 'chains' }), { known: log.checkpoints.slice(1) });
    expect(report.findings[0]).toMatchObject({ kind: 'withheld' });
  });
});

describe('what is no bundle', () => {
  it.each<[string, () => Buffer]>([
    ['an empty file', () => Buffer.alloc(0)],
    ['an empty gzip', () => gzipSync('')],
    ['garbage', () => Buffer.from('garbage')],
    ['random bytes', () => Buffer.from('8f'.repeat(4000), 'hex')],
    ['the magic of gzip and nothing else', () => Buffer.from('1f8b', 'hex')],
    ['gzip cut off', () => gzipSync(bytesOf(lines)).subarray(0, 900)],
    ['gzip with a wrong check sum', () => wrongCheckSum(gzipSync(bytesOf(lines)))],
    ['another compression', () => brotliCompressSync(bytesOf(lines))],
    ['gzip in gzip', () => gzipSync(gzipSync(bytesOf(lines)))],
    ['lines cut off at the end of a line', () => bytesOf(lines.slice(0, -1))],
    ['lines cut off within a checkpoint', () => bytesOf(lines).subarray(0, 600)],
    ['lines cut off within an entry', () => bytesOf(lines).subarray(0, -4000)],
    ['lines cut off after an entry', () => bytesOf(lines.slice(0, -3))],
    ['no header', () => bytesOf(lines.slice(1))],
    ['another JSON', () => Buffer.from('{"hello":"world"}\n')],
    ['another version', () => bytesOf(lines.with(0, lines[0]!.replace('aegis-bundle/1', 'aegis-bundle/9')))],
    ['a header without scope', () => bytesOf(lines.with(0, lines[0]!.replace('"range"', '"rage"')))],
    ['a header with a key that is none', () => bytesOf(lines.with(0, lines[0]!.replace('BEGIN PUBLIC KEY', 'BEGIN NOTHING')))],
    ['header and end with nothing between', () => bytesOf([lines[0]!, '{"chains":0,"entries":0,"kind":"end"}'])],
    ['something after the end', () => bytesOf([...lines, lines[1]!])],
    ['two bundles', () => bytesOf([...lines, ...lines])],
    ['a page without attachment', () => Buffer.from('<!doctype html><p>hello</p>')],
    ['a page with an attachment that is none', () => Buffer.from(`<html>${attachmentOpening}aGVsbG8=</script>`)],
    ['a page with two attachments', () => Buffer.from(`<html>${attachmentOpening}</script>${attachmentOpening}</script>`)],
  ])('is unreadable: %s', async (_, make) => {
    const report = await verifyBytes(make());
    expect(report).toMatchObject({ verdict: 'unreadable', exitCode: 2, findings: [] });
    expect(report.unreadable).toMatch(/\w+ \w+/);
  });

  it('is tampered with, when a change shows before it breaks off', async () => {
    const report = await verify(replaced('alpha', 2).slice(0, -1));
    expect(report).toMatchObject({ verdict: 'tampered', exitCode: 1 });
    expect(report.unreadable).toMatch('cut off');
  });

  it('never throws and is never taken for intact, wherever bytes are changed', async () => {
    const plain = bytesOf(lines);
    await fc.assert(
      fc.asyncProperty(fc.nat(plain.length - 2), fc.integer({ min: 1, max: 255 }), fc.boolean(), async (at, change, isCut) => {
        const bytes = Buffer.from(isCut ? plain.subarray(0, at) : plain);
        if (!isCut) bytes[at]! ^= change;
        const { exitCode } = await verifyBytes(bytes);
        // The time and the scope of an export are its own statement and bound by nothing: only there may a change stay.
        return exitCode !== 0 || (!isCut && at < lines[0]!.length);
      }),
      { numRuns: 400 },
    );
  });

  it('never throws and is never taken for intact, wherever its gzip is changed', async () => {
    const plain = bytesOf(lines);
    const packed = gzipSync(plain);
    /** As in the time stamp of the gzip, or in the bits that fill up its last byte. */
    const changesNothing = (bytes: Buffer): boolean => {
      try {
        return gunzipSync(bytes).equals(plain);
      } catch {
        return false;
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(packed.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(packed);
        bytes[at]! ^= change;
        const { exitCode } = await verifyBytes(bytes);
        return exitCode !== 0 || changesNothing(bytes);
      }),
      { numRuns: 200 },
    );
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
