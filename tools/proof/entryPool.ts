import { Worker } from 'node:worker_threads';
import type { PackedFacts } from './entryFacts.ts';

interface Waiting {
  readonly resolve: (facts: PackedFacts) => void;
  readonly reject: (error: unknown) => void;
}

/** Threads that scan and hash entries: what costs most of a verification, and needs nothing but the lines. */
export interface EntryPool {
  /** The facts of the entries in a block of whole lines. */
  facts(block: Uint8Array): Promise<PackedFacts>;
  close(): Promise<void>;
}

export const startEntryPool = (threads: number): EntryPool => {
  const members = Array.from({ length: threads }, startMember);
  let turn = 0;
  return {
    facts: (block) => members[turn++ % threads]!.facts(block),
    close: async () => {
      await Promise.all(members.map((member) => member.close()));
    },
  };
};

/** A thread answers in the order in which it was asked. */
const startMember = () => {
  const worker = new Worker(new URL('./entryWorker.ts', import.meta.url));
  const waiting: Waiting[] = [];
  const fail = (error: unknown): void => {
    for (const { reject } of waiting.splice(0)) reject(error);
  };
  worker.on('message', (facts: PackedFacts) => waiting.shift()!.resolve(facts));
  worker.on('error', fail);
  worker.on('exit', (code) => fail(new Error(`a verifying thread ended with code ${code}`)));
  return {
    facts: (block: Uint8Array): Promise<PackedFacts> => {
      const copy = new Uint8Array(block);
      const answer = new Promise<PackedFacts>((resolve, reject) => waiting.push({ resolve, reject }));
      // Heard by whoever takes the answer; until then a thread that dies must not end the process.
      answer.catch(() => undefined);
      worker.postMessage(copy, [copy.buffer]);
      return answer;
    },
    close: () => worker.terminate(),
  };
};
