import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canonicalText } from '../../../shared/proof/canonical.ts';
import { verifyCommand } from '../../../tools/cli/verify.ts';
import { bytesOf, type Log, lineOf, linesOf, logOf, p256Signer } from '../proof/builders.ts';

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
    expect(text).toMatch(/^INTACT\nread: 7 entries in 2 chains\ncheckpoints 1 to 1/);
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
