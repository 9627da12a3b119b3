import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dayMs } from '../../shared/domain/durations.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { readCsv } from '../local/csv.ts';

/** One payment of a labelled set; `type` is for reports only. */
interface Labelled {
  readonly transaction: Transaction;
  readonly fraud: boolean;
  readonly type: string;
}

/** Where the labelled sets lie; null when they are not there. */
export const dataDirectory = (): string | null => {
  const path = process.env.AEGIS_DATA_DIR ?? join(import.meta.dirname, '../../../shared/data');
  return existsSync(path) ? path : null;
};

/** Returns the rows of a gzipped CSV file, each by column name. */
const readRows = (path: string): AsyncGenerator<(name: string) => string> =>
  readCsv(path, (header) => {
    const columns = new Map(header.map((name, i) => [name, i]));
    return (cells) => (name) => cells[columns.get(name) ?? missingColumn(path, name)] ?? '';
  });

const missingColumn = (path: string, name: string): never => {
  throw new Error(`${path}: there is no column ${name}`);
};

const readTable = async (path: string, key: string): Promise<Map<string, (name: string) => string>> => {
  const table = new Map<string, (name: string) => string>();
  for await (const row of readRows(path)) table.set(row(key), row);
  return table;
};

const payment = (id: number, row: (name: string) => string, change: Partial<Transaction>): Transaction => ({
  transactionId: `t${id}`,
  userId: 'u',
  accountId: 'a',
  occurredAtMs: Number(row('ts')) * 1000,
  offsetMinutes: 0,
  amountMinor: Math.max(1, Math.round(Number(row('amount')) * 100)),
  currency: 'EUR',
  channel: null,
  deviceId: null,
  merchantId: null,
  merchantCategory: null,
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
  ...change,
});

const handbookFiles = ['2018-04-01_2018-04-30', '2018-05-01_2018-05-31', '2018-06-01_2018-06-30', '2018-07-01_2018-08-14'];

/** Customers and terminals, times and amounts alone. */
async function* handbook(directory: string): AsyncGenerator<Labelled> {
  let id = 0;
  for (const file of handbookFiles) {
    for await (const row of readRows(join(directory, `handbook/tx_${file}.csv.gz`))) {
      const account = `c${row('customer')}`;
      yield {
        transaction: payment(id++, row, { userId: account, accountId: account, merchantId: `m${row('terminal')}` }),
        fraud: row('fraud') === '1',
        type: row('scenario'),
      };
    }
  }
}

/** The place counts where the category says that the card was there. */
async function* sparkov(directory: string): AsyncGenerator<Labelled> {
  const merchants = await readTable(join(directory, 'sparkov/merchants_2019.csv.gz'), 'merchant');
  let id = 0;
  for await (const row of readRows(join(directory, 'sparkov/tx_2019.csv.gz'))) {
    const account = `c${row('card')}`;
    const category = merchants.get(row('merchant'))!('category');
    yield {
      transaction: payment(id++, row, {
        userId: account,
        accountId: account,
        merchantId: `m${row('merchant')}`,
        merchantCategory: category,
        location: category.endsWith('_net') ? null : { latitude: Number(row('lat')), longitude: Number(row('lon')) },
      }),
      fraud: row('fraud') === '1',
      type: row('fraud') === '1' ? 'fraud' : '',
    };
  }
}

/** The /24 prefix stands for the device; the country of an address is left out, as it gives the generator away. */
async function* mlfsGeo(directory: string): AsyncGenerator<Labelled> {
  const merchants = await readTable(join(directory, 'mlfs-geo/merchants_a.csv.gz'), 'merchant');
  const cards = await readTable(join(directory, 'mlfs-geo/cards_a.csv.gz'), 'card');
  let id = 0;
  for await (const row of readRows(join(directory, 'mlfs-geo/tx_a.csv.gz'))) {
    const merchant = merchants.get(row('merchant'))!;
    yield {
      transaction: payment(id++, row, {
        userId: `u${cards.get(row('card'))!('account')}`,
        accountId: `c${row('card')}`,
        merchantId: `m${row('merchant')}`,
        merchantCategory: merchant('category').replaceAll(' ', '-'),
        channel: row('card_present') === '1' ? 'card-present' : 'online',
        deviceId: row('ip').split('.').slice(0, 3).join('.'),
        location: row('card_present') === '1' ? { latitude: Number(merchant('lat')), longitude: Number(merchant('lon')) } : null,
      }),
      fraud: row('fraud') === '1',
      type: row('type'),
    };
  }
}

/** A test period, and the training period that ends a label's delay before it; half-open, epoch milliseconds. */
interface Split {
  readonly trainFromMs: number;
  readonly trainToMs: number;
  readonly testFromMs: number;
  readonly testToMs: number;
}

export const labelDelayMs = 7 * dayMs;

const split = (trainFrom: string, trainDays: number, testDays: number): Split => {
  const trainFromMs = Date.parse(trainFrom);
  const testFromMs = trainFromMs + trainDays * dayMs + labelDelayMs;
  return { trainFromMs, trainToMs: testFromMs - labelDelayMs, testFromMs, testToMs: testFromMs + testDays * dayMs };
};

export interface QualitySet {
  readonly name: string;
  readonly rows: (directory: string) => AsyncGenerator<Labelled>;
  readonly splits: readonly Split[];
  /** Leave accounts out of the test once their compromise is known, as the Handbook does. */
  readonly leaveOutKnown: boolean;
}

export const qualitySets: readonly QualitySet[] = [
  {
    name: 'handbook',
    rows: handbook,
    splits: ['2018-07-04', '2018-07-11', '2018-07-18', '2018-07-25'].map((start) => split(start, 7, 7)),
    leaveOutKnown: true,
  },
  { name: 'sparkov', rows: sparkov, splits: [split('2019-02-01', 150, 180)], leaveOutKnown: false },
  { name: 'mlfs-geo', rows: mlfsGeo, splits: [split('2025-10-09', 23, 23)], leaveOutKnown: false },
];
