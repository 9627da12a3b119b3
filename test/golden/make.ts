import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeCheckpoints } from '../../functions/checkpoint/checkpoint.ts';
import { writeBundle } from '../../functions/read/evidence/bundle.ts';
import { exportRange } from '../../functions/read/evidence/export.ts';
import { type Disposition, dispose } from '../../functions/review/dispose.ts';
import { trainModel } from '../../functions/train/train.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { putListEntry } from '../../shared/policy/lists.ts';
import { publishPolicy, readPolicyVersion } from '../../shared/policy/store.ts';
import { localSigner, newPrivateKey } from '../../shared/proof/signer.ts';
import { modelPointerKey } from '../../shared/store/names.ts';
import { addEndpoint } from '../../shared/webhooks/endpoints.ts';
import { createKeyNoted, revokeKeyNoted } from '../../tools/cli/keyChanges.ts';
import { rotateSecret } from '../../tools/cli/secret.ts';
import { erase } from '../../tools/erasure/erase.ts';
import { trainingRows } from '../functions/train/generated.ts';
import { fillArchive } from '../functions/train/generatedArchive.ts';
import { meaningOf } from './meaning.ts';
import { goldenFolder, writeItems, writeJson, writeObjects } from './rows.ts';
import { goldenWorld, startMs } from './world.ts';

/**
 * `node test/golden/make.ts v0.1.0`: stored rows of every kind as this checkout writes them, and what they mean. Run it once, in the
 * commit that bears the version's tag; rows that were recorded are never made again.
 */
const [version] = process.argv.slice(2);
if (version === undefined) throw new Error('name the version: node test/golden/make.ts v0.1.0');
const folder = goldenFolder(version);

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const at = goldenWorld(1_601);
const { table, clock, randomness } = at;
const random = randomness.below;
let made = 0;

const payment = (account: string, given: Partial<Transaction> = {}): Transaction => ({
  transactionId: `txn_${account}_${made++}`,
  userId: `u_${account}`,
  accountId: `a_${account}`,
  occurredAtMs: clock.nowMs() - 100,
  offsetMinutes: 330,
  amountMinor: 5_000 + random(60_000),
  currency: 'INR',
  channel: 'upi',
  deviceId: `d_${account}_${random(2)}`,
  merchantId: `m_${random(6)}`,
  merchantCategory: String(5_400 + random(5)),
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: { latitude: 12.97 + random(1_000) / 1e5, longitude: 77.59 + random(1_000) / 1e5 },
  metadata: null,
  ...given,
});

const bare = { channel: null, deviceId: null, merchantId: null, merchantCategory: null, location: null } as const;

const pay = async (account: string, given: Partial<Transaction> = {}, tenant = 'dev'): Promise<void> =>
  at.score([payment(account, given)], tenant);

const label = async (transactionId: string, disposition: Disposition, note: string | null = null): Promise<void> => {
  const result = await dispose(
    { table, clock, randomness, masterSecret: at.masterSecret },
    { tenant: 'dev', transactionId, disposition, note, by: 'key_ana' },
    clock.nowMs() + 10_000,
  );
  if (result.kind !== 'disposed') throw new Error(`${transactionId} could not be labelled: ${result.kind}`);
};

const publish = async (tenant: string, policy: typeof defaultPolicy, status: 'draft' | 'active' = 'active'): Promise<void> => {
  const published = await publishPolicy(table, tenant, { policy, status, by: 'key_ana', atMs: clock.nowMs() });
  if (!published.ok) throw new Error(`the policy of ${tenant} was not published`);
  clock.advance(10_000);
};

// Day 0: the default policy, no model, everybody's first payments.
const created = await createKeyNoted(
  { table, clock, randomness },
  { tenant: 'dev', scopes: ['read', 'review'], createdBy: 'golden', expiresAtMs: startMs + 365 * dayMs },
);
const revoked = await createKeyNoted(
  { table, clock, randomness },
  { tenant: 'dev', scopes: ['admin'], createdBy: created.record.keyId, expiresAtMs: null },
);
await revokeKeyNoted({ table, clock, randomness }, 'dev', revoked.record.keyId, 'golden');
await addEndpoint(
  { table, clock, randomness },
  { tenant: 'dev', url: 'https://hooks.example.com/aegis', events: ['decision.block', 'review.*'], createdBy: 'golden' },
  { allowsLoopback: false },
);
for (let i = 0; i < 12; i++) {
  await pay('ordinary');
  clock.advance(90 * minuteMs + random(hourMs));
}
await at.score([payment('bare', bare), payment('bare', { ...bare, metadata: { order: 'ö 7', note: 'first' } })]);
await at.score([payment('erased', { metadata: { memo: 'gone soon' } }), payment('erased')]);
for (let i = 0; i < 40; i++) {
  await pay('devices', { deviceId: `d_many_${i}` });
  clock.advance(20 * minuteMs);
}
await at.project();

