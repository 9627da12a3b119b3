import { type AccountState, decodeState, encodeState } from '../domain/state.ts';
import type { Condition, Item } from '../ports/ports.ts';
import { prefixes, stateKey } from '../store/names.ts';

/** STATE: the sequence beside the packed rest, so that a write can be made to depend on it. */
export const stateItem = (tenant: string, accountId: string, userId: string, account: AccountState): Item => ({
  ...stateKey(tenant, accountId, userId),
  n: account.sequence,
  s: encodeState(account),
});

/** Holds while nothing was committed for the account since it was read. */
export const unmoved = (sequence: number): Condition =>
  sequence === 0 ? { kind: 'absent' } : { kind: 'equals', attribute: 'n', value: sequence };

/** Throws a RangeError for an item that is no state. */
export function accountFromItem(item: Item): AccountState {
  if (typeof item.n !== 'number' || !(item.s instanceof Uint8Array))
    throw new RangeError(`the item ${item.pk} / ${item.sk} is no account state`);
  return decodeState(item.s, item.n);
}

/** Whose state it is. */
export function ownerOf(item: Item): { readonly tenant: string; readonly accountId: string; readonly userId: string } {
  const [, tenant, accountId] = item.pk.split('#');
  if (!item.pk.startsWith(prefixes.state) || !tenant || !accountId)
    throw new RangeError(`the item ${item.pk} is no account state`);
  return { tenant, accountId, userId: item.sk };
}
