import { describe, expect, it } from 'vitest';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { localMasterSecret, refreshMs } from '../../../shared/secrets/masterSecret.ts';
import { stateKey } from '../../../shared/store/names.ts';
import { rotateSecret } from '../../../tools/cli/secret.ts';
import { payment, world } from '../erasure/world.ts';

describe('a rotation of the master secret', () => {
  it('seals what follows under the new version within its time, and what came before still opens', async () => {
    const at = world();
    await at.pay(payment(1, 0));
    expect(await rotateSecret(at, 'dev', 'key_9')).toBe(2);
    await at.pay(payment(1, 1));
    at.clock.advance(refreshMs);
    await at.pay(payment(1, 2));
    const state = accountFromItem((await at.table.get(stateKey('dev', 'account-of-1.x', 'user-of-1.x')))!);
    const entries = at.table
      .all()
      .filter(({ pk }) => pk === `A#${state.chain}`)
      .map(auditFromItem);
    expect(entries.map(({ body }) => body.secretVersion)).toEqual([1, 1, 2]);
    const other = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), at);
    expect(await other.current()).toEqual(await at.masterSecret.current());
    expect(await other.version(1)).toEqual(new Uint8Array(32).fill(3));
    expect(await other.version(2)).not.toEqual(await other.version(1));
    const system = at.table
      .all()
      .filter(({ pk }) => pk === 'A#system.dev')
      .map(auditFromItem);
    expect(system.map(({ body }) => [body.event, body.by, body.secretVersion])).toEqual([['SECRET_ROTATED', 'key_9', 2]]);
  });
  it('has one winner when two happen at once', async () => {
    const at = world();
    const done = await Promise.allSettled([rotateSecret(at, 'dev', 'a'), rotateSecret(at, 'dev', 'b')]);
    expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});
