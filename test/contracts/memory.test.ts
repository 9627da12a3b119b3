import { memoryTable } from '../../shared/memory/table.ts';
import { tableStoreBehaviour } from './table.ts';

tableStoreBehaviour('the memory table', async (hooks) => memoryTable(hooks));
