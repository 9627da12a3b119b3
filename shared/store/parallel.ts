/**
 * What `act` makes of each value, in their order, with at most `atOnceMax` under way at a time. Rejects with the first failure; nothing
 * more is begun then.
 */
export async function inParallel<T, R>(
  values: readonly T[],
  atOnceMax: number,
  act: (value: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results = new Array<R>(values.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < values.length) {
      const index = next++;
      try {
        results[index] = await act(values[index]!, index);
      } catch (error) {
        next = values.length;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnceMax, values.length) }, worker));
  return results;
}
