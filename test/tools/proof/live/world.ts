import { makeCheckpoints } from '../../../../functions/checkpoint/checkpoint.ts';
import { type Disposition, dispose } from '../../../../functions/review/dispose.ts';
import { buildModel } from '../../../../functions/train/build.ts';
import { type VirtualClock, virtualClock } from '../../../../shared/adapters/memory/clock.ts';
import { type MemoryObjects, memoryObjects } from '../../../../shared/adapters/memory/objects.ts';
import { type MemoryTable, memoryTable } from '../../../../shared/adapters/memory/table.ts';
import { featureNames } from '../../../../shared/domain/features.ts';
import type { Transaction } from '../../../../shared/domain/transaction.ts';
import { encodeArtefact } from '../../../../shared/model/artefact.ts';
import { schemaHashOf } from '../../../../shared/model/features.ts';
import type { Manifest } from '../../../../shared/model/manifest.ts';
import { activateModel, storeModel } from '../../../../shared/model/store.ts';
import { defaultPolicy } from '../../../../shared/policy/default.ts';
import { deleteListEntry, putListEntry } from '../../../../shared/policy/lists.ts';
import { publishPolicy } from '../../../../shared/policy/store.ts';
import type { Item, ObjectStore } from '../../../../shared/ports/ports.ts';
import type { Signer } from '../../../../shared/proof/signer.ts';

import { expiryAttribute } from '../../../../shared/store/names.ts';
import { addEndpoint } from '../../../../shared/webhooks/endpoints.ts';
import { createKeyNoted, revokeKeyNoted, rotateKeyNoted } from '../../../../tools/cli/keyChanges.ts';
import { rotateSecret } from '../../../../tools/cli/secret.ts';
import { erase } from '../../../../tools/erasure/erase.ts';
import type { LiveStores } from '../../../../tools/proof/live/liveCheck.ts';
import { trainingRows } from '../../../functions/train/generated.ts';
import { goldenWorld } from '../../../golden/world.ts';
import { ed25519Signer } from '../builders.ts';

/** The stores of a deployment that has lived a little, each a memory of its own. */
export interface LiveWorld extends LiveStores {
  readonly table: MemoryTable;
  readonly archive: MemoryObjects;
  readonly checkpoints: MemoryObjects;
  readonly models: MemoryObjects;
  readonly clock: VirtualClock;
  readonly signer: Signer;
}

