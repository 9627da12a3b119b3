/** Rounds a finite number half to even to 4 decimals, the resolution in which signals are reported and compared. */
export const round4 = (value: number): number => {
  const scaled = value * 10_000;
  const below = Math.floor(scaled);
  const rest = scaled - below;
  const rounded = rest > 0.5 || (rest === 0.5 && below % 2 !== 0) ? below + 1 : below;
  const result = rounded / 10_000;
  return result === 0 ? 0 : result;
};
