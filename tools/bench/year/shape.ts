import { createHash } from 'node:crypto';

/**
 * The size of a stack's history. Every account pays in turn and at the same pace, so that the account, the place in its chain and the time
 * of every payment follow from the payment's number: nothing has to be stored to know what the table holds.
 */
export interface Shape {
  readonly days: number;
  readonly accounts: number;
  /** Payments of a year of 365 days. */
  readonly entriesPerYear: number;
  /** Accounts that the real engine makes, each with the same number of payments at every age. */
  readonly realAccounts: number;
  readonly realPayments: number;
}

export const dayMs = 86_400_000;
export const checkpointEveryMs = 300_000;
export const ages = [1, 30, 365] as const;
export const tenant = 'dev';
/** When the stack began. */
export const startMs = Date.UTC(2026, 0, 1);

export const shapeOf = (days: number, given: Partial<Shape> = {}): Shape => ({
  days,
  accounts: 1_000_000,
  entriesPerYear: 100_000_000,
  realAccounts: 24,
  realPayments: 24,
  ...given,
});

/** What follows from a shape. */
export class History {
  readonly shape: Shape;
  readonly everyMs: number;
  readonly entries: number;
  readonly endMs: number;
  /** Payments that one batch of the table's stream holds: those of a second, and at least one. */
  readonly batchEntries: number;
  readonly batches: number;
  /** Checkpoints that were made; the payments since the last one wait. */
  readonly checkpoints: number;

  constructor(shape: Shape) {
    this.shape = shape;
    this.everyMs = (365 * dayMs) / shape.entriesPerYear;
    this.entries = Math.floor((shape.days * dayMs) / this.everyMs);
    this.endMs = startMs + shape.days * dayMs;
    this.batchEntries = Math.max(1, 1_000 / this.everyMs);
    this.batches = Math.floor(this.entries / this.batchEntries);
    this.checkpoints = Math.floor((shape.days * dayMs) / checkpointEveryMs) - 1;
  }

  atMs(entry: number): number {
    return Math.floor(startMs + entry * this.everyMs);
  }

  accountOf(entry: number): number {
    return entry % this.shape.accounts;
  }

  sequenceOf(entry: number): number {
    return Math.floor(entry / this.shape.accounts) + 1;
  }

  /** Payments of an account so far. */
  paymentsOf(account: number): number {
    return account >= this.entries ? 0 : Math.floor((this.entries - account - 1) / this.shape.accounts) + 1;
  }

  /** The numbers of the payments of a batch: from the first up to, without, the second. */
  batch(number: number): readonly [from: number, to: number] {
    return [Math.floor(number * this.batchEntries), Math.floor((number + 1) * this.batchEntries)];
  }

  /** The first batch whose first payment is at or after this time. */
  firstBatchAt(timeMs: number): number {
    let low = 0;
    let high = this.batches;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.atMs(this.batch(middle)[0]) < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

const chainDigestBytes = 12;

/** The name of a synthetic account's chain: 22 letters, as real ones are, that tell the account's number. */
export const chainOf = (account: number): string => {
  const bytes = Buffer.alloc(chainDigestBytes + 4);
  createHash('sha256').update(`chain ${account}`).digest().copy(bytes, 0, 0, chainDigestBytes);
  bytes.writeUInt32BE(account, chainDigestBytes);
  return bytes.toString('base64url');
};

/** The account of a chain; null for a chain that is not a synthetic account's. */
export const accountOfChain = (chain: string): number | null => {
  const bytes = Buffer.from(chain, 'base64url');
  if (bytes.length !== chainDigestBytes + 4) return null;
  const account = bytes.readUInt32BE(chainDigestBytes);
  return chainOf(account) === chain ? account : null;
};

/** 64 digits that rise with the number, as hashes do not: a page of keys is found without knowing all of them. */
export const risingHash = (number: number): string =>
  `${number.toString(16).padStart(12, '0')}${createHash('sha256').update(String(number)).digest('hex').slice(12)}`;