export interface LiveWorldOptions {
  readonly seed: number;
  /** Payments of each account. */
  readonly payments?: number;
  readonly accounts?: number;
  readonly hotDays?: number;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
const signer = ed25519Signer();

const artefacts = new Map<number, Uint8Array>();
const artefactOf = (seed: number): Uint8Array => {
  const made = artefacts.get(seed) ?? encodeArtefact(buildModel(trainingRows(300, seed), seed).parts);
  artefacts.set(seed, made);
  return made;
};

/**
 * Makes a deployment by the code that runs in one: payments of ordinary and busy accounts, late ones, reviews, an erased account, several
 * versions of policies, models, keys and lists, a rotated secret, checkpoints in between; the newest payments wait for theirs. With `hotDays` the
 * rows of older entries have expired.
 */
export const liveWorld = async ({
  seed,
  payments = 12,
  accounts = 5,
  hotDays,
}: LiveWorldOptions): Promise<LiveWorld & { readonly traffic: readonly (() => Promise<unknown>)[] }> => {
  const at = goldenWorld(seed, undefined, hotDays ?? null);
  const { table, clock, randomness, archive, models, checkpoints, masterSecret } = at;
  const store = { table, clock, randomness };
  let made = 0;
  const pay = async (account: string, given: Partial<Transaction> = {}, tenant = 'dev'): Promise<string> => {
    const transactionId = `txn_${account}_${made++}`;
    const transaction: Transaction = {
      transactionId,
      userId: `u_${account}`,
      accountId: `a_${account}`,
      occurredAtMs: clock.nowMs() - 100,
      offsetMinutes: 330,
      ipAddress: null,
      beneficiaryId: null,
      instrumentId: null,
      amountMinor: 5_000 + randomness.below(60_000),
      currency: 'INR',
      channel: 'upi',
      deviceId: `d_${account}_${randomness.below(2)}`,
      merchantId: `m_${randomness.below(4)}`,
      merchantCategory: null,
      location: { latitude: 12.97 + randomness.below(1_000) / 1e5, longitude: 77.59 },
      metadata: randomness.below(3) === 0 ? { order: `o ${made}` } : null,
      ...given,
    };
    await at.score([transaction], tenant);
    return transactionId;
  };
  const label = (transactionId: string, disposition: Disposition) =>
    dispose(
      { table, clock, randomness, masterSecret },
      { tenant: 'dev', transactionId, disposition, note: 'seen', by: 'key_ana' },
      clock.nowMs() + 10_000,
    );
  const publish = (tenant: string, failTo: 'REVIEW' | 'BLOCK', status: 'draft' | 'active') => {
    const lists = {
      watched: { kind: 'block', field: 'deviceId', outcome: 'REVIEW', overrides: false, text: 'a watched device' },
    } as const;
    const policy = { ...defaultPolicy, failTo, learnedWeight: 0.2, ...(tenant === 'dev' && { lists }) };
    return publishPolicy(table, tenant, { policy, status, by: 'key_ana', atMs: clock.nowMs() });
  };
  const change = (entry: string, expiresAtMs: number | null) =>
    putListEntry(table, 'dev', {
      list: 'watched',
      entry,
      by: 'key_ana',
      atMs: clock.nowMs(),
      salt: randomness.bytes(16),
      expiresAtMs,
    });
  const checkpoint = async (): Promise<void> => {
    await at.project();
    await makeCheckpoints({ table, checkpoints, signer, clock });
  };
  const storeOne = (version: number, status: Manifest['status']) =>
    storeModel({ table, models }, artefactOf(version), manifestOf(version, status, clock.nowMs()), {
      by: 'system',
      atMs: clock.nowMs(),
    });

  for (const scopes of [['read'], ['review', 'read']] as const)
    await createKeyNoted(store, { tenant: 'dev', scopes, createdBy: 'test', expiresAtMs: null });
  const { record } = await createKeyNoted(store, {
    tenant: 'dev',
    scopes: ['admin'],
    createdBy: 'test',
    expiresAtMs: clock.nowMs() + 90 * dayMs,
  });
  await rotateKeyNoted(store, { tenant: 'dev', keyId: record.keyId, by: 'test', graceMs: dayMs });
  const old = await createKeyNoted(store, { tenant: 'dev', scopes: ['ingest'], createdBy: 'test', expiresAtMs: null });
  await revokeKeyNoted(store, 'dev', old.record.keyId, 'test');
  await addEndpoint(
    store,
    { tenant: 'dev', url: 'https://hooks.example.com/aegis', events: ['review.*'], createdBy: 'test' },
    { allowsLoopback: false },
  );
  const names = Array.from({ length: accounts }, (_, i) => `n${i}`);
  for (const name of names) await pay(name);
  for (const memo of ['gone', 'soon']) await pay('erased', { metadata: { memo } });
  await checkpoint();
  await storeOne(1, 'published');
  await publish('dev', 'REVIEW', 'active');
  await publish('acme', 'BLOCK', 'active');
  for (let i = 0; i < 5; i++) await change(`d_w${i}`, i === 3 ? clock.nowMs() + 30 * dayMs : null);
  await deleteListEntry(table, 'dev', {
    list: 'watched',
    entry: 'd_w1',
    by: 'key_ana',
    atMs: clock.nowMs(),
    salt: randomness.bytes(16),
  });
  await change('d_w2', clock.nowMs() + 9 * dayMs);
  clock.advance(minuteMs);
  const flagged: string[] = [];
  for (let i = 1; i < payments; i++) {
    for (const name of names) await pay(name, i % 5 === 4 ? { occurredAtMs: clock.nowMs() - 90 * minuteMs } : {});
    clock.advance((hotDays === undefined ? 47 : 500) * minuteMs);
    if (i % 4 === 0) flagged.push(await pay('reviewed', { amountMinor: 900_000_000 * i, deviceId: 'd_w0' }));
    if (i % 6 === 5) await checkpoint();
  }
  // A busy account: its spans merge, and reviews stand between them.
  for (let i = 0; i < 4 * payments; i++) {
    const id = await pay('busy', { occurredAtMs: clock.nowMs() - (i % 7 === 3 ? 130 : 0) * minuteMs });
    if (i % 9 === 8) {
      await at.project();
      await label(id, 'LEGITIMATE');
    }
    clock.advance(11 * minuteMs);
  }
  await at.project();
  for (const [i, id] of flagged.entries()) await label(id, i === 0 ? 'CONFIRMED_FRAUD' : 'UNSURE');
  await rotateSecret({ table, clock, masterSecret }, 'dev', 'test');
  clock.advance(2 * minuteMs);
  await storeOne(2, 'published');
  await storeOne(3, 'candidate');
  await activateModel({ table, models }, 1, { by: 'test', atMs: clock.nowMs() });
  await publish('dev', 'BLOCK', 'active');
  await publish('dev', 'REVIEW', 'draft');
  clock.advance(minuteMs);
  for (const name of names) await pay(name);
  await pay('other', {}, 'acme');
  await checkpoint();
  await erase(
    { table, archive, clock, randomness, masterSecret, parked: [] },
    { tenant: 'dev', subjects: [{ userId: 'u_erased', accountId: null }], by: 'test' },
  );
  await checkpoint();
  if (hotDays !== undefined) {
    clock.advance(Math.max(0, hotDays - 2) * dayMs);
    for (const item of table.all())
      if (Number(item[expiryAttribute] ?? Infinity) * 1_000 <= clock.nowMs()) await table.delete(item);
  }
  for (const name of ['fresh', 'fresh', 'fresher', names[0]!]) await pay(name);
  await at.project();
  if (at.buried.length > 0) throw new Error(`payments were refused: ${at.buried.join('; ')}`);
  clock.advance(minuteMs);
  /** What may happen while the stores are read. */
  const traffic = [
    ...names.map((name) => () => pay(name)),
    () => pay('new'),
    async () => {
      const id = await pay(names[1]!);
      await at.project();
      await label(id, 'LEGITIMATE');
    },
    () => at.project(),
    checkpoint,
    () => publish('dev', 'BLOCK', 'active'),
    () => publish('acme', 'REVIEW', 'draft'),
    () => change(`d_w${randomness.below(9)}`, null),
    () => createKeyNoted(store, { tenant: 'dev', scopes: ['read'], createdBy: 'test', expiresAtMs: null }),
    () => activateModel({ table, models }, 1 + randomness.below(2), { by: 'test', atMs: clock.nowMs() }),
    async () => {
      await pay('passing');
      await at.project();
      await erase(
        { table, archive, clock, randomness, masterSecret, parked: [] },
        { tenant: 'dev', subjects: [{ userId: 'u_passing', accountId: null }], by: 'test' },
      );
    },
  ];
  return { table, archive, checkpoints, models, masterSecret, clock, signer, publicKey: signer.publicKey, traffic };
};

const manifestOf = (
  version: number,
  status: Manifest['status'],
  nowMs: number,
): Omit<Manifest, 'version' | 'sha256' | 'bytes'> => ({
  kind: 'isolation-forest',
  features: featureNames,
  schemaHash: schemaHashOf(featureNames),
  seed: version,
  trainedAtMs: nowMs,
  trainingWindow: { fromMs: 0, toMs: nowMs },
  rows: 300,
  digest: '0'.repeat(64),
  reference: '0'.repeat(64),
  learned: null,
  metrics: {},
  codeVersion: 'test',
  status,
  reason: status === 'candidate' ? 'worse' : null,
});

/** Another deployment with the same content, so that what is done to one is not done to the other. */
export const copyOf = async (world: LiveWorld): Promise<LiveWorld> => {
  const table = memoryTable();
  for (const item of world.table.all()) await table.put(item);
  const [archive, checkpoints, models] = await Promise.all([world.archive, world.checkpoints, world.models].map(copied));
  const clock = virtualClock(world.clock.nowMs());
  const { publicKey, masterSecret } = world;
  return {
    table,
    archive: archive!,
    checkpoints: checkpoints!,
    models: models!,
    clock,
    publicKey,
    masterSecret,
    signer: world.signer,
  };
};

const copied = async (objects: ObjectStore): Promise<MemoryObjects> => {
  const copy = memoryObjects();
  for (let after: string | undefined; ; ) {
    const page: Awaited<ReturnType<ObjectStore['list']>> = await objects.list('', { ...(after !== undefined && { after }) });
    for (const key of page.keys) await copy.put(key, (await objects.get(key))!);
    after = page.after;
    if (after === undefined) return copy;
  }
};

export const itemsOf = ({ table }: LiveWorld, prefix: string): Item[] => table.all().filter(({ pk }) => pk.startsWith(prefix));
