import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { dynamoEmulator } from '../support/emulators.ts';
import { tableStoreBehaviour } from './table.ts';

let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
const opened: { close(): void }[] = [];

tableStoreBehaviour(
  'DynamoDB',
  async (hooks) => {
    const table = dynamoTable({ ...emulator.connection, ...hooks, table: await emulator.newTable() });
    opened.push(table);
    return table;
  },
  {
    setup: async () => {
      emulator = await dynamoEmulator();
    },
    teardown: async () => {
      for (const table of opened) table.close();
      await emulator.stop();
    },
  },
);
