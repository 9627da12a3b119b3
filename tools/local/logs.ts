import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export interface Logs {
  /** Appends text to the file `<name>.log`. */
  write(name: string, text: string): void;
  /** Resolves once everything is written. */
  close(): Promise<void>;
}

/** Log files in a folder, one for each name; the folder is made if it is missing. */
export const openLogs = (folder: string): Logs => {
  mkdirSync(folder, { recursive: true });
  const streams = new Map<string, WriteStream>();
  return {
    write: (name, text) => {
      const stream = streams.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
      streams.set(name, stream);
      stream.write(text);
    },
    close: async () => {
      await Promise.all([...streams.values()].map((stream) => new Promise((resolve) => stream.end(resolve))));
    },
  };
};
