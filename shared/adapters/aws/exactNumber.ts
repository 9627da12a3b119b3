/** A stored number as a JS number. Throws a RangeError for a number that would lose digits. */
export function exactNumber(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || Math.abs(value) > Number.MAX_SAFE_INTEGER) {
    throw new RangeError(`the stored number ${text} is beyond 2^53-1`);
  }
  return value;
}
