import type { TableStore } from '../../shared/ports/ports.ts';
import { userAccountKey } from '../../shared/store/names.ts';
import { failuresInTurn } from './inTurn.ts';
import type { Sink } from './project.ts';

/**
 * Notes whose account it is when an account's first payment was decided: one write unit for the life of an account, by which a search finds
 * users.
 */
export const usersSink = ({ table }: { readonly table: TableStore }): Sink => ({
  name: 'users',
  async project({ decisions }) {
    const firsts = decisions.filter(({ decision }) => decision.sequence === 1);
    const failures = await failuresInTurn(firsts, ({ tenant, decision: { transaction } }) =>
      table.put({ ...userAccountKey(tenant, transaction.userId, transaction.accountId) }),
    );
    return failures.map(({ value: { position }, cause }) => ({ position, cause }));
  },
});
