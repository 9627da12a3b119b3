import { Readable } from 'node:stream';
import { Unreadable } from '../../functions/read/evidence/finding.ts';
import { bundleBlocksOf, fileChunks } from '../../functions/read/evidence/lines.ts';
import { BundleCheck } from './bundleCheck.ts';
import { type BlockWithFacts, FactReader } from './factReader.ts';
import type { VerifyOptions, VerifyReport } from './verifyReport.ts';

/** Blocks of about a megabyte that wait for their facts. */
const blocksAhead = 8;

/**
 * Verifies a bundle file: gzip or plain JSON lines, or an evidence page that has one attached. Needs no service and no secret. Never
 * throws for what the file holds; rejects only when it cannot be opened.
 */
export const verifyFile = async (path: string, options: VerifyOptions = {}): Promise<VerifyReport> =>
  verifyChunks(fileChunks(path), options);

export const verifyBytes = async (bytes: Uint8Array, options: VerifyOptions = {}): Promise<VerifyReport> =>
  verifyChunks(Readable.from(bytes.length === 0 ? [] : [Buffer.from(bytes)]), options);

/** The same for a bundle that comes in pieces, from wherever. */
export const verifyChunks = async (source: AsyncIterable<Buffer>, options: VerifyOptions = {}): Promise<VerifyReport> => {
  const check = new BundleCheck(options);
  const reader = new FactReader(options.threads);
  const ahead: Promise<BlockWithFacts>[] = [];
  const next = async (): Promise<void> => {
    const { block, facts } = await ahead.shift()!;
    check.block(block, facts);
  };
  let unreadable: Unreadable | null = null;
  try {
    try {
      for await (const block of bundleBlocksOf(source, options.onProgress)) {
        const reading = reader.read(block);
        // When an earlier line ends the reading, nothing awaits this promise any more.
        reading.catch(() => undefined);
        ahead.push(reading);
        if (ahead.length > blocksAhead) await next();
      }
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      unreadable = error;
    }
    while (ahead.length > 0) await next();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    unreadable = error;
  } finally {
    await reader.close();
  }
  return check.report(unreadable?.message ?? null);
};
