/** A payment as the rest of the engine sees it: parsed, complete, absent fields null. */
export interface Transaction {
  readonly transactionId: string;
  readonly userId: string;
  readonly accountId: string;
  /** Epoch milliseconds. */
  readonly occurredAtMs: number;
  /** The offset the caller wrote, minutes east of UTC, -840..840; local hour is read from it. */
  readonly offsetMinutes: number;
  /** Integer minor units of `currency`, 1..2^53-1. */
  readonly amountMinor: number;
  /** ISO 4217, capitals. */
  readonly currency: string;
  readonly channel: string | null;
  readonly deviceId: string | null;
  readonly merchantId: string | null;
  readonly merchantCategory: string | null;
  /** In its canonical form, see `canonicalIp`. */
  readonly ipAddress: string | null;
  /** Who is paid: a payee's account, handle or wallet. */
  readonly beneficiaryId: string | null;
  /** What is paid with: a token of a card or bank account. */
  readonly instrumentId: string | null;
  readonly location: Place | null;
  /** At most 20 pairs; null when none were given. */
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** Degrees: latitude -90..90, longitude -180..180. */
export interface Place {
  readonly latitude: number;
  readonly longitude: number;
}
