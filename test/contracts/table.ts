import { afterAll, beforeAll, beforeEach, describe } from 'vitest';
import type { Consumed, TableStore, Write } from '../../shared/ports/ports.ts';
import { tableCapacity } from './tableCapacity.ts';
import { tableReads } from './tableReads.ts';
import { tableWrites } from './tableWrites.ts';

/** A store under test, empty, that reports what it consumes and commits. */
export type MakeStore = (hooks: {
  readonly onConsumed: (consumed: Consumed) => void;
  readonly onCommitted: (writes: readonly Write[]) => void;
}) => Promise<TableStore>;

/** The behaviour every TableStore has. `setup` and `teardown` run once around it. */
export function tableStoreBehaviour(
  name: string,
  makeStore: MakeStore,
  { setup, teardown }: { setup?: () => Promise<void>; teardown?: () => Promise<void> } = {},
): void {
  describe(`${name} as a table store`, () => {
    let store: TableStore;
    let consumed: Consumed[];
    let committed: (readonly Write[])[];

    if (setup !== undefined) beforeAll(setup);
    if (teardown !== undefined) afterAll(teardown);
    beforeEach(async () => {
      consumed = [];
      committed = [];
      store = await makeStore({
        onConsumed: (capacity) => consumed.push(capacity),
        onCommitted: (writes) => committed.push(writes),
      });
    });

    const at = {
      get store() {
        return store;
      },
      get committed() {
        return committed;
      },
      lastConsumed(): Consumed {
        const last = consumed.at(-1);
        if (last === undefined) throw new Error('nothing was reported as consumed');
        return last;
      },
    };
    tableWrites(at);
    tableReads(at);
    tableCapacity(at);
  });
}
