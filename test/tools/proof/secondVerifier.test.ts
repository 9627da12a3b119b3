import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredCheckpoint } from '../../../shared/proof/checkpoint.ts';
import type { Signer } from '../../../shared/proof/signer.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf, ed25519Signer, type Log, linesOf, logOf, nextCheckpoint, p256Signer } from './builders.ts';
import { coveredThrough, seeded, type TamperingName, tampered, tamperings } from './tampering.ts';

const script = join(import.meta.dirname, '../../../docs/verify-bundle.mjs');
let directory: string;
let log: Log;
beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'aegis-second-'));
  log = await logOf({ alpha: [3, 5, 8], beta: [2, 2, 4], gamma: [0, 6, 6], delta: [1, 4, 4] });
});
afterAll(() => rmSync(directory, { recursive: true }));

const run = (bytes: Uint8Array, publicKey?: string) => {
  const [bundle, key] = [join(directory, 'bundle'), join(directory, 'key.pem')];
  writeFileSync(bundle, bytes);
  if (publicKey !== undefined) writeFileSync(key, publicKey);
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, bundle, ...(publicKey === undefined ? [] : [key])]);
  return { exitCode: status, text: `${stdout}${stderr}` };
};

/** The tests' point: two programs that share nothing but docs/audit.md come to one verdict. */
const agreed = async (bytes: Uint8Array, publicKey?: string) => {
  const { exitCode } = await verifyBytes(bytes, publicKey === undefined ? {} : { publicKey });
  expect(run(bytes, publicKey)).toMatchObject({ exitCode });
  return exitCode;
};

