import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Unreadable } from './finding.ts';

/** No bundle has a longer line. */
const lineBytesMax = 16 * 2 ** 20;
const chunkBytes = 2 ** 20;

export const fileChunks = (path: string): AsyncIterable<Buffer> => createReadStream(path, { highWaterMark: chunkBytes });

/**
 * The lines of a bundle, a block of whole lines at a time: of gzip, of plain JSON lines, or of the bundle attached to an evidence page.
 * Throws Unreadable for what is none of these, cut off or damaged.
 */
export const bundleBlocksOf = (source: AsyncIterable<Buffer>, onProgress?: (bytesRead: number) => void): AsyncGenerator<Buffer> =>
  blocksOf(plain(counted(source, onProgress)));

/** The lines of a block without their newlines, as views of it. */
export const linesIn = (block: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  let start = 0;
  for (let end = block.indexOf(newline); end >= 0; end = block.indexOf(newline, start)) {
    lines.push(block.subarray(start, end));
    start = end + 1;
  }
  return lines;
};

const newline = 10;

async function* counted(
  source: AsyncIterable<Buffer>,
  onProgress: ((bytesRead: number) => void) | undefined,
): AsyncGenerator<Buffer> {
  let bytesRead = 0;
  for await (const chunk of source) {
    bytesRead += chunk.length;
    yield chunk;
    onProgress?.(bytesRead);
  }
}

/** Unpacks gzip, takes the bundle out of an evidence page, lets plain lines through. */
async function* plain(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const chunks = source[Symbol.asyncIterator]();
  const first = await chunks.next();
  if (first.done) throw new Unreadable('the file is empty');
  const rest: AsyncIterable<Buffer> = prepend(first.value, { [Symbol.asyncIterator]: () => chunks });
  const start = first.value.subarray(0, 4);
  if (start[0] === 0x1f && start[1] === 0x8b) yield* unzipped(rest);
  else if (start[0] === 0x3c) yield* unzipped(Readable.from([await attached(rest)]));
  else if (start[0] === 0x7b) yield* rest;
  else throw new Unreadable('this is no bundle: neither gzip, nor JSON lines, nor an evidence page');
}

async function* prepend(first: Buffer, rest: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  yield first;
  yield* rest;
}

async function* unzipped(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: chunkBytes });
  const input = Readable.from(source);
  input.on('error', (error) => gunzip.destroy(error));
  input.pipe(gunzip);
  try {
    yield* gunzip as AsyncIterable<Buffer>;
  } catch (error) {
    if (
      error instanceof Unreadable ||
      !(error instanceof Error) ||
      !String((error as NodeJS.ErrnoException).code).startsWith('Z_')
    )
      throw error;
    throw new Unreadable(`the compressed file is cut off or damaged (${error.message})`);
  }
}

const pageBytesMax = 64 * 2 ** 20;
/** The mark of the attachment in an evidence page. */
export const attachmentOpening = '<script type="application/gzip" id="aegis-bundle">';

const attached = async (source: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of source) {
    length += chunk.length;
    if (length > pageBytesMax) throw new Unreadable(`the page is larger than ${pageBytesMax} bytes`);
    chunks.push(chunk);
  }
  const page = Buffer.concat(chunks).toString('utf8');
  const start = page.indexOf(attachmentOpening);
  const end = page.indexOf('</script>', start);
  if (start < 0 || end < 0 || page.indexOf(attachmentOpening, start + 1) >= 0)
    throw new Unreadable('the page has no bundle attached, or more than one');
  return Buffer.from(page.slice(start + attachmentOpening.length, end), 'base64');
};

async function* blocksOf(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes: Buffer = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const end = bytes.lastIndexOf(newline) + 1;
    rest = bytes.subarray(end);
    if (rest.length > lineBytesMax) throw new Unreadable(`a line is longer than ${lineBytesMax} bytes`);
    if (end > 0) yield bytes.subarray(0, end);
  }
  if (rest.length > 0) throw new Unreadable('the bundle is cut off within a line');
}
