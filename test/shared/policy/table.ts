import { afterAll, beforeAll } from 'vitest';
import { dynamoTable } from '../../../shared/adapters/aws/table.ts';
import type { Consumed, TableStore } from '../../../shared/ports/ports.ts';
import { dynamoEmulator } from '../../support/emulators.ts';

export interface MeteredTable {
  readonly table: TableStore;
  readonly consumed: Consumed[];
}

/** Empty tables on an emulator that lives as long as the test file. */
export const useTables = (): (() => Promise<MeteredTable>) => {
  let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
  const opened: { close(): void }[] = [];
  beforeAll(async () => {
    emulator = await dynamoEmulator();
  });
  afterAll(async () => {
    for (const table of opened) table.close();
    await emulator.stop();
  });
  return async () => {
    const consumed: Consumed[] = [];
    const table = dynamoTable({
      ...emulator.connection,
      table: await emulator.newTable(),
      onConsumed: (units) => consumed.push(units),
    });
    opened.push(table);
    return { table, consumed };
  };
};

/** The same table with some methods replaced. */
export const withMethods = (table: TableStore, methods: Partial<TableStore>): TableStore => ({
  get: (...given) => table.get(...given),
  getMany: (...given) => table.getMany(...given),
  query: (...given) => table.query(...given),
  put: (...given) => table.put(...given),
  update: (...given) => table.update(...given),
  delete: (...given) => table.delete(...given),
  transact: (...given) => table.transact(...given),
  scan: (...given) => table.scan(...given),
  ...methods,
});
