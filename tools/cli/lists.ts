import cliProgress from 'cli-progress';
import { type Command, InvalidArgumentError } from 'commander';
import { type AegisClient, aegisClient, type Schemas } from '../../client/client.ts';
import { hasCardNumber, maskCardNumbers } from '../../shared/contract/cardNumbers.ts';
import { cardNumberFault } from '../../shared/contract/fault.ts';
import { parseInstant } from '../../shared/contract/time.ts';
import { type Progress, type RowReader, readCsv } from '../local/csv.ts';
import { type ApiFlags, apiOptions, CommandFailure, refusalOf, resolveTarget } from './target.ts';
import { durationMs, tableText } from './values.ts';

type StoredEntry = Schemas['ListEntryPage']['items'][number];

/** An entry as it is put on a list. */
interface NewEntry {
  readonly list: string;
  readonly entry: string;
  readonly expiresAt: string | null;
  readonly note: string | null;
}

export interface RowError {
  /** Where the row begins, from 1, the header included. */
  readonly line: number;
  readonly detail: string;
}

export interface Imported {
  readonly put: number;
  /** Rows whose entry stood on the list already, with the same expiry and note. */
  readonly unchanged: number;
  readonly errors: readonly RowError[];
}

const pageLimit = 200;
/** Pages of the longest list, of which each holds 200 entries. */
const pagesMax = 51;
const errorsMax = 10_000;

/** Every entry of a list, in order. Throws a CommandFailure for a list that the policy in force has not. */
export async function entriesOf(client: AegisClient, list: string): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  let cursor: string | undefined;
  for (let pages = 0; pages < pagesMax; pages++) {
    const query = { limit: pageLimit, ...(cursor !== undefined && { cursor }) };
    const data = await answered(client.GET('/lists/{list}', { params: { path: { list }, query } }));
    entries.push(...data.items);
    cursor = data.cursor;
    if (cursor === undefined) return entries;
  }
  throw new Error(`the list ${list} has more than ${pagesMax * pageLimit} entries`);
}

/**
 * Puts the entries of a CSV file with a header line onto lists, one after the other: each is one change of the tenant's system chain. Columns:
 * `entry`, and optionally `list` (else `defaults.list`), `expiresAt` and `note`. An entry that stands there already as the row says is left
 * alone, so a file may be imported any number of times. A row that the API refuses fails alone. Throws an Error for a file without a column of
 * entries, for text that is not CSV and past 10,000 errors, and a CommandFailure when the key is refused or the API does not answer.
 */
export async function importEntries(
  client: AegisClient,
  path: string,
  defaults: { readonly list?: string; readonly expiresAt: string | null; readonly note: string | null },
  onProgress?: Progress,
): Promise<Imported> {
  const known = new Map<string, ReadonlyMap<string, StoredEntry>>();
  const errors: RowError[] = [];
  let put = 0;
  let unchanged = 0;
  for await (const { line, ...row } of readCsv(path, (header) => rowReader(header, path, defaults), onProgress)) {
    const fault = faultOf(row);
    if (fault !== null) errors.push({ line, detail: fault });
    else {
      const stored = known.get(row.list) ?? new Map((await knownEntries(client, row.list)).map((one) => [one.entry, one]));
      known.set(row.list, stored);
      if (isSame(stored.get(row.entry), row)) unchanged += 1;
      else {
        const refused = await refusalOfPut(client, row);
        if (refused === null) put += 1;
        else errors.push({ line, detail: refused });
      }
    }
    if (errors.length > errorsMax) throw new Error(`${path}: more than ${errorsMax} rows failed; stopped at line ${line}`);
  }
  return { put, unchanged, errors };
}

/** A list that is not there has none; putting an entry on it then says why. */
const knownEntries = (client: AegisClient, list: string): Promise<StoredEntry[]> =>
  entriesOf(client, list).catch((error: unknown) => {
    if (error instanceof NotFound) return [];
    throw error;
  });

type Row = NewEntry & { readonly line: number };

function rowReader(
  columns: readonly string[],
  path: string,
  defaults: { readonly list?: string; readonly expiresAt: string | null; readonly note: string | null },
): RowReader<Row> {
  const header = columns.map((name) => name.trim());
  const [list, entry, expiresAt, note] = ['list', 'entry', 'expiresAt', 'note'].map((name) => header.indexOf(name));
  if (entry === -1) throw new Error(`${path}: there is no column entry; the file has ${header.join(', ')}`);
  const cell = (cells: readonly string[], column: number): string | null => cells[column]?.trim() || null;
  return (cells, line) => ({
    line,
    list: cell(cells, list!) ?? defaults.list ?? '',
    entry: cell(cells, entry!) ?? '',
    expiresAt: cell(cells, expiresAt!) ?? defaults.expiresAt,
    note: cell(cells, note!) ?? defaults.note,
  });
}

/** What the API could not say, because it would be part of a path. */
function faultOf({ list, entry }: NewEntry): string | null {
  if (list === '') return 'the row names no list; give --list or a column list';
  if (entry === '') return 'entry is empty';
  return [list, entry].some(hasCardNumber) ? `entry ${cardNumberFault('').detail}` : null;
}

/** A time is the same however it is written. */
const isSame = (stored: StoredEntry | undefined, { expiresAt, note }: NewEntry): boolean =>
  stored !== undefined &&
  (stored.note ?? null) === note &&
  (stored.expiresAt === undefined ? expiresAt === null : Date.parse(stored.expiresAt) === parseInstant(expiresAt ?? '')?.epochMs);

async function refusalOfPut(client: AegisClient, entry: NewEntry): Promise<string | null> {
  try {
    await putEntry(client, entry);
    return null;
  } catch (error) {
    if (error instanceof CommandFailure && error.exitCode === 2) throw error;
    return maskCardNumbers(error instanceof Error ? error.message : String(error));
  }
}

