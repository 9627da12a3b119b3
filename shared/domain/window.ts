import { dayMs } from './durations.ts';

/** Lengths of the windows over an account's payments, how late a payment may be, and sums of amounts. */

/** Behind the newest payment nothing older is kept. */
export const keptMs = 2 * dayMs;
/** A payment this much older than the newest one, or more, is late. */
export const lateMs = 60_000;

/** The largest sum of amounts: what is beyond reads as this. */
export const amountMax = Number.MAX_SAFE_INTEGER;

/** Saturates at 2^53-1: exact because terms are never negative and never taken away from a saturated sum. */
export const addMinor = (a: number, b: number): number => Math.min(a + b, amountMax);
