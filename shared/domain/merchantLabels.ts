import { decayed } from './decayed.ts';
import type { MerchantFigures } from './merchant.ts';
import { dayMs } from './window.ts';

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
/** Labels' worth of belief that a merchant has no fraud. */
const priorLabels = 0;

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

/** The figures at a time: old labels fade towards no fraud. */
export const merchantFigures = (labels: MerchantLabels, atMs: number): MerchantFigures => {
  const share = (frauds: number, labelled: number, halfLifeMs: number): number => {
    const factor = decayed(1, labels.atMs, Math.max(atMs, labels.atMs), halfLifeMs);
    return (frauds * factor) / (labelled * factor + priorLabels);
  };
  return {
    labelled: labels.labelled,
    frauds: labels.frauds,
    riskShort: labels.labelled === 0 ? null : share(labels.fraudsShort, labels.labelledShort, shortHalfLifeMs),
    riskLong: labels.labelled === 0 ? null : share(labels.fraudsLong, labels.labelledLong, longHalfLifeMs),
  };
};
