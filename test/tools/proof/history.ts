import { buildModel } from '../../../functions/train/build.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { type MemoryTable, memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { TrafficFigures } from '../../../shared/domain/merchant.ts';
import type { CompiledModel, ModelInForce } from '../../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../../shared/domain/policy.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { entityCounter } from '../../../shared/entities/counting.ts';
import type { LedgerDependencies } from '../../../shared/ledger/dependencies.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import { settle } from '../../../shared/ledger/ledger.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { encodeArtefact, loadArtefact, sha256 } from '../../../shared/model/artefact.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { type AuditEntry, asAuditEntry } from '../../../shared/proof/entry.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../../shared/secrets/sealer.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import type { ReplayWorld } from '../../../tools/proof/replay.ts';
import { trainingRows } from '../../functions/train/generated.ts';
import { seeded } from './tampering.ts';

const secret = new Uint8Array(32).fill(9);
export const historySealer = new SecretSealer(secret, 1);
const masterSecret = localMasterSecret(Buffer.from(secret).toString('base64'));
export const historyPolicy: CompiledPolicy = compilePolicy(
  {
    ...defaultPolicy,
    learnedWeight: 0.5,
    rules: [
      ...defaultPolicy.rules,
      { id: 'busy', when: 'has(merchant.accounts1h) && merchant.accounts1h >= 6.0', points: 15, text: 'a busy merchant' },
    ],
    lists: { watched: { kind: 'block', field: 'deviceId', outcome: 'REVIEW', overrides: false, text: 'a watched device' } },
  },
  3,
);

export interface History {
  readonly table: MemoryTable;
  readonly entries: readonly AuditEntry[];
  readonly world: ReplayWorld;
}

const rowsToTrain = 1_500;

/** Versions 1, 2, 3... of a model, each with a forest and a learned layer. */
export const historyModels = (count: number): readonly CompiledModel[] =>
  Array.from({ length: count }, (_, i) => {
    const { parts } = buildModel(trainingRows(rowsToTrain, i + 1), i + 1);
    if (parts.learned === null) throw new Error('the rows gave no learned layer');
    const artefact = encodeArtefact(parts);
    return loadArtefact(artefact, { version: i + 1, sha256: sha256(artefact) });
  });

/**
 * One account's payments through the real ledger: bursts, late ones, blocked ones, list hits, unread merchants. With models, another is in
 * force every so many payments, one after the other, then none.
 */
export const makeHistory = async (count: number, seed: number, models: readonly CompiledModel[] = []): Promise<History> => {
  const random = seeded(seed);
  const table = memoryTable();
  const clock = virtualClock(Date.UTC(2026, 10, 20, 9));
  let model: ModelInForce = { model: null, degraded: 'NO_MODEL' };
  let swaps = 0;
  const swap = (): void => {
    const next = models[swaps++ % (models.length + 1)];
    model = next ? { model: next, degraded: null } : { model: null, degraded: 'NO_MODEL' };
  };
  const dependencies: LedgerDependencies = {
    table,
    clock,
    randomness: seededRandom(seed),
    judgement: async () => ({ policy: historyPolicy, model, sealer: historySealer }),
    merchantFigures: async (_, merchantId) =>
      merchantId === 'm_lost'
        ? null
        : {
            frauds: random(3),
            labelled: 40,
            riskShort: 0.0123,
            riskLong: null,
            ...(random(3) > 0 && { traffic: traffic(random) }),
          },
    entities: entityCounter({ table, clock, randomness: seededRandom(seed), masterSecret }),
    listHits: async (_, __, { deviceId }) => ({ watched: deviceId === 'd_2' }),
  };
  for (let made = 0; made < count; ) {
    const size = Math.min(count - made, 1 + random(4));
    const submissions = Array.from({ length: size }, (_, i) => ({
      tenant: 'dev',
      transaction: payment(made + i, clock.nowMs() - random(10) ** 5 * 20, random),
      receivedAtMs: clock.nowMs(),
      correlationId: null,
      queueAgeMs: null,
      redelivered: false,
    }));
    const settled = await settle(dependencies, submissions, clock.nowMs() + 60_000);
    if (settled.some(({ kind }) => kind !== 'decided')) throw new Error('the history was not decided');
    made += size;
    if (models.length > 0 && random(swapEvery) === 0) swap();
    clock.advance(1 + random(random(9) ? 4_000_000 : 4_000));
  }
  const items = table.all();
  const entries = items.filter(({ pk }) => pk.startsWith('A#')).map((item) => asAuditEntry(auditFromItem(item)));
  const state = accountFromItem(items.find(({ pk }) => pk.startsWith('S#'))!);
  const world = {
    salt: state.salt,
    sealerOf: async () => historySealer,
    policyOf: async (version: number) => (version === 3 ? historyPolicy : null),
    modelOf: async (version: number) => models[version - 1] ?? null,
  };
  return { table, world, entries: entries.sort((a, b) => a.body.sequence - b.body.sequence) };
};

const swapEvery = 20;

const traffic = (random: (below: number) => number): TrafficFigures => ({
  asOfMs: Date.UTC(2026, 10, 20, 8) + random(1_000),
  accounts1h: random(90_000) / 10_000,
  payments1h: 9,
  newDeviceShare1h: random(10_000) / 10_000,
  flaggedShare1h: 0,
  usualAccounts1h: random(2) === 0 ? null : 1.25,
  usualPayments1h: null,
  usualNewDeviceShare: null,
  usualFlaggedShare: null,
});

const payment = (i: number, occurredAtMs: number, random: (below: number) => number): Transaction => ({
  transactionId: `txn_${i}`,
  userId: 'u_1',
  accountId: 'a_1',
  occurredAtMs,
  offsetMinutes: [0, 330, -480][random(3)]!,
  amountMinor: 100 + random(random(15) ? 50_000 : 9_999_999),
  currency: random(20) ? 'INR' : ['USD', 'XAF'][random(2)]!,
  channel: random(2) ? 'upi' : null,
  deviceId: random(4) ? `d_${random(2)}` : random(9) ? null : 'd_2',
  merchantId: random(12) ? [null, 'm_1'][random(2)]! : 'm_lost',
  merchantCategory: random(2) ? '5411' : null,
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: random(2) ? { latitude: 12.97, longitude: random(20) ? 77.5 + random(9) / 100 : -77 } : null,
  metadata: random(2) ? { note: `n ${random(9)}` } : null,
});
