import { describe, expect, it } from 'vitest';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { type CheckpointBody, signCheckpoint } from '../../../shared/proof/checkpoint.ts';
import { type Log, linesOf, logOf, nextCheckpoint, p256Signer } from './builders.ts';
import { exampleBundle, verifyLines } from './exampleBundle.ts';

/** A parsed line: the fields that the tests change. */
type Line = {
  readonly [field: string]: unknown;
  readonly index: number;
  readonly leaf: readonly unknown[];
  readonly body: object;
};

const { log, lines } = await exampleBundle();

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
    const report = await verifyLines(change([...lines]));
    expect(report.exitCode).toBe(1);
    expect(report.findings.map((finding) => finding.kind)).toContain(kind);
  });

  it('finds a single chain cut short together with the proof of its last head', async () => {
    const shown = await single();
    const cut = shown.filter((line) => !isKind('leaf')(line)).filter((line) => !line.includes('"sequence":2,'));
    expect((await verifyLines(cut)).exitCode).toBe(1);
  });
  it('finds a proof of absence that skips the chain or is left out', async () => {
    const shown = await single();
    const at = first(shown, 'absent');
    const skipped = changed(shown, at, (c) => ({ ...c, right: null }));
    expect((await verifyLines(skipped)).findings[0]).toMatchObject({ kind: 'proof', chain: 'beta' });
    expect((await verifyLines(shown.toSpliced(at, 1))).findings[0]).toMatchObject({ kind: 'withheld' });
  });
  it('does not take a bundle signed by another key for ours', async () => {
    const forger = p256Signer();
    const forged = await linesOf(await logOf({ alpha: [3, 5, 8] }, forger));
    expect((await verifyLines(forged, { publicKey: log.signer.publicKey })).findings[0]).toMatchObject({ kind: 'wrong-key' });
    const disguised = changed(forged, 0, (header) => ({ ...header, publicKey: log.signer.publicKey }));
    expect((await verifyLines(disguised, { publicKey: log.signer.publicKey })).findings[0]).toMatchObject({ kind: 'wrong-key' });
  });
  it('finds a checkpoint that someone else signed under our key id', async () => {
    const forger = p256Signer();
    const at = first(lines, 'checkpoint');
    const signed = await signCheckpoint(JSON.parse(lines[at]!).body as CheckpointBody, forger);
    expect((await verifyLines(changed(lines, at, (c) => ({ ...c, ...signed })))).findings[0]).toMatchObject({
      kind: 'signature',
    });
  });
  it('finds a key left out', async () => {
    const report = await verifyLines(changed(lines, 0, (header) => ({ ...header, publicKey: null })));
    expect(report.findings[0]).toMatchObject({ kind: 'wrong-key' });
  });

  describe('from another history of the same key', () => {
    const rival = async () => {
      const leaves = [{ chain: 'alpha', sequence: 3, head: 'c'.repeat(64) }];
      return nextCheckpoint(null, leaves, log.signer);
    };
    it('shows where it is spliced in', async () => {
      const { body, signature } = await rival();
      const report = await verifyLines(
        lines.with(first(lines, 'checkpoint'), canonicalText({ kind: 'checkpoint', body, signature })),
      );
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
    });
    it('shows against the checkpoints that a reader kept', async () => {
      const report = await verifyLines(lines, { known: [await rival()] });
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
      expect((await verifyLines(lines, { known: log.checkpoints })).exitCode).toBe(0);
    });
    it('shows two of the same number within one bundle', async () => {
      const { body, signature } = await rival();
      const at = first(lines, 'checkpoint');
      const report = await verifyLines(lines.toSpliced(at + 1, 0, canonicalText({ kind: 'checkpoint', body, signature })));
      expect(report.findings[0]).toMatchObject({ kind: 'split-view' });
    });
    it('is not shown against a kept checkpoint that another key signed', async () => {
      const other = await nextCheckpoint(null, [{ chain: 'x', sequence: 1, head: 'd'.repeat(64) }], p256Signer());
      expect((await verifyLines(lines, { known: [other] })).findings[0]).toMatchObject({ kind: 'wrong-key' });
    });
  });
  it('finds checkpoints withheld from a single chain against a later one that the reader kept', async () => {
    const early: Log = { ...log, checkpoints: log.checkpoints.slice(0, 1), chains: new Map([['beta', log.chains.get('beta')!]]) };
    const report = await verifyLines(await linesOf(early, { kind: 'chains' }), { known: log.checkpoints.slice(1) });
    expect(report.findings[0]).toMatchObject({ kind: 'withheld' });
  });
});