const putEntry = ({ PUT }: AegisClient, { list, entry, expiresAt, note }: NewEntry): Promise<Schemas['ListEntry']> =>
  answered(
    PUT('/lists/{list}/{entry}', {
      params: { path: { list, entry } },
      body: { ...(expiresAt !== null && { expiresAt }), ...(note !== null && { note }) },
    }),
  );

class NotFound extends CommandFailure {}

/** The content of a good answer. Throws CommandFailure with exit code 2 when no request can succeed, with 1 for a refusal of this one. */
async function answered<Data>(
  asked: Promise<{ readonly data?: Data; readonly error?: Schemas['Problem']; readonly response: Response }>,
): Promise<Data> {
  const { data, error, response } = await asked.catch((cause: unknown) => {
    throw new CommandFailure(`the API does not answer: ${cause instanceof Error ? cause.message : String(cause)}`, 2);
  });
  if (error === undefined) return data!;
  const refusal = refusalOf('the API', { status: response.status, body: error });
  if (refusal !== null) throw new CommandFailure(refusal, 2);
  const detail = [error.detail, ...(error.errors ?? []).map((fault) => fault.detail)].join(' ');
  throw new (response.status === 404 ? NotFound : CommandFailure)(`${response.status} ${detail}`, 1);
}

interface EntryFlags extends ApiFlags {
  readonly expires?: string;
  readonly note?: string;
}

export const configure = (lists: Command): void => {
  apiOptions(lists.command('show [list]'), 'with the scope read')
    .description('print the lists of the policy in force, or the entries of one')
    .option('--json', 'print JSON')
    .action(async (list: string | undefined, { json, ...flags }: ApiFlags & { readonly json?: true }) => {
      const client = aegisClient(resolveTarget(flags));
      if (list !== undefined) {
        const entries = await entriesOf(client, list);
        console.log(json === true ? JSON.stringify(entries, null, 2) : entryTable(entries));
        return;
      }
      const { items } = await answered(client.GET('/lists'));
      console.log(json === true ? JSON.stringify(items, null, 2) : listTable(items));
    });
  entryOptions(apiOptions(lists.command('add <list> <entry>'), 'with the scope admin'))
    .description('put an entry on a list, or give it another expiry and note; acts everywhere within 10 s')
    .action(async (list: string, entry: string, { expires, note, ...flags }: EntryFlags) => {
      const put = await putEntry(aegisClient(resolveTarget(flags)), {
        list,
        entry,
        expiresAt: expires ?? null,
        note: note ?? null,
      });
      console.log(`${entry} is on ${list}, ${put.expiresAt ? `until ${put.expiresAt}` : 'for good'}`);
    });
  apiOptions(lists.command('remove <list> <entry>'), 'with the scope admin')
    .description('take an entry off a list; acts everywhere within 10 s')
    .action(async (list: string, entry: string, flags: ApiFlags) => {
      const client = aegisClient(resolveTarget(flags));
      await answered(client.DELETE('/lists/{list}/{entry}', { params: { path: { list, entry } } }));
      console.log(`${entry} is off ${list}`);
    });
  entryOptions(apiOptions(lists.command('import <csv>'), 'with the scopes read and admin'))
    .description('put the entries of a CSV file onto lists; columns entry, list, expiresAt, note')
    .option('--list <name>', 'for rows that name none')
    .option('--json', 'print JSON')
    .action(async (csv: string, flags: EntryFlags & { readonly list?: string; readonly json?: true }) => {
      const { list, expires, note, json, ...target } = flags;
      const bar = new cliProgress.SingleBar({
        stream: process.stderr,
        format: '{bar} {percentage}% {eta_formatted}',
        clearOnComplete: true,
      });
      const client = aegisClient(resolveTarget(target));
      const defaults = { ...(list !== undefined && { list }), expiresAt: expires ?? null, note: note ?? null };
      bar.start(1, 0);
      const result = await importEntries(client, csv, defaults, (read, total) => bar.update(read / total)).finally(() =>
        bar.stop(),
      );
      for (const { line, detail } of result.errors) console.error(`line ${line}: ${detail}`);
      const { put, unchanged, errors } = result;
      console.log(
        json === true ? JSON.stringify(result) : `${put} put, ${unchanged} unchanged, ${errors.length} rows with errors`,
      );
      if (errors.length > 0) process.exitCode = 1;
    });
};

const entryOptions = (command: Command): Command =>
  command
    .option('--expires <when>', 'a duration such as 90d, or a date and time (RFC 3339) (default: never)', expiryTime)
    .option('--note <text>', 'why it is there');

/** A duration from now on, or a time, as text of RFC 3339. */
const expiryTime = (text: string): string => {
  if (parseInstant(text) !== null) return text;
  try {
    return new Date(Date.now() + durationMs(text)).toISOString();
  } catch {
    throw new InvalidArgumentError('allowed: a duration such as 90d, or a date and time with an offset (RFC 3339)');
  }
};

const listTable = (items: Schemas['Lists']['items']): string =>
  items.length === 0
    ? 'the policy in force has no lists'
    : tableText([
        ['LIST', 'KIND', 'FIELD', 'OUTCOME', 'ENTRIES'],
        ...items.map(({ list, kind, field, outcome, entries }) => [list, kind, field, outcome, String(entries)]),
      ]);

const entryTable = (entries: readonly StoredEntry[]): string =>
  tableText([
    ['ENTRY', 'EXPIRES', 'BY', 'AT', 'NOTE'],
    ...entries.map(({ entry, expiresAt, by, at, note }) => [entry, expiresAt ?? 'never', by, at, note ?? '']),
  ]);
