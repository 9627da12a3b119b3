/** What is known of one merchant at one time. */
export interface MerchantFigures {
  /** Of its transactions, those with a label. */
  readonly labelled: number;
  readonly frauds: number;
  /** Decayed shares for the model, half-lives of 2 and 10 days; null while nothing is labelled. */
  readonly riskShort: number | null;
  readonly riskLong: number | null;
  /** Left out while its traffic is not known, as 0.1 left it out of all. */
  readonly traffic?: TrafficFigures;
}

/** What the stream counted of a merchant's decisions: lagged by some seconds, and approximate (`distinctCount.ts`). */
export interface TrafficFigures {
  /** The time of the newest payment that was counted. */
  readonly asOfMs: number;
  /** Within an hour: different accounts, and payments. */
  readonly accounts1h: number;
  readonly payments1h: number;
  /** Shares of these payments; null without any. */
  readonly newDeviceShare1h: number | null;
  readonly flaggedShare1h: number | null;
  /** The merchant's own normal: means over the hours that had payments; null while there are none. */
  readonly usualAccounts1h: number | null;
  readonly usualPayments1h: number | null;
  readonly usualNewDeviceShare: number | null;
  readonly usualFlaggedShare: number | null;
}

export const noFigures: MerchantFigures = { labelled: 0, frauds: 0, riskShort: null, riskLong: null };
