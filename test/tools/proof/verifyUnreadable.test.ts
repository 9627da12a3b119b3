import { brotliCompressSync, gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attachmentOpening } from '../../../functions/read/evidence/lines.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import { bytesOf } from './builders.ts';
import { exampleBundle, verifyLines } from './exampleBundle.ts';

const wrongCheckSum = (packed: Buffer): Buffer => packed.fill(0, packed.length - 8, packed.length - 4);
const { lines, replaced } = await exampleBundle();

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
    const report = await verifyLines(replaced('alpha', 2).slice(0, -1));
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
