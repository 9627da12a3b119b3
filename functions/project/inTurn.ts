import { Unavailable } from '../../shared/ports/ports.ts';

/**
 * Acts on one value after the other and returns those that failed. A store that does not answer ends it: the values behind would each
 * wait as long, until the function's time is up and nothing can be said of any record.
 */
export async function failuresInTurn<Value>(
  values: readonly Value[],
  act: (value: Value) => Promise<void>,
): Promise<{ readonly value: Value; readonly cause: unknown }[]> {
  const failures: { readonly value: Value; readonly cause: unknown }[] = [];
  for (const [i, value] of values.entries()) {
    try {
      await act(value);
    } catch (cause) {
      if (cause instanceof Unavailable) return [...failures, ...values.slice(i).map((rest) => ({ value: rest, cause }))];
      failures.push({ value, cause });
    }
  }
  return failures;
}
