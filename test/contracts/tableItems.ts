import { itemSizeBytes } from '../../shared/adapters/memory/itemSize.ts';
import type { Attribute, Consumed, Item, TableStore, Write } from '../../shared/ports/ports.ts';

/** The store of the running test, and what it reported since the test began. */
export interface StoreUnderTest {
  readonly store: TableStore;
  readonly committed: readonly (readonly Write[])[];
  /** What the last call consumed. Throws if no call reported anything. */
  lastConsumed(): Consumed;
}

/** The error that an attempt fails with. Throws if it succeeds. */
export const caught = async (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => {
      throw new Error('nothing was thrown');
    },
    (error: unknown) => error,
  );

export const item = (sk: string, attributes: Readonly<Record<string, Attribute>> = {}): Item => ({ pk: 'p', sk, ...attributes });

/** The item with a text added so that it has exactly `bytes` by the documented size rules. */
export const padded = (base: Item, bytes: number): Item => {
  const missing = bytes - itemSizeBytes({ ...base, pad: '' });
  if (missing < 0) throw new RangeError(`the item already has more than ${bytes} bytes`);
  return { ...base, pad: 'x'.repeat(missing) };
};