describe('the second verifier', () => {
  it('has at most 60 lines and needs only modules of Node', () => {
    const text = readFileSync(script, 'utf8');
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(60);
    expect(text.match(/from '([^']+)'/g)?.every((module) => module.startsWith("from 'node:"))).toBe(true);
  });
  it('agrees on clean bundles, packed or plain, of all chains or of one, whichever key signed', async () => {
    const clean = bytesOf(await linesOf(log));
    expect(run(clean, log.signer.publicKey).text).toContain('INTACT: 22 entries of 4 chains, 5 after the last checkpoint (2)');
    expect(await agreed(gzipSync(clean))).toBe(0);
    const one: Log = { ...log, chains: new Map([['beta', log.chains.get('beta')!]]) };
    expect(await agreed(bytesOf(await linesOf(one, { kind: 'chains' })))).toBe(0);
    expect(await agreed(bytesOf(await linesOf(await logOf({ a: [1, 2, 3], b: [1, 1, 1] }, ed25519Signer()))))).toBe(0);
    expect(await agreed(bytesOf(await linesOf({ ...log, checkpoints: [] }, { kind: 'chains' })))).toBe(0);
  });
  it('agrees on accounts with an excerpt of the checkpoints', async () => {
    const [first, second] = log.checkpoints;
    const gamma = new Map([['gamma', log.chains.get('gamma')!]]);
    const third = await nextCheckpoint(second!, [{ chain: 'zeta', sequence: 1, head: 'ab'.repeat(32) }], log.signer);
    const fourth = await nextCheckpoint(third, [{ chain: 'zeta', sequence: 2, head: 'cd'.repeat(32) }], log.signer);
    const excerpt = { ...log, chains: gamma, checkpoints: [second!, fourth] };
    const lines = await linesOf(excerpt, { kind: 'accounts' });
    expect(await agreed(bytesOf(lines), log.signer.publicKey)).toBe(0);
    expect(await agreed(bytesOf(await linesOf(excerpt, { kind: 'chains' })))).toBe(1);
    expect(await agreed(bytesOf([lines[0]!, lines[2]!, lines[1]!, ...lines.slice(3)]))).toBe(1);
    expect(await agreed(bytesOf(lines.toSpliced(-2, 1).map((line) => line.replace('"entries":6', '"entries":5'))))).toBe(1);
    const unlinked = { ...excerpt, checkpoints: [first!, { ...fourth, body: { ...fourth.body, number: 2 } }] };
    expect(await agreed(bytesOf(await linesOf(unlinked, { kind: 'accounts' })))).toBe(1);
  });
  it('agrees on a stretch of a chain up to the head that a checkpoint holds', async () => {
    const stretch = new Map([['alpha', log.chains.get('alpha')!.slice(3, 5)]]);
    const lines = await linesOf({ ...log, chains: stretch, checkpoints: [log.checkpoints[1]!] }, { kind: 'stretch' });
    expect(await agreed(bytesOf(lines), log.signer.publicKey)).toBe(0);
    const short = lines.toSpliced(-2, 1).map((line) => line.replace('"entries":2', '"entries":1'));
    expect(await agreed(bytesOf(short))).toBe(1);
    expect(await agreed(bytesOf(lines.map((line) => line.replace('"kind":"stretch"', '"kind":"accounts"'))))).toBe(1);
    expect(await agreed(bytesOf(lines.map((line) => line.replace('"sequence":4', '"sequence":3'))))).toBe(1);
  });
  it.each(Object.keys(tamperings) as TamperingName[])('agrees on every kind of tampering: %s', async (name) => {
    const random = seeded(name.length);
    const k = 1 + random(coveredThrough(log, 'alpha') - 1);
    const lines = tampered(log, await linesOf(log), new Map([['alpha', k]]), name, random);
    expect(await agreed(bytesOf(lines))).toBe(1);
  });
  it('agrees on checkpoints, proofs and totals that were changed', async () => {
    const lines = await linesOf(log);
    const at = (text: string) => lines.findIndex((line) => line.includes(text));
    const changed = [
      lines.with(1, lines[1]!.replace('"size":3', '"size":2')),
      lines.toSpliced(1, 1),
      lines.toSpliced(2, 1),
      lines.toSpliced(at('"kind":"leaf"'), 1),
      lines.with(at('"kind":"leaf"'), lines[at('"kind":"leaf"')]!.replace('["alpha",3,', '["alpha",2,')),
      lines.with(at('"kind":"policy"'), lines[at('"kind":"policy"')]!.replace('"policy":1', '"policy":2')),
      lines.with(lines.length - 1, lines.at(-1)!.replace('22', '21')),
      lines.with(5, lines[5]!.replace('":', '": ')),
    ];
    for (const some of changed) expect(await agreed(bytesOf(some))).toBe(1);
    expect(await agreed(bytesOf(lines), ed25519Signer().publicKey)).toBe(1);
  });
  it('agrees on a history that several keys have signed', async () => {
    const [old, next] = [ed25519Signer(), p256Signer()];
    const both = old.publicKey + next.publicKey;
    const signed = async (...signers: Signer[]) => {
      const checkpoints: StoredCheckpoint[] = [];
      for (const [i, signer] of signers.entries()) {
        const leaves = [{ chain: 'alpha', sequence: i + 1, head: log.chains.get('alpha')![i]!.hash }];
        checkpoints.push(await nextCheckpoint(checkpoints.at(-1) ?? null, leaves, signer));
      }
      const chains = new Map([['alpha', log.chains.get('alpha')!]]);
      return bytesOf(await linesOf({ signer: { ...next, publicKey: both }, checkpoints, chains }));
    };
    const rotated = await signed(old, next, next);
    expect(await agreed(rotated)).toBe(0);
    expect(await agreed(rotated, both)).toBe(0);
    expect(await agreed(rotated, old.publicKey)).toBe(1);
    expect(await agreed(rotated, next.publicKey)).toBe(1);
    expect(await agreed(await signed(old, next, old), both)).toBe(1);
  });
  it('agrees on what is no bundle', async () => {
    const clean = bytesOf(await linesOf(log));
    for (const bytes of [Buffer.alloc(0), Buffer.from('garbage'), gzipSync(clean).subarray(0, 500), Buffer.from('{"a":1}\n')]) {
      expect(await agreed(bytes)).toBe(2);
    }
    expect(await agreed(bytesOf((await linesOf(log)).slice(0, -1)))).not.toBe(0);
  });
});
