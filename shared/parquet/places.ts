import { hash } from 'node:crypto';

/** What the compacted archive holds: audit entries, what the model saw of each decision, and what became known of it. */
export const datasets = ['entries', 'features', 'labels'] as const;
export type Dataset = (typeof datasets)[number];

/** The two archives of small objects that the datasets are made of: entries of `audit`, features and labels of `features`. */
export type Source = 'audit' | 'features';

/** The part of a dataset that one file belongs to. */
export interface Place {
  readonly dataset: Dataset;
  /** yyyy-mm-dd, UTC, of the row itself. */
  readonly day: string;
  /** 0..15 */
  readonly share: number;
}

export const shareCount = 16;
export const parquetPrefix = 'parquet/';

/** The share of a text: an entry's is that of its chain, which is its account's; a feature row's and a label's that of its transaction. */
export const shareOf = (text: string): number => hash('sha256', text, 'buffer')[0]! % shareCount;

/** A transaction as feature rows and labels are found by; a decision and its labels have the same share. */
export const transactionName = (tenant: string, transactionId: string): string => `${tenant} ${transactionId}`;

export const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

export const placePrefix = ({ dataset, day, share }: Place): string => `${parquetPrefix}${dataset}/day=${day}/share=${share}/`;

/** Content-addressed: the file of these bytes at a place. */
export const fileKey = (place: Place, bytes: Uint8Array): string =>
  `${placePrefix(place)}${hash('sha256', bytes, 'hex')}.parquet`;
