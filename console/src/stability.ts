const bins = 10;
/** The share of an empty bin, because the logarithm of zero is not finite. */
const shareMin = 0.001;

/** Population stability index of percentiles against the uniform distribution, which they have while payments resemble the training data. */
export const stabilityOf = (percentiles: readonly number[]): number => {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of percentiles) counts[Math.min(bins - 1, Math.floor((value * bins) / 100))]! += 1;
  return counts.reduce((sum, count) => {
    const share = Math.max(shareMin, count / percentiles.length);
    return sum + (share - 1 / bins) * Math.log(share * bins);
  }, 0);
};