// Day 2: a policy with lists and rules, a secret of its own, the learned layer.
await publish('dev', {
  ...defaultPolicy,
  learnedWeight: 0.1,
  rules: [
    ...defaultPolicy.rules,
    { id: 'young-account', when: 'account.ageDays < 0.01 && txn.amountMinor > 50000', points: 7.25, text: 'A new account' },
    {
      id: 'from-night',
      when: 'has(txn.channel) && txn.channel == "atm" && txn.metadata["kind"] == "night"',
      points: 1,
      text: 'A payment that says so',
    },
  ],
  lists: {
    watched: { kind: 'block', field: 'deviceId', outcome: 'REVIEW', overrides: false, text: 'a watched device' },
    trusted: { kind: 'allow', field: 'merchantId', outcome: 'ALLOW', overrides: false, text: 'a trusted merchant' },
  },
});
await publish('acme', {
  ...defaultPolicy,
  baseCurrency: 'EUR',
  rates: { USD: '0.92', INR: '0.011', JPY: '0.0061' },
  population: { mean: 8, sd: 1.2 },
});
await publish('acme', { ...defaultPolicy, failTo: 'BLOCK' }, 'draft');
for (const [list, entry] of [
  ['watched', 'd_watched'],
  ['trusted', 'm_trusted'],
] as const) {
  const expiresAtMs = list === 'watched' ? startMs + 300 * dayMs : null;
  const salt = randomness.bytes(16);
  await putListEntry(table, 'dev', { list, entry, by: 'key_ana', atMs: clock.nowMs(), salt, expiresAtMs });
}
const trainOn = async (rows: Parameters<typeof fillArchive>[1], seed: number): Promise<void> => {
  const archive = memoryObjects();
  await fillArchive(archive, rows);
  const { table: models, models: objects } = at;
  const report = await trainModel(
    { table: models, archive, models: objects, clock, log: () => undefined, codeVersion: version },
    { seed },
  );
  if (report.outcome !== 'published') throw new Error(`the model was not published: ${JSON.stringify(report)}`);
  clock.advance(10_000);
};
await trainOn(
  trainingRows(300, 1).map((row) => ({ ...row, fraud: null })),
  1,
);
for (let i = 0; i < 10; i++) {
  await pay('ordinary', i === 4 ? { merchantId: 'm_trusted', amountMinor: 40_000_000 } : {});
  clock.advance(2 * hourMs);
}
await trainOn(trainingRows(1_200, 1, 10), 3);
await rotateSecret({ table, clock, masterSecret: at.masterSecret }, 'dev', 'golden');
clock.advance(70_000);
await at.project();

// Late ones, of every degree.
for (const [i, lateByMs] of [
  0,
  5_000,
  59_999,
  60_000,
  30 * minuteMs,
  3 * hourMs,
  25 * hourMs,
  47 * hourMs,
  50 * hourMs,
  72 * hourMs,
].entries()) {
  await pay('late', { occurredAtMs: clock.nowMs() - 100 - lateByMs, ...(i % 3 === 0 && { location: null }) });
  clock.advance(3_000);
}
for (let i = 0; i < 150; i++) {
  await pay('late', { occurredAtMs: clock.nowMs() - 100 - random(20 * hourMs), amountMinor: 900 + random(100_000) });
  clock.advance(2 * minuteMs);
}

// Money of other countries, with and without a rate; a merchant's figures that cannot be read; a rule that fails.
await pay('abroad', { currency: 'USD', amountMinor: 12_345 });
await pay('abroad', { currency: 'XAF', amountMinor: 9_000 });
await pay('abroad', { currency: 'JPY', amountMinor: Number.MAX_SAFE_INTEGER });
clock.advance(minuteMs);
await pay('abroad', { location: { latitude: -33.8688, longitude: 151.2093 }, channel: 'atm', metadata: { kind: 'night' } });
await pay('abroad', { channel: 'atm' });
await pay('abroad', { location: { latitude: 51.507351234, longitude: -0.127758 }, deviceId: 'd_watched' });
for (const currency of ['EUR', 'USD', 'INR', 'CHF']) {
  await pay('euro', { currency, amountMinor: 4_200 + random(90_000), metadata: { kind: 'x' } }, 'acme');
  clock.advance(5 * hourMs);
}
at.merchants.isReachable = false;
clock.advance(20_000);
await pay('ordinary', { merchantId: 'm_unread' });
at.merchants.isReachable = true;

