import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { shareOf, verifyCommand } from '../../../tools/cli/verify.ts';
import { bytesOf, type Log, lineOf, linesOf, logOf, nextCheckpoint, p256Signer, startMs } from '../proof/builders.ts';

let directory: string;
let log: Log;
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aegis-verify-'));
  log = await logOf({ alpha: [3, 5], beta: [2, 2] });
});
afterAll(() => rmSync(directory, { recursive: true }));

describe('aegis verify', () => {
  it('says intact, up to which checkpoint, and that the key is the bundle’s own word', async () => {
    const { exitCode, text } = await verifyCommand(file('clean', bytesOf(await linesOf(log))));
    expect(exitCode).toBe(0);
    expect(text).toMatch(
      /^INTACT AS FAR AS COVERED: 2 of 7 entries are not yet covered by a checkpoint\nread: 7 entries in 2 chains\ncheckpoints 1 to 1/,
    );
    expect(text).toContain('not covered by a checkpoint: 2 entries after the last checkpoint');
    expect(text).toContain('taken from the bundle itself');
  });
  it('believes the key given, and no other', async () => {
    const bundle = file('clean', bytesOf(await linesOf(log)));
    const own = await verifyCommand(bundle, { key: [file('own.pem', log.signer.publicKey)] });
    expect([own.exitCode, own.text.includes('taken from the bundle')]).toEqual([0, false]);
    const other = await verifyCommand(bundle, { key: [file('other.pem', p256Signer().publicKey)] });
    expect(other).toMatchObject({ exitCode: 1, text: expect.stringContaining('TAMPERED') });
  });
  it('names the first bad entry', async () => {
    const lines = await linesOf(log);
    const { exitCode, text } = await verifyCommand(file('cut', bytesOf(lines.toSpliced(lineOf(lines, 'alpha', 2), 1))));
    expect(exitCode).toBe(1);
    expect(text).toContain('chain alpha: entry 2 is missing');
  });
  it('fails for want of a checkpoint only when asked to', async () => {
    const bundle = file('clean', bytesOf(await linesOf(log)));
    expect((await verifyCommand(bundle, { requireCheckpoint: true })).exitCode).toBe(1);
    const covered = file('covered', bytesOf(await linesOf(await logOf({ alpha: [3, 3] }))));
    expect((await verifyCommand(covered, { requireCheckpoint: true })).exitCode).toBe(0);
  });
  it('says INTACT alone only of what checkpoints cover', async () => {
    const covered = file('covered', bytesOf(await linesOf(await logOf({ alpha: [3, 3] }))));
    expect((await verifyCommand(covered)).text).toMatch(/^INTACT\n/);
  });
  it.each([
    ['record no sweep', null, 'the checkpoints do not record a sweep within 7 days before the last of them'],
    ['record one of two shares', [0], 'the checkpoints show 1 of 2 shares swept within 7 days before the last of them'],
    ['record both shares', [0, 1], null],
  ])('says of an export of a time whose checkpoints %s whether chains may be missing', async (_, swept, caveat) => {
    const plain = await logOf({ alpha: [3, 3] });
    const record = (share: number) => ({
      share,
      shares: 2,
      chains: 1,
      entries: 3,
      states: 1,
      signed: 1,
      findings: 0,
      from: new Date(startMs).toISOString(),
      to: new Date(startMs + 1).toISOString(),
    });
    const leaves = plain.checkpoints[0]!.leaves;
    const checkpoint = await nextCheckpoint(null, leaves, plain.signer, (swept ?? []).map(record));
    const bundle = file('swept', bytesOf(await linesOf({ ...plain, checkpoints: [checkpoint] })));
    const { exitCode, text } = await verifyCommand(bundle);
    expect([exitCode, text.includes('chains may be missing')]).toEqual([0, caveat !== null]);
    if (caveat !== null) expect(text).toContain(caveat);
  });
  it('asks nothing of the sweep where an export names its chains', async () => {
    const chains = file('chains', bytesOf(await linesOf(await logOf({ alpha: [3, 3] }), { kind: 'chains' })));
    expect((await verifyCommand(chains)).text).not.toContain('chains may be missing');
  });
  it.each([
    ['1/1', { number: 1, of: 1 }],
    ['3/16', { number: 3, of: 16 }],
  ])('takes %s as a share of the table', (text, share) => expect(shareOf(text)).toEqual(share));
  it.each(['0/4', '5/4', '1', '1/0', 'a/b', '1/2/3'])('refuses %s as a share of the table', (text) =>
    expect(() => shareOf(text)).toThrow('allowed: K/N, K from 1 to N'),
  );
  it('prints the report as JSON', async () => {
    const { text } = await verifyCommand(file('clean', bytesOf(await linesOf(log))), { json: true });
    expect(JSON.parse(text)).toMatchObject({ verdict: 'intact', entries: 7, findings: [] });
  });
  it('compares with checkpoints that were kept', async () => {
    const bundle = file('clean', bytesOf(await linesOf(log)));
    const { body, signature } = log.checkpoints[0]!;
    const known = file('known', `${canonicalText({ body, signature })}\n`);
    expect((await verifyCommand(bundle, { known })).exitCode).toBe(0);
  });
  it('takes the checkpoints of an earlier export as kept ones, and of a list without its last line break', async () => {
    const before = file('before', bytesOf(await linesOf(log)));
    const { body, signature } = log.checkpoints[0]!;
    const list = file('list', canonicalText({ body, signature }));
    const other = file('other', bytesOf(await linesOf(await logOf({ alpha: [3, 5], gamma: [1, 1] }))));
    for (const known of [before, list]) {
      expect((await verifyCommand(before, { known })).exitCode).toBe(0);
      expect((await verifyCommand(other, { known })).exitCode).toBe(1);
    }
  });
  it('refuses kept checkpoints in a file that holds none', async () => {
    const bundle = file('clean', bytesOf(await linesOf(log)));
    const known = file('none', '{"kind":"header"}\n');
    expect(await verifyCommand(bundle, { known })).toMatchObject({
      exitCode: 2,
      text: expect.stringContaining('holds no checkpoint'),
    });
  });
  it.each([
    ['a file that does not exist', () => [join(directory, 'nowhere'), {}] as const],
    ['a directory', () => [directory, {}] as const],
    ['an empty file', () => [file('empty', ''), {}] as const],
    ['a key that is none', () => [file('a', '{}'), { key: [file('bad.pem', 'nonsense')] }] as const],
    ['kept checkpoints that are none', () => [file('b', '{}'), { known: file('bad.json', '{"a":1}') }] as const],
  ])('is unreadable, exit code 2: %s', async (_, make) => {
    expect(await verifyCommand(...make())).toMatchObject({ exitCode: 2, text: expect.stringContaining('UNREADABLE') });
  });
});
