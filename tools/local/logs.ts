import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';

export interface Logs {
  /** Appends text to the file `<name>.log`. */
  write(name: string, text: string): void;
  /** Resolves once everything is written. */
  close(): Promise<void>;
}

/** Log files in a folder, one for each name; the folder is made if it is missing. `onLine` is told of each line that is complete. */
export const openLogs = (folder: string, onLine?: (line: string) => void): Logs => {
  mkdirSync(folder, { recursive: true });
  const begun = new Map<string, string>();
  const streams = new Map<string, WriteStream>();
  return {
    write: (name, text) => {
      const stream = streams.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
      streams.set(name, stream);
      stream.write(text);
      if (onLine === undefined) return;
      const lines = `${begun.get(name) ?? ''}${text}`.split('\n');
      begun.set(name, lines.pop()!);
      for (const line of lines) onLine(line);
    },
    close: async () => {
      await Promise.all([...streams.values()].map((stream) => new Promise((resolve) => stream.end(resolve))));
    },
  };
};