// Reviews and labels: gaps in the chain, merchants with figures, an UNSURE, a label that is replaced.
const flagged: string[] = [];
for (let i = 0; i < 6; i++) {
  flagged.push(`txn_reviewed_${made}`);
  await pay('reviewed', { amountMinor: 900_000_000 * (1 + i), occurredAtMs: clock.nowMs() - 100, merchantId: 'm_bad' });
  clock.advance(hourMs);
}
await at.project();
await label(flagged[0]!, 'CONFIRMED_FRAUD', 'a stolen card');
await label(flagged[1]!, 'UNSURE');
await label(flagged[2]!, 'LEGITIMATE');
await label(flagged[2]!, 'CONFIRMED_FRAUD', 'it was one after all');
clock.advance(30_000);
await at.project();
await at.score([payment('reviewed', { merchantId: 'm_bad' }), payment('reviewed', { merchantId: 'm_bad', location: null })]);
await at.project();

// A model that cannot be loaded, seen by a process that has none yet and by one that has a good one.
const pointer = (await table.get(modelPointerKey))!;
await table.put({ ...pointer, sha256: 'ff'.repeat(32), moves: Number(pointer.moves) + 1 });
clock.advance(10_000);
await pay('ordinary', { location: null });
at.coldStart();
await pay('ordinary', { location: null });
await table.put({ ...pointer, moves: Number(pointer.moves) + 2 });
clock.advance(10_000);
await pay('ordinary');
await at.project();

// A busy day: spans of many payments, bursts, late ones among them.
for (let i = 0; i < 40; i++) {
  await pay('busy', { amountMinor: 100 + random(9_000) });
  clock.advance(12 * minuteMs);
}
clock.advance(20 * hourMs);
for (let i = 0; i < 60; i++) {
  const size = i % 12 === 5 ? 7 : 3;
  await at.score(
    Array.from({ length: size }, (_, n) =>
      payment('busy', {
        amountMinor: 100 + random(9_000),
        occurredAtMs: clock.nowMs() - (n === 2 && i % 5 === 0 ? 2 * hourMs + random(hourMs) : n * 300),
      }),
    ),
  );
  clock.advance(4 * minuteMs + random(minuteMs));
}
await at.project();

const signer = localSigner(newPrivateKey());
await makeCheckpoints({ table, checkpoints: at.checkpoints, signer, clock });
clock.advance(hourMs);
await erase(
  { table, archive: at.archive, clock, randomness, masterSecret: at.masterSecret, parked: [] },
  { tenant: 'dev', subjects: [{ userId: 'u_erased', accountId: null }], by: 'golden' },
);
await pay('ordinary');
await pay('busy');
await at.project();
await makeCheckpoints({ table, checkpoints: at.checkpoints, signer, clock });
await pay('ordinary');
await pay('bare', bare);
await at.project();
if (at.buried.length > 0) throw new Error(`payments were refused: ${at.buried.join('; ')}`);

mkdirSync(folder, { recursive: true });
const policies = await Promise.all(
  (
    [
      ['dev', 1],
      ['dev', 2],
      ['acme', 2],
    ] as const
  ).map(async ([tenant, number]) => {
    const { hash, policy } = (await readPolicyVersion(table, tenant, number))!;
    return { hash, policy };
  }),
);
const source = await exportRange(
  { table, archive: at.archive, checkpoints: at.checkpoints },
  { from: null, to: null },
  { exportedAt: new Date(clock.nowMs()).toISOString(), publicKey: signer.publicKey, policies, models: [] },
);
await writeBundle(join(folder, 'bundle.jsonl.gz'), source);
writeFileSync(join(folder, 'public-key.pem'), signer.publicKey);
const items = table.all();
writeItems(folder, 'rows.json.gz', items);
await writeObjects(folder, 'models.json.gz', at.models);
await writeObjects(folder, 'archive.json.gz', at.archive);
await writeObjects(folder, 'checkpoints.json.gz', at.checkpoints);
writeJson(folder, 'meaning.json.gz', { nowMs: clock.nowMs(), ...(await meaningOf(at, items)) });

const counts = Object.entries(Object.groupBy(items, ({ pk }) => pk.slice(0, 2))).map(
  ([prefix, some]) => `${prefix} ${some!.length}`,
);
console.log(`${items.length} rows: ${counts.join(', ')}`);
