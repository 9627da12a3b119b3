import { isId, isTransactionId } from '../../shared/contract/ids.ts';
import type { WireItemOf } from '../../shared/contract/wire.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { decisionKey, merchantKey, stateKey, userAccountKey } from '../../shared/store/names.ts';
import { pageBody, pageRequest } from './pages.ts';

export type SearchHit = WireItemOf<'SearchResult'>;

/** Finds what is called so in one kind, or in several: by key or by the first item of a partition, never by looking through anything. */
export type Finder = (tenant: string, name: string) => Promise<readonly SearchHit[]>;

/**
 * `GET /search?q=`: what bears exactly this name, in every kind. A call costs at most half a read unit for each kind and 4 KB of what it
 * finds. `finders` are those of further kinds.
 */
export const getSearch =
  (table: TableStore, finders: readonly Finder[] = []): AnswerWithoutBody =>
  async ({ tenant, query }) => {
    const name = query.q!;
    const found = await Promise.all([...findersOf(table), ...finders].map((find) => find(tenant, name)));
    return { status: 200, body: { items: found.flat() } };
  };

const findersOf = (table: TableStore): readonly Finder[] => {
  const has = async (pk: string): Promise<boolean> => (await table.query({ pk, limit: 1 })).items.length > 0;
  const finder =
    (
      kind: SearchHit['kind'],
      isName: (name: string) => boolean,
      isThere: (tenant: string, id: string) => Promise<boolean>,
      link: (id: string) => string,
    ): Finder =>
    async (tenant, name) =>
      isName(name) && (await isThere(tenant, name)) ? [{ kind, id: name, link: link(encodeURIComponent(name)) }] : [];
  return [
    finder(
      'transaction',
      isTransactionId,
      async (tenant, id) => (await table.get(decisionKey(tenant, id))) !== null,
      (id) => `decisions/${id}`,
    ),
    finder(
      'account',
      isId,
      (tenant, id) => has(stateKey(tenant, id, '').pk),
      (id) => `accounts/${id}/decision`,
    ),
    finder(
      'user',
      isId,
      (tenant, id) => has(userAccountKey(tenant, id, '').pk),
      (id) => `users/${id}/accounts`,
    ),
    finder(
      'merchant',
      isId,
      (tenant, id) => has(merchantKey(tenant, id).pk),
      (id) => `entities/merchant/${id}`,
    ),
  ];
};

/** `GET /users/{userId}/accounts`: by account. 404 for a user of no account. */
export const getUserAccounts =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isId);
    const userId = request.parameters.userId!;
    const { pk } = userAccountKey(request.tenant, userId, '');
    const page = await table.query({ pk, limit, ...(after !== null && { after }) });
    if (page.items.length === 0 && after === null) throw notFound(`There is no user ${userId}.`);
    const items = page.items.map(({ sk: accountId }): WireItemOf<'UserAccountPage'> => ({ userId, accountId }));
    return { status: 200, body: pageBody(request, items, page.after) };
  };
