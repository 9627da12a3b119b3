import { fault } from '../../shared/contract/fault.ts';
import { formatInstant, parseInstant } from '../../shared/contract/time.ts';
import { objectBody } from '../../shared/edge/body.ts';
import { conflict, notFound, unavailable } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody, ApiRequest, Endpoint } from '../../shared/edge/request.ts';
import { deleteListEntry as deleteEntry, listLimits, putListEntry as putEntry } from '../../shared/policy/lists.ts';
import { readActivePolicy } from '../../shared/policy/store.ts';
import type { Randomness, TableStore } from '../../shared/ports/ports.ts';

const saltBytes = 16;

/** `PUT /lists/{list}/{entry}`, body `{ expiresAt?, note? }`: the entry is on the list from now on, until its expiry if it has one. */
export const putListEntry = (table: TableStore, randomness: Randomness): Endpoint<NewEntry> => ({
  read: readNewEntry,
  answer: async (request, { expiresAtMs, note }) => {
    const { list, entry } = named(request);
    await assertList(table, request.tenant, list);
    const change = { list, entry, by: request.keyId, atMs: request.receivedAtMs, salt: randomness.bytes(saltBytes) };
    const changed = await putEntry(table, request.tenant, { ...change, expiresAtMs, note });
    if (changed.ok) {
      const expiresAt = expiresAtMs === null ? null : formatInstant(expiresAtMs);
      return { status: 200, body: { list, entry, expiresAt, note } };
    }
    if (changed.cause === 'full') throw conflict(`the list ${list} is full: it holds ${listLimits.entries} entries`);
    throw unavailable('the lists are being changed by others, try again');
  },
});

/** `DELETE /lists/{list}/{entry}`: 404 when it is not on the list. */
export const deleteListEntry =
  (table: TableStore, randomness: Randomness): AnswerWithoutBody =>
  async (request) => {
    const { list, entry } = named(request);
    await assertList(table, request.tenant, list);
    const change = { list, entry, by: request.keyId, atMs: request.receivedAtMs, salt: randomness.bytes(saltBytes) };
    const changed = await deleteEntry(table, request.tenant, change);
    if (changed.ok) return { status: 200, body: { list, entry } };
    if (changed.cause === 'absent') throw notFound(`${entry} is not on the list ${list}`);
    throw unavailable('the lists are being changed by others, try again');
  };

const named = ({ parameters }: ApiRequest): { readonly list: string; readonly entry: string } => {
  const { list, entry } = parameters;
  if (list === undefined || entry === undefined) throw new TypeError('the route has no list or no entry');
  return { list, entry };
};

interface NewEntry {
  /** When the entry ends, in epoch milliseconds; null for never. */
  readonly expiresAtMs: number | null;
  readonly note: string | null;
}

const readNewEntry = objectBody<NewEntry>({
  fields: ['expiresAt', 'note'],
  expected: 'an object',
  read: ({ expiresAt = null, note = null }, faults) => {
    const instant = typeof expiresAt === 'string' ? parseInstant(expiresAt) : null;
    if (expiresAt !== null && instant === null) {
      faults.push(fault('/expiresAt', 'expiresAt', 'a date and time with an offset (RFC 3339) or null', expiresAt));
    }
    const isNote = note === null || (typeof note === 'string' && [...note].length <= listLimits.noteCharacters);
    if (!isNote) faults.push(fault('/note', 'note', `a text of at most ${listLimits.noteCharacters} characters`, note));
    return isNote ? { expiresAtMs: instant?.epochMs ?? null, note } : null;
  },
});

/** Lists come into being with a policy. */
const assertList = async (table: TableStore, tenant: string, list: string): Promise<void> => {
  const { policy } = await readActivePolicy(table, tenant);
  if (Object.hasOwn(policy.lists, list)) return;
  const known = Object.keys(policy.lists);
  throw notFound(`the policy in force has no list ${list}; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'}`);
};
