import { readFileSync } from 'node:fs';
import cliProgress from 'cli-progress';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import type { EvaluatedRow } from '../evaluation/evaluation.ts';
import { EngineStream } from '../evaluation/stream.ts';
import { type ColumnMap, readPayments } from './csv.ts';

export interface FileOptions {
  readonly policy: CompiledPolicy;
  readonly label: string;
  /** JSON: field to column. */
  readonly map?: string;
  readonly labelDelayDays: number;
  readonly quiet: boolean;
}

const dayMs = 86_400_000;
/** Payments of one file that are held: about 1.5 GB. */
const rowsMax = 4_000_000;

/** A labelled file through the engine in time order, with a progress bar on standard error. Throws an Error when it is not sorted by time. */
export const streamFile = async (path: string, options: FileOptions): Promise<readonly EvaluatedRow[]> => {
  const map = options.map === undefined ? {} : (JSON.parse(readFileSync(options.map, 'utf8')) as ColumnMap);
  const engine = new EngineStream(options.policy, options.labelDelayDays * dayMs);
  const accounts = new Map<string, number>();
  const rows: EvaluatedRow[] = [];
  const bar = new cliProgress.SingleBar({
    stream: process.stderr,
    format: '{bar} {percentage}% {eta_formatted}',
    clearOnComplete: true,
  });
  if (!options.quiet) bar.start(1, 0);
  let newestMs = Number.NEGATIVE_INFINITY;
  try {
    const payments = readPayments(path, options.label, map, (read, total) => {
      if (!options.quiet) bar.update(read / total);
    });
    for await (const { transaction, fraud, type } of payments) {
      if (transaction.occurredAtMs < newestMs) {
        throw new Error(`${path}: ${transaction.transactionId} is older than the line before it; sort the file by time`);
      }
      if (rows.length === rowsMax) throw new Error(`${path}: more than ${rowsMax} payments`);
      newestMs = transaction.occurredAtMs;
      const account = accounts.get(transaction.accountId) ?? accounts.size;
      accounts.set(transaction.accountId, account);
      rows.push({ ...engine.step(transaction, fraud), occurredAtMs: newestMs, account, fraud, type });
    }
  } finally {
    bar.stop();
  }
  return rows;
};
