import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { readCsvText } from './csv.ts';

/** The labelled sample of real shape (source and licence: `test/fixtures/README.md`) as the API takes it. */
export interface SampleTransaction {
  readonly transactionId: string;
  readonly userId: string;
  readonly accountId: string;
  readonly occurredAt: string;
  readonly amountMinor: number;
  readonly currency: 'EUR';
  readonly channel: 'card' | 'online';
  readonly deviceId: string;
  readonly merchantId: string;
  readonly merchantCategory: string;
  readonly location?: { readonly latitude: number; readonly longitude: number };
}

export const sampleFile = new URL('../../test/fixtures/payments.csv.gz', import.meta.url);

const columns = ['ts', 'user', 'account', 'merchant', 'category', 'lat', 'lon', 'amount', 'card_present', 'ip_prefix'] as const;

/**
 * Returns the payments in the order of the file, which is the order of time. The truth (`fraud`, `type`) is left out. Throws Error when a
 * column is missing or an amount is not in whole cents.
 */
export const readSample = (file: URL = sampleFile): readonly SampleTransaction[] =>
  readCsvText(gunzipSync(readFileSync(file)).toString('utf8'), file.pathname, (header) => {
    const positions = columns.map((column) => header.indexOf(column));
    const missing = columns.filter((_, i) => positions[i] === -1);
    if (missing.length > 0)
      throw new Error(`${file.pathname} lacks the columns ${missing.join(', ')}; it has ${header.join(', ')}`);
    return (cells, line) => {
      const [ts, user, account, merchant, category, lat, lon, amount, cardPresent, ipPrefix] = positions.map(
        (position) => cells[position]!,
      ) as [string, string, string, string, string, string, string, string, string, string];
      return {
        // The header is line 1 and no cell holds a line break.
        transactionId: `pay_${String(line - 1).padStart(5, '0')}`,
        userId: `user_${user}`,
        accountId: `account_${account}`,
        occurredAt: new Date(Number(ts) * 1_000).toISOString(),
        amountMinor: minorUnits(amount),
        currency: 'EUR',
        channel: cardPresent === '1' ? 'card' : 'online',
        deviceId: `ip_${ipPrefix}`,
        merchantId: `merchant_${merchant}`,
        merchantCategory: category.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'),
        // The place is the merchant's: it is the payer's only when the card was there.
        ...(cardPresent === '1' ? { location: { latitude: Number(lat), longitude: Number(lon) } } : {}),
      };
    };
  });

const minorUnits = (euro: string): number => {
  const [, whole, cents = ''] = /^(\d+)(?:\.(\d{1,2}))?$/.exec(euro) ?? [];
  if (whole === undefined) throw new Error(`the amount ${euro} of the sample is not in euro and whole cents`);
  return Number(whole) * 100 + Number(cents.padEnd(2, '0'));
};
