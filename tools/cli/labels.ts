import cliProgress from 'cli-progress';
import { type Command, Option } from 'commander';
import { type AegisClient, aegisClient } from '../../client/client.ts';
import { hasCardNumber, maskCardNumbers } from '../../shared/contract/cardNumbers.ts';
import { cardNumberFault, show } from '../../shared/contract/fault.ts';
import { type Progress, type RowReader, readCsv } from '../local/csv.ts';
import { type ApiFlags, apiOptions, CommandFailure, refusalOf, resolveTarget } from './target.ts';

const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE'] as const;
type LabelDisposition = (typeof dispositions)[number];

export interface ImportOptions {
  /** For rows that name none. */
  readonly disposition: LabelDisposition;
  readonly note?: string;
  /** Rows sent at the same time. */
  readonly atOnce: number;
  readonly onProgress?: Progress;
}

export interface RowError {
  /** Where the row begins, from 1, the header included. */
  readonly line: number;
  readonly transactionId: string;
  readonly detail: string;
}

export interface Imported {
  readonly labelled: number;
  readonly errors: readonly RowError[];
}

const idColumns = ['transactionId', 'transaction_id', 'id'];
const errorsMax = 10_000;
/** Of a column `fraud`. */
const truthDispositions: Readonly<Record<string, LabelDisposition>> = {
  '1': 'CONFIRMED_FRAUD',
  true: 'CONFIRMED_FRAUD',
  '0': 'LEGITIMATE',
  false: 'LEGITIMATE',
};

/**
 * Sends the labels of a CSV file with a header line through the API. Columns: `transactionId` (or `transaction_id`, `id`), and optionally
 * `disposition` and `note`; without `disposition` a column `fraud` of 1 and 0, as `aegis simulate --csv` writes it. A label that exists already
 * changes nothing, so a file may be imported any number of times. A row that the API refuses fails alone. Throws an Error for a file without
 * a column of transactions, for text that is not CSV and past 10,000 errors, and a CommandFailure when the key is refused or the API does not answer.
 */
export async function importLabels(client: AegisClient, path: string, options: ImportOptions): Promise<Imported> {
  const errors: RowError[] = [];
  const underWay = new Set<Promise<void>>();
  let labelled = 0;
  let refused: unknown = null;
  try {
    for await (const row of readCsv(path, (header) => rowReader(header, path, options), options.onProgress)) {
      const sending = send(client, row)
        .then((fault) => {
          if (fault === null) labelled += 1;
          else errors.push({ line: row.line, transactionId: maskCardNumbers(row.transactionId), detail: fault });
        })
        .catch((error: unknown) => {
          refused = error;
        })
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      if (underWay.size >= options.atOnce) await Promise.race(underWay);
      if (refused !== null) throw refused;
      if (errors.length > errorsMax) throw new Error(`${path}: more than ${errorsMax} rows failed; stopped at line ${row.line}`);
    }
  } finally {
    await Promise.all(underWay);
  }
  if (refused !== null) throw refused;
  return { labelled, errors: errors.sort((a, b) => a.line - b.line) };
}

interface Row {
  readonly line: number;
  readonly transactionId: string;
  readonly disposition: string;
  readonly note: string | undefined;
}

function rowReader(columns: readonly string[], path: string, options: ImportOptions): RowReader<Row> {
  const header = columns.map((name) => name.trim());
  const id = header.findIndex((name) => idColumns.includes(name));
  if (id < 0) throw new Error(`${path}: there is no column ${idColumns.join(' or ')}; the file has ${header.join(', ')}`);
  const disposition = header.indexOf('disposition');
  const fraud = header.indexOf('fraud');
  const note = header.indexOf('note');
  const dispositionIn = (cells: readonly string[]): string => {
    const truth = disposition < 0 ? cells[fraud]?.trim() : undefined;
    if (truth !== undefined && truth !== '') return truthDispositions[truth.toLowerCase()] ?? truth;
    return cells[disposition]?.trim() || options.disposition;
  };
  return (cells, line) => ({
    line,
    transactionId: cells[id]?.trim() ?? '',
    disposition: dispositionIn(cells),
    note: cells[note]?.trim() || options.note,
  });
}

/** Returns what was wrong, or null. Throws CommandFailure when the key is refused or no answer comes, since no other row can succeed either. */
async function send(client: AegisClient, { transactionId, disposition, note }: Row): Promise<string | null> {
  const known = dispositions.find((one) => one === disposition);
  if (known === undefined) return `disposition must be one of ${dispositions.join(', ')}; given ${show(disposition)}`;
  if (transactionId === '') return 'transactionId is empty';
  // It would be part of the path of a request.
  if (hasCardNumber(transactionId)) return `transactionId ${cardNumberFault('').detail}`;
  const { error, response } = await client
    .POST('/decisions/{transactionId}/review', {
      params: { path: { transactionId } },
      body: { disposition: known, source: 'IMPORT', ...(note !== undefined && { note }) },
    })
    .catch((cause: unknown) => {
      throw new CommandFailure(`the API does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, 2);
    });
  if (error === undefined) return null;
  const refusal = refusalOf('the API', { status: response.status, body: error });
  if (refusal !== null) throw new CommandFailure(refusal, 2);
  return `${response.status} ${[error.detail, ...(error.errors ?? []).map((fault) => fault.detail)].join(' ')}`;
}

interface Flags extends ApiFlags {
  readonly disposition: LabelDisposition;
  readonly note?: string;
  readonly json?: true;
}

const atOnce = 8;

export const configure = (labels: Command): void => {
  apiOptions(labels.command('import <csv>'), 'with the scope review')
    .description('import late labels in bulk, such as chargebacks; a label that exists already changes nothing')
    .addOption(new Option('--disposition <name>', 'for rows that name none').choices(dispositions).default('CONFIRMED_FRAUD'))
    .option('--note <text>', 'for rows that have none')
    .option('--json', 'print JSON')
    .action(async (csv: string, { disposition, note, json, ...target }: Flags) => {
      const bar = new cliProgress.SingleBar({
        stream: process.stderr,
        format: '{bar} {percentage}% {eta_formatted}',
        clearOnComplete: true,
      });
      const client = aegisClient(resolveTarget(target));
      bar.start(1, 0);
      const result = await importLabels(client, csv, {
        disposition,
        ...(note !== undefined && { note }),
        atOnce,
        onProgress: (read, total) => bar.update(read / total),
      }).finally(() => bar.stop());
      for (const { line, transactionId, detail } of result.errors) console.error(`line ${line}, ${transactionId}: ${detail}`);
      console.log(
        json === true ? JSON.stringify(result) : `${result.labelled} labelled, ${result.errors.length} rows with errors`,
      );
      if (result.errors.length > 0) process.exitCode = 1;
    });
};
