import type { Endpoints } from '../../shared/edge/http.ts';
import type { Randomness, TableStore } from '../../shared/ports/ports.ts';
import { deleteListEntry, putListEntry } from './lists.ts';
import { putPolicy } from './putPolicy.ts';

/** The routes of the admin stage: everything that changes what decides. */
export const adminEndpoints = (table: TableStore, randomness: Randomness): Endpoints => ({
  putPolicy: putPolicy(table),
  putListEntry: putListEntry(table, randomness),
  deleteListEntry: deleteListEntry(table, randomness),
});
