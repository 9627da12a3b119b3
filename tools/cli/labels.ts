import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import cliProgress from 'cli-progress';
import { type Command, Option } from 'commander';
import { type AegisClient, aegisClient } from '../../client/client.ts';
import { hasCardNumber, maskCardNumbers } from '../../shared/contract/cardNumbers.ts';
import { cardNumberFault, show } from '../../shared/contract/fault.ts';
import { splitLine } from './csv.ts';
import { resolveTarget } from './target.ts';

const dispositions = ['CONFIRMED_FRAUD', 'LEGITIMATE'] as const;
type LabelDisposition = (typeof dispositions)[number];

export interface ImportOptions {
  /** Of rows that name none. */
  readonly disposition: LabelDisposition;
  readonly note?: string;
  /** Rows on their way at a time. */
  readonly atOnce: number;
  readonly onProgress?: (bytesRead: number) => void;
}

export interface RowError {
  /** From 1, the header included. */
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

/**
 * Labels of a CSV file with a header line, through the API: a column `transactionId` (or `transaction_id`, `id`), and if there are
 * `disposition` and `note`. A row that stands already is a repeat, so that a file may be imported any number of times. Rows fail alone.
 * Throws an Error for a file without such a column, and past 10,000 errors.
 */
export async function importLabels(client: AegisClient, path: string, options: ImportOptions): Promise<Imported> {
  const file = createReadStream(path);
  const lines = createInterface({ input: file, crlfDelay: Number.POSITIVE_INFINITY });
  const errors: RowError[] = [];
  const underWay = new Set<Promise<void>>();
  let labelled = 0;
  let row: ((cells: readonly string[]) => Row) | null = null;
  let line = 0;
  for await (const text of lines) {
    line += 1;
    if (text.trim() === '') continue;
    const cells = splitLine(line === 1 ? text.replace(/^\uFEFF/, '') : text).map((cell) => cell.trim());
    if (row === null) {
      row = rowReader(cells, path, options);
      continue;
    }
    const read = row(cells);
    const at = line;
    const sending = (isQuoteOpen(text) ? openQuote : send(client, read)).then((fault) => {
      if (fault === null) labelled += 1;
      else errors.push({ line: at, transactionId: maskCardNumbers(read.transactionId), detail: fault });
      underWay.delete(sending);
    });
    underWay.add(sending);
    if (underWay.size >= options.atOnce) await Promise.race(underWay);
    if (errors.length > errorsMax) throw new Error(`${path}: more than ${errorsMax} rows failed; stopped at line ${line}`);
    options.onProgress?.(file.bytesRead);
  }
  await Promise.all(underWay);
  if (row === null) throw new Error(`${path} is empty; its first line must name the columns`);
  return { labelled, errors: errors.sort((a, b) => a.line - b.line) };
}

interface Row {
  readonly transactionId: string;
  readonly disposition: string;
  readonly note: string | undefined;
}

function rowReader(header: readonly string[], path: string, options: ImportOptions): (cells: readonly string[]) => Row {
  const id = header.findIndex((name) => idColumns.includes(name));
  if (id < 0) throw new Error(`${path}: there is no column ${idColumns.join(' or ')}; there are ${header.join(', ')}`);
  const disposition = header.indexOf('disposition');
  const note = header.indexOf('note');
  return (cells) => ({
    transactionId: cells[id] ?? '',
    disposition: cells[disposition] || options.disposition,
    note: cells[note] || options.note,
  });
}

const isQuoteOpen = (text: string): boolean => text.split('"').length % 2 === 0;

const openQuote = Promise.resolve('has a quote that is not closed; line breaks inside cells are not read');

/** What was wrong, or null. */
async function send(client: AegisClient, { transactionId, disposition, note }: Row): Promise<string | null> {
  const known = dispositions.find((one) => one === disposition);
  if (known === undefined) return `disposition must be one of ${dispositions.join(', ')}; given ${show(disposition)}`;
  if (transactionId === '') return 'transactionId is empty';
  // It would stand in the path of a request.
  if (hasCardNumber(transactionId)) return `transactionId ${cardNumberFault('').detail}`;
  try {
    const { error, response } = await client.POST('/decisions/{transactionId}/review', {
      params: { path: { transactionId } },
      body: { disposition: known, ...(note !== undefined && { note }) },
    });
    if (error === undefined) return null;
    return `${response.status} ${[error.detail, ...(error.errors ?? []).map((fault) => fault.detail)].join(' ')}`;
  } catch (error) {
    return `no answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}

interface Flags {
  readonly url?: string;
  readonly key?: string;
  readonly disposition: LabelDisposition;
  readonly note?: string;
  readonly json?: true;
}

const atOnce = 8;

export const configure = (labels: Command): void => {
  labels
    .command('import <csv>')
    .description('late labels in bulk, such as chargebacks; rows that stand already change nothing')
    .option('--url <url>', 'address of the API (default: AEGIS_URL, else the running local stack)')
    .option('--key <key>', 'API key with the scope review (default: AEGIS_KEY, else the local stack)')
    .addOption(new Option('--disposition <name>', 'of rows that name none').choices(dispositions).default('CONFIRMED_FRAUD'))
    .option('--note <text>', 'of rows that have none')
    .option('--json', 'print JSON')
    .action(async (csv: string, { disposition, note, json, ...target }: Flags) => {
      const bar = new cliProgress.SingleBar({
        stream: process.stderr,
        format: '{bar} {percentage}% {eta_formatted}',
        clearOnComplete: true,
      });
      const { size } = await stat(csv);
      const client = aegisClient(resolveTarget(target));
      bar.start(size, 0);
      const result = await importLabels(client, csv, {
        disposition,
        ...(note !== undefined && { note }),
        atOnce,
        onProgress: (bytesRead) => bar.update(bytesRead),
      }).finally(() => bar.stop());
      for (const { line, transactionId, detail } of result.errors) console.error(`line ${line}, ${transactionId}: ${detail}`);
      console.log(
        json === true ? JSON.stringify(result) : `${result.labelled} labelled, ${result.errors.length} rows with errors`,
      );
      if (result.errors.length > 0) process.exitCode = 1;
    });
};
