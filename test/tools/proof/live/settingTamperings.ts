import type { FindingKind } from '../../../../functions/read/evidence/finding.ts';
import { draftKey } from '../../../../shared/edge/keys.ts';
import { policyHash } from '../../../../shared/policy/hash.ts';
import type { Item, Key } from '../../../../shared/ports/ports.ts';
import {
  listEntryKey,
  listVersionKey,
  modelPointerKey,
  modelVersionKey,
  policyPointerKey,
  policyVersionKey,
  prefixes,
  webhookKey,
} from '../../../../shared/store/names.ts';
import { seededRandom } from '../../../../shared/store/random.ts';
import type { Random } from '../tampering.ts';
import { nameOf, pick, type Tampering } from './owed.ts';
import { itemsOf, type LiveWorld } from './world.ts';

const tamperWithSystem =
  (kind: FindingKind, key: Key, change: (item: Item) => object | null): Tampering =>
  async ({ table }) => {
    const item = await table.get(key);
    if (item === null) throw new Error(`the world has no ${nameOf(key)}`);
    const changed = change(item);
    if (changed === null) await table.delete(key);
    else await table.put({ ...item, ...changed });
    return { kind, item: nameOf(key) };
  };

const keyNamed = (world: LiveWorld, random: Random): Item => pick(itemsOf(world, `${prefixes.key}dev`), random);

/** What can be done to a tenant's keys, lists, policies, models and webhooks. */
export const settingTamperings = {
  'the policy pointer is deleted': tamperWithSystem('policy', policyPointerKey('dev'), () => null),
  'the policy pointer is moved': tamperWithSystem('policy', policyPointerKey('dev'), ({ active }) => ({
    active: Number(active) - 1,
  })),
  'a policy version is changed, hash and all': tamperWithSystem('policy', policyVersionKey('dev', 2), ({ document }) => {
    const policy = { ...JSON.parse(String(document)), failTo: 'BLOCK' };
    return { document: JSON.stringify(policy), hash: policyHash(policy) };
  }),
  'the default policy is changed, hash and all': tamperWithSystem('policy', policyVersionKey('dev', 1), ({ document }) => {
    const policy = { ...JSON.parse(String(document)), failTo: 'BLOCK' };
    return { document: JSON.stringify(policy), hash: policyHash(policy) };
  }),
  'a policy version is deleted': tamperWithSystem('policy', policyVersionKey('dev', 2), () => null),
  'the model pointer is deleted': tamperWithSystem('model', modelPointerKey, () => null),
  'the model pointer is moved': async (world) => {
    const { manifest } = (await world.table.get(modelVersionKey(2)))!;
    const { sha256 } = JSON.parse(String(manifest));
    return tamperWithSystem('model', modelPointerKey, ({ moves }) => ({ version: 2, sha256, moves: Number(moves) + 1 }))(
      world,
      () => 0,
    );
  },
  'a model’s manifest is changed': tamperWithSystem('model', modelVersionKey(1), ({ manifest }) => ({
    manifest: JSON.stringify({ ...JSON.parse(String(manifest)), sha256: 'ab'.repeat(32) }),
  })),
  'a key is inserted': async ({ table, clock }, random) => {
    const { item } = draftKey(
      { clock, randomness: seededRandom(random(1_000_000)) },
      { tenant: 'dev', scopes: ['admin'], createdBy: 'key_ana', expiresAtMs: null },
    );
    await table.put(item);
    return { kind: 'key', item: nameOf(item) };
  },
  'a key is given more scopes': async (world, random) => {
    const item = keyNamed(world, random);
    await world.table.put({ ...item, scopes: ['ingest', 'decide', 'read', 'review', 'admin'] });
    return { kind: 'key', item: nameOf(item) };
  },
  'a key’s revocation is taken back': async (world, random) => {
    const item = pick(
      itemsOf(world, `${prefixes.key}dev`).filter(({ revokedAt }) => revokedAt !== null),
      random,
    );
    await world.table.put({ ...item, revokedAt: null });
    return { kind: 'key', item: nameOf(item) };
  },
  'a key is deleted': async (world, random) => {
    const item = keyNamed(world, random);
    await world.table.delete(item);
    return { kind: 'key', text: String(item.keyId) };
  },
  'a list entry is inserted': async ({ table }, random) => {
    const key = listEntryKey('dev', 'watched', `d_forged${random(1_000)}`);
    await table.put({ ...key, expiresAtMs: null, putAtMs: 1, by: 'key_ana' });
    return { kind: 'list', item: nameOf(key) };
  },
  'a list entry is inserted into a list that never was': async ({ table }, random) => {
    const key = listEntryKey('dev', `hidden${random(1_000)}`, 'd_forged');
    await table.put({ ...key, expiresAtMs: null, putAtMs: 1, by: 'key_ana' });
    return { kind: 'list', item: nameOf(key) };
  },
  'a list entry is deleted': async (world, random) => {
    const item = pick(itemsOf(world, `${prefixes.list}dev#`), random);
    await world.table.delete(item);
    return { kind: 'list', item: nameOf(item) };
  },
  'a list entry is made to expire': async (world, random) => {
    const item = pick(itemsOf(world, `${prefixes.list}dev#`), random);
    await world.table.put({ ...item, expiresAtMs: 1 });
    return { kind: 'list', item: nameOf(item) };
  },
  'a list is made to count as empty': tamperWithSystem('list', listVersionKey('dev'), ({ lists }) => {
    const versions = JSON.parse(String(lists));
    return { lists: JSON.stringify({ ...versions, watched: { ...versions.watched, count: 0 } }) };
  }),
  'a webhook is inserted': async ({ table }, random) => {
    const key = webhookKey('dev', `wh_forged${random(1_000)}`);
    await table.put({ ...key, url: 'https://thief.example.com', events: ['decision.*'], secret: 'x' });
    return { kind: 'webhook', item: nameOf(key) };
  },
} satisfies Record<string, Tampering>;
