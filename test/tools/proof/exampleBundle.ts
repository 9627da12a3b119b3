import type { AuditEntry } from '../../../shared/proof/entry.ts';
import { verifyBytes } from '../../../tools/proof/verify.ts';
import type { VerifyOptions, VerifyReport } from '../../../tools/proof/verifyReport.ts';
import { bytesOf, type Log, lineOf, linesOf, logOf } from './builders.ts';

/** A log of four chains, two checkpoints and some entries after the last one, with the lines of its bundle. */
export interface ExampleBundle {
  readonly log: Log;
  readonly lines: readonly string[];
  /** The entry of a chain. */
  entry(chain: string, sequence: number): AuditEntry;
  /** The index of that entry's line. */
  place(chain: string, sequence: number): number;
  /** The lines with that entry's line replaced by others. */
  replaced(chain: string, sequence: number, ...by: string[]): string[];
}

export const exampleBundle = async (): Promise<ExampleBundle> => {
  const log = await logOf({ alpha: [3, 5, 8], beta: [2, 2, 4], gamma: [0, 6, 6], delta: [1, 4, 4] });
  const lines = await linesOf(log);
  const place = (chain: string, sequence: number) => lineOf(lines, chain, sequence);
  return {
    log,
    lines,
    place,
    entry: (chain, sequence) => log.chains.get(chain)![sequence - 1]!,
    replaced: (chain, sequence, ...by) => lines.toSpliced(place(chain, sequence), 1, ...by),
  };
};

export const verifyLines = (lines: readonly string[], options?: VerifyOptions): Promise<VerifyReport> =>
  verifyBytes(bytesOf(lines), options);
