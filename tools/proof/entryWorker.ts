import { parentPort } from 'node:worker_threads';
import { linesIn } from '../../functions/read/evidence/lines.ts';
import { entryFacts, isEntryLine, packFacts } from './entryFacts.ts';

/** A thread of `entryPool`: a block of lines in, the facts of its entries out, in order. */
parentPort!.on('message', (block: Uint8Array) => {
  const lines = linesIn(Buffer.from(block.buffer, block.byteOffset, block.byteLength));
  parentPort!.postMessage(packFacts(lines.filter(isEntryLine).map(entryFacts)));
});
