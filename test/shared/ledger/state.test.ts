import { describe, expect, test } from 'vitest';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { accountFromItem, ownerOf, stateItem, unmoved } from '../../../shared/ledger/state.ts';
import { ConditionFailed } from '../../../shared/ports/ports.ts';
import { DrivenAccount } from '../domain/driven.ts';

const paidTwice = () => {
  const account = new DrivenAccount();
  account.pay();
  account.pay();
  return account.state;
};

describe('a STATE item', () => {
  test('reads back as the account it was made of', () => {
    const state = paidTwice();
    const item = stateItem('dev', 'a_7', 'u_42', state);
    expect(item).toMatchObject({ pk: 'S#dev#a_7', sk: 'u_42', n: 2 });
    expect(accountFromItem(item)).toEqual(state);
  });

  test('tells whose it is', () => {
    expect(ownerOf(stateItem('t-1', 'a.7:x', 'u_42', paidTwice()))).toEqual({
      tenant: 't-1',
      accountId: 'a.7:x',
      userId: 'u_42',
    });
    expect(() => ownerOf({ pk: 'D#dev#a_7', sk: 'D' })).toThrow('is no account state');
    expect(() => ownerOf({ pk: 'S#dev', sk: 'u' })).toThrow('is no account state');
  });

  test.each([
    ['without its sequence', { s: new Uint8Array(3) }],
    ['without its bytes', { n: 1 }],
    ['with text for bytes', { n: 1, s: 'abc' }],
  ])('%s is refused', (_, attributes) => {
    expect(() => accountFromItem({ pk: 'S#dev#a', sk: 'u', ...attributes } as never)).toThrow(
      'the item S#dev#a / u is no account state',
    );
  });
});

describe('the condition of its write', () => {
  test.each([
    ['holds for a new account where nothing stands', null, 0, true],
    ['fails for a new account where a state stands', 2, 0, false],
    ['holds while the sequence stands', 2, 2, true],
    ['fails when the sequence moved', 2, 1, false],
    ['fails when the state is gone', null, 2, false],
  ])('%s', async (_, standing, read, holds) => {
    const table = memoryTable();
    const state = paidTwice();
    if (standing !== null) await table.put(stateItem('dev', 'a', 'u', state));
    const write = table.put(stateItem('dev', 'a', 'u', state), unmoved(read));
    if (holds) await expect(write).resolves.toBeUndefined();
    else await expect(write).rejects.toBeInstanceOf(ConditionFailed);
  });
});
