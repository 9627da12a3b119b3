import { type Endpoints, withoutBody } from '../../shared/edge/request.ts';
import type { Randomness, TableStore } from '../../shared/ports/ports.ts';
import { lintPolicy } from './lintPolicy.ts';
import { deleteListEntry, putListEntry } from './lists.ts';
import { putPolicy } from './putPolicy.ts';

/** The routes of the admin stage: everything that changes what decides, or says whether it could. */
export const adminEndpoints = (table: TableStore, randomness: Randomness): Endpoints => ({
  lintPolicy,
  putPolicy: putPolicy(table),
  putListEntry: putListEntry(table, randomness),
  ...withoutBody({ deleteListEntry: deleteListEntry(table, randomness) }),
});
