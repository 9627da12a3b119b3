import { decayed } from './decayed.ts';
import { dayMs } from './durations.ts';
import type { MerchantFigures } from './merchant.ts';

/** What is kept of one merchant's labels, so that its figures can be read at any later time. */
export interface MerchantLabels {
  readonly labelled: number;
  readonly frauds: number;
  /** When a label was last added; the decayed numbers are kept as of then. */
  readonly atMs: number;
  readonly labelledShort: number;
  readonly fraudsShort: number;
  readonly labelledLong: number;
  readonly fraudsLong: number;
}

export const noLabels: MerchantLabels = {
  labelled: 0,
  frauds: 0,
  atMs: 0,
  labelledShort: 0,
  fraudsShort: 0,
  labelledLong: 0,
  fraudsLong: 0,
};

export const shortHalfLifeMs = 2 * dayMs;
export const longHalfLifeMs = 10 * dayMs;
/** One more label, counted from the time it became known. */
export const addLabel = (labels: MerchantLabels, fraud: boolean, knownAtMs: number): MerchantLabels => {
  const atMs = Math.max(labels.atMs, knownAtMs);
  const own = fraud ? 1 : 0;
  return {
    labelled: labels.labelled + 1,
    frauds: labels.frauds + own,
    atMs,
    labelledShort: decayed(labels.labelledShort, labels.atMs, atMs, shortHalfLifeMs) + 1,
    fraudsShort: decayed(labels.fraudsShort, labels.atMs, atMs, shortHalfLifeMs) + own,
    labelledLong: decayed(labels.labelledLong, labels.atMs, atMs, longHalfLifeMs) + 1,
    fraudsLong: decayed(labels.fraudsLong, labels.atMs, atMs, longHalfLifeMs) + own,
  };
};

/** The figures: shares of fraud among recent labels, to 6 decimals; they do not depend on when they are read. */
export const merchantFigures = (labels: MerchantLabels): MerchantFigures => ({
  labelled: labels.labelled,
  frauds: labels.frauds,
  riskShort: share(labels.fraudsShort, labels.labelledShort),
  riskLong: share(labels.fraudsLong, labels.labelledLong),
});

const share = (frauds: number, labelled: number): number | null =>
  labelled > 0 ? Math.round((frauds / labelled) * 1e6) / 1e6 : null;
