const bins = 10;
/** An empty bin counts as this share: the logarithm of nothing is none. */
const shareMin = 0.001;

/** Population stability index of percentiles against the even spread that they have while payments are like those of the training. */
export const stabilityOf = (percentiles: readonly number[]): number => {
  const counts = Array.from({ length: bins }, () => 0);
  for (const value of percentiles) counts[Math.min(bins - 1, Math.floor((value * bins) / 100))]! += 1;
  return counts.reduce((sum, count) => {
    const share = Math.max(shareMin, count / percentiles.length);
    return sum + (share - 1 / bins) * Math.log(share * bins);
  }, 0);
};
