import { services } from '../../shared/aws/services.ts';
import { httpHandler } from '../../shared/edge/http.ts';
import { deleteListEntry, putListEntry } from './lists.ts';
import { putPolicy } from './putPolicy.ts';

const { table, clock, randomness } = services();

export const handler = httpHandler(
  'admin',
  {
    putPolicy: putPolicy(table),
    putListEntry: putListEntry(table, randomness),
    deleteListEntry: deleteListEntry(table, randomness),
  },
  { table, clock, randomness },
);
