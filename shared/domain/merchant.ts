/** Labels of one merchant's transactions, as known at one time. */
export interface MerchantFigures {
  readonly labelled: number;
  readonly frauds: number;
  /** Decayed shares for the model, half-lives of 2 and 10 days; null while nothing is labelled. */
  readonly riskShort: number | null;
  readonly riskLong: number | null;
}

export const noFigures: MerchantFigures = { labelled: 0, frauds: 0, riskShort: null, riskLong: null };
