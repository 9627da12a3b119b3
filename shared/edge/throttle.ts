import { boundedMap } from '../store/cache.ts';

/** A token bucket per key in this instance's memory: best effort, since instances do not know of each other. */

export interface ThrottleLimits {
  readonly ratePerSecond: number;
  readonly burst: number;
}

const defaultPerSecond = 2_000;

/** Returns the limits of `AEGIS_KEY_CALLS_PER_SECOND`, with bursts of twice the rate. Throws a RangeError unless it is a number above 0. */
export function throttleLimitsOf(text: string | undefined): ThrottleLimits {
  const ratePerSecond = text === undefined || text === '' ? defaultPerSecond : Number(text);
  if (!(ratePerSecond > 0)) throw new RangeError(`AEGIS_KEY_CALLS_PER_SECOND is ${text}; allowed: a number above 0`);
  return { ratePerSecond, burst: 2 * ratePerSecond };
}

const rememberedKeys = 10_000;

/** Returns how many whole seconds the caller must wait; 0 = none. */
export type Throttle = (key: string, nowMs: number) => number;

export function throttle({ ratePerSecond, burst }: ThrottleLimits): Throttle {
  const buckets = boundedMap<{ tokens: number; atMs: number }>(rememberedKeys);
  return (key, nowMs) => {
    const bucket = buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    buckets.set(key, bucket);
    bucket.tokens = Math.min(burst, bucket.tokens + (Math.max(0, nowMs - bucket.atMs) * ratePerSecond) / 1000);
    bucket.atMs = nowMs;
    if (bucket.tokens < 1) return Math.max(1, Math.ceil((1 - bucket.tokens) / ratePerSecond));
    bucket.tokens -= 1;
    return 0;
  };
}
