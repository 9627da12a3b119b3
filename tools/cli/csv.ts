import { canonicalIp } from '../../shared/domain/ipAddress.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { type Progress, type RowReader, readCsv } from '../local/csv.ts';

/** Fields that a column can hold. */
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
  'ipAddress',
  'beneficiaryId',
  'instrumentId',
  'latitude',
  'longitude',
  'type',
] as const;
type Field = (typeof fields)[number];
export type ColumnMap = Partial<Readonly<Record<Field, string>>>;

/** Column names that stand for a field unless a map says otherwise. */
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
  ipAddress: ['ipAddress', 'ip'],
  beneficiaryId: ['beneficiaryId', 'beneficiary', 'payee'],
  instrumentId: ['instrumentId', 'instrument'],
  latitude: ['latitude', 'lat'],
  longitude: ['longitude', 'lon', 'long'],
  type: ['type', 'scenario', 'attack'],
};

export interface LabelledPayment {
  readonly transaction: Transaction;
  readonly fraud: boolean;
  readonly type: string;
}

const defaultCurrency = 'EUR';

/**
 * Reads the labelled payments of a CSV file (plain or .gz) with a header line, in file order. `amount` is in whole units with two decimals;
 * times are epoch seconds or anything `Date` reads. Throws an Error naming line and column of what cannot be read.
 */
export const readPayments = (
  path: string,
  label: string,
  map: ColumnMap = {},
  progress?: Progress,
): AsyncGenerator<LabelledPayment> => readCsv(path, (header) => readerOf(header, label, map, path), progress);

const readerOf = (header: readonly string[], label: string, map: ColumnMap, path: string): RowReader<LabelledPayment> => {
  const columnOf = (name: string): number => {
    const at = header.indexOf(name);
    if (at < 0) throw new Error(`${path}: there is no column ${name}; the file has ${header.join(', ')}`);
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

  return (cells, line) => {
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
      if (!Number.isFinite(value)) throw new Error(`${path}, line ${line}: ${field} is ${text}, a number expected`);
      return value;
    };
    const accountId = id('accountId');
    const when = cell('occurredAt') ?? '';
    const occurredAtMs = /^\d+(\.\d+)?$/.test(when) ? Math.round(Number(when) * 1000) : Date.parse(when);
    if (accountId === null || Number.isNaN(occurredAtMs)) {
      throw new Error(`${path}, line ${line}: an account and a time expected, given ${cell('accountId')} and ${when}`);
    }
    const latitude = numberIn('latitude');
    const longitude = numberIn('longitude');
    const truth = (cells[labelAt] ?? '').toLowerCase();
    const transaction: Transaction = {
      transactionId: id('transactionId') ?? `line-${line}`,
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
      ipAddress: canonicalIp(cell('ipAddress') ?? ''),
      beneficiaryId: id('beneficiaryId'),
      instrumentId: id('instrumentId'),
      location: latitude === null || longitude === null ? null : { latitude, longitude },
      metadata: null,
    };
    return { transaction, fraud: truth === '1' || truth === 'true' || truth === 'yes', type: cell('type') ?? '' };
  };
};
