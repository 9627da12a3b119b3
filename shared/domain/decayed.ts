/**
 * Exponentially decayed figures: each observation weighs 1 when made and half as much a half-life later. Kept as of `atMs`; changing
 * that time multiplies every weight alike, so means and shares do not depend on it.
 */
export interface DecayedMoments {
  readonly atMs: number;
  readonly weight: number;
  readonly mean: number;
  /** Sum of weight times squared distance from the mean. */
  readonly spread: number;
}

export interface DecayedShare {
  readonly atMs: number;
  readonly weight: number;
  /** The part of `weight` that was so. */
  readonly part: number;
}

export const noMoments: DecayedMoments = { atMs: 0, weight: 0, mean: 0, spread: 0 };
export const noShare: DecayedShare = { atMs: 0, weight: 0, part: 0 };

/** What a weight kept as of `fromMs` is at `toMs`; more than itself when that is earlier. */
export const decayed = (weight: number, fromMs: number, toMs: number, halfLifeMs: number): number =>
  weight === 0 ? 0 : weight * 2 ** (-(toMs - fromMs) / halfLifeMs);

/** One more observation, by West's weighted update (D. H. D. West, CACM 22, 1979). */
export function observeMoment(moments: DecayedMoments, value: number, occurredAtMs: number, halfLifeMs: number): DecayedMoments {
  const atMs = moments.weight === 0 ? occurredAtMs : Math.max(moments.atMs, occurredAtMs);
  const keep = decayed(1, moments.atMs, atMs, halfLifeMs);
  const own = decayed(1, occurredAtMs, atMs, halfLifeMs);
  const before = moments.weight === 0 ? 0 : moments.weight * keep;
  const weight = before + own;
  const distance = value - moments.mean;
  const mean = before === 0 ? value : moments.mean + (own / weight) * distance;
  const spread = before === 0 ? 0 : moments.spread * keep + own * distance * (value - mean);
  return { atMs, weight, mean, spread };
}

export function observeShare(share: DecayedShare, isSo: boolean, occurredAtMs: number, halfLifeMs: number): DecayedShare {
  const atMs = share.weight === 0 ? occurredAtMs : Math.max(share.atMs, occurredAtMs);
  const keep = share.weight === 0 ? 0 : decayed(1, share.atMs, atMs, halfLifeMs);
  const own = decayed(1, occurredAtMs, atMs, halfLifeMs);
  return { atMs, weight: share.weight * keep + own, part: share.part * keep + (isSo ? own : 0) };
}
