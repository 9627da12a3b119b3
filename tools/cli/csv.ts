import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { createGunzip } from 'node:zlib';
import type { Transaction } from '../../shared/domain/transaction.ts';

/** Which column holds which field. */
const fields = [
  'transactionId',
  'userId',
  'accountId',
  'occurredAt',
  'amount',
  'amountMinor',
  'currency',
  'channel',
  'deviceId',
  'merchantId',
  'merchantCategory',
  'latitude',
  'longitude',
  'type',
] as const;
type Field = (typeof fields)[number];
export type ColumnMap = Partial<Readonly<Record<Field, string>>>;

/** Column names that mean a field where no map says otherwise. */
const usualNames: Readonly<Record<Field, readonly string[]>> = {
  transactionId: ['transactionId', 'transaction_id', 'id'],
  userId: ['userId', 'user'],
  accountId: ['accountId', 'account', 'card', 'customer', 'cc_num'],
  occurredAt: ['occurredAt', 'ts', 'time', 'timestamp', 'unix_time'],
  amount: ['amount', 'amt'],
  amountMinor: ['amountMinor'],
  currency: ['currency'],
  channel: ['channel'],
  deviceId: ['deviceId', 'device', 'ip_prefix'],
  merchantId: ['merchantId', 'merchant', 'terminal'],
  merchantCategory: ['merchantCategory', 'category', 'mcc'],
  latitude: ['latitude', 'lat'],
  longitude: ['longitude', 'lon', 'long'],
  type: ['type', 'scenario'],
};

export interface LabelledPayment {
  readonly transaction: Transaction;
  readonly fraud: boolean;
  readonly type: string;
}

/** Bytes read so far of how many: for a progress bar. */
export type Progress = (read: number, total: number) => void;

const defaultCurrency = 'EUR';

/**
 * The payments of a CSV file (plain or .gz) with a header line, in file order. `amount` is in whole units with two decimals; times are
 * epoch seconds or anything `Date` reads. Throws an Error naming line and column of what cannot be read.
 */
export async function* readPayments(
  path: string,
  label: string,
  map: ColumnMap = {},
  progress: Progress = () => undefined,
): AsyncGenerator<LabelledPayment> {
  const { size } = await stat(path);
  const file = createReadStream(path);
  const lines = createInterface({
    input: path.endsWith('.gz') ? file.pipe(createGunzip()) : file,
    crlfDelay: Number.POSITIVE_INFINITY,
  });
  let read: ((cells: readonly string[], number: number) => LabelledPayment) | null = null;
  let number = 0;
  for await (const line of lines) {
    number += 1;
    if (line === '') continue;
    const cells = splitLine(line);
    if (read === null) {
      read = readerOf(cells, label, map, path);
      continue;
    }
    if (number % 1000 === 0) progress(file.bytesRead, size);
    yield read(cells, number);
  }
  progress(size, size);
}

/** Cells may be quoted, with quotes doubled inside; line breaks inside cells are not read. */
export const splitLine = (line: string): string[] => {
  if (!line.includes('"')) return line.split(',');
  return Array.from(line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g), ([, quoted, plain]) =>
    quoted === undefined ? plain! : quoted.replaceAll('""', '"'),
  );
};

const readerOf = (header: readonly string[], label: string, map: ColumnMap, path: string) => {
  const columnOf = (name: string): number => {
    const at = header.indexOf(name);
    if (at < 0) throw new Error(`${path}: there is no column ${name}; there are ${header.join(', ')}`);
    return at;
  };
  for (const field of Object.keys(map)) {
    if (!(fields as readonly string[]).includes(field))
      throw new Error(`the map names ${field}; allowed are ${fields.join(', ')}`);
  }
  const columns = new Map<Field, number>();
  for (const field of fields) {
    const name = map[field] ?? usualNames[field].find((usual) => header.includes(usual));
    if (name !== undefined) columns.set(field, columnOf(name));
  }
  const labelAt = columnOf(label);
  for (const needed of ['accountId', 'occurredAt'] as const) {
    if (!columns.has(needed)) throw new Error(`${path}: no column is ${needed}; name it in the map`);
  }
  if (!columns.has('amount') && !columns.has('amountMinor')) throw new Error(`${path}: no column is amount or amountMinor`);

  return (cells: readonly string[], number: number): LabelledPayment => {
    const cell = (field: Field): string | null => {
      const at = columns.get(field);
      const text = at === undefined ? '' : (cells[at] ?? '');
      return text === '' ? null : text;
    };
    const id = (field: Field): string | null =>
      cell(field)
        ?.replaceAll(/[^A-Za-z0-9_.:-]/g, '-')
        .slice(0, 64) ?? null;
    const numberIn = (field: Field): number | null => {
      const text = cell(field);
      if (text === null) return null;
      const value = Number(text);
      if (!Number.isFinite(value)) throw new Error(`${path}, line ${number}: ${field} is ${text}, a number expected`);
      return value;
    };
    const accountId = id('accountId');
    const when = cell('occurredAt') ?? '';
    const occurredAtMs = /^\d+(\.\d+)?$/.test(when) ? Math.round(Number(when) * 1000) : Date.parse(when);
    if (accountId === null || Number.isNaN(occurredAtMs)) {
      throw new Error(`${path}, line ${number}: an account and a time expected, given ${cell('accountId')} and ${when}`);
    }
    const latitude = numberIn('latitude');
    const longitude = numberIn('longitude');
    const truth = (cells[labelAt] ?? '').toLowerCase();
    const transaction: Transaction = {
      transactionId: id('transactionId') ?? `line-${number}`,
      userId: id('userId') ?? accountId,
      accountId,
      occurredAtMs,
      offsetMinutes: 0,
      amountMinor: Math.max(1, numberIn('amountMinor') ?? Math.round((numberIn('amount') ?? 0) * 100)),
      currency: cell('currency') ?? defaultCurrency,
      channel: id('channel'),
      deviceId: id('deviceId'),
      merchantId: id('merchantId'),
      merchantCategory: id('merchantCategory'),
      location: latitude === null || longitude === null ? null : { latitude, longitude },
      metadata: null,
    };
    return { transaction, fraud: truth === '1' || truth === 'true' || truth === 'yes', type: cell('type') ?? '' };
  };
};
