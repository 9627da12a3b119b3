import { isId } from '../../shared/contract/ids.ts';
import type { WireItemOf } from '../../shared/contract/wire.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import { countListEntries, type ListEntry, readListEntries } from '../../shared/policy/lists.ts';
import { readActivePolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { pageBody, pageRequest } from './pages.ts';

/** `GET /lists`: those of the policy in force, in its order, with how many entries each holds. */
export const getLists =
  (table: TableStore): AnswerWithoutBody =>
  async ({ tenant }) => {
    const { lists } = (await readActivePolicy(table, tenant)).policy;
    const counts = await countListEntries(table, tenant, Object.keys(lists));
    const items = Object.entries(lists).map(
      ([list, { kind, field, outcome, text }]): WireItemOf<'Lists'> => ({
        list,
        kind,
        field,
        entries: counts.get(list) ?? 0,
        outcome,
        text,
      }),
    );
    return { status: 200, body: { items } };
  };

/** `GET /lists/{list}`: by entry. 404 when the policy in force has no such list. */
export const getListEntries =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isId);
    const list = request.parameters.list!;
    const { lists } = (await readActivePolicy(table, request.tenant)).policy;
    if (!Object.hasOwn(lists, list)) throw notFound(`The policy in force has no list ${list}.`);
    const page = await readListEntries(table, request.tenant, list, { limit, after });
    return { status: 200, body: pageBody(request, page.entries.map(entryItem), page.after) };
  };

const entryItem = ({ entry, expiresAtMs, note, by, atMs }: ListEntry): WireItemOf<'ListEntryPage'> => ({
  entry,
  ...(expiresAtMs !== null && { expiresAt: formatInstant(expiresAtMs) }),
  ...(note !== null && { note }),
  by,
  at: formatInstant(atMs),
});
