import { expect, it } from 'vitest';
import { decide, type Judgement } from '../../shared/domain/decide.ts';
import { featureNames } from '../../shared/domain/features.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import { type AccountState, newAccount, zeroHash } from '../../shared/domain/state.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { virtualClock } from '../../shared/memory/clock.ts';
import { memoryObjects } from '../../shared/memory/objects.ts';
import { memoryTable } from '../../shared/memory/table.ts';
import { encodeArtefact, loadArtefact, schemaHash } from '../../shared/model/artefact.ts';
import { buildModel } from '../../shared/model/build.ts';
import { modelCacheMs, modelInForce } from '../../shared/model/inForce.ts';
import { artefactKey } from '../../shared/model/manifest.ts';
import { seededRandom } from '../../shared/model/random.ts';
import { activateModel, readManifest, storeModel } from '../../shared/model/store.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { trainingRows } from './generated.ts';

const swaps = 100;
const decisionsPerModel = 100;
const start = Date.UTC(2026, 10, 1);
const act = { by: 'test', atMs: start };

it('names in each decision the artefact that scored it, and replays it identically, through 100 swaps', async () => {
  const stores = { table: memoryTable(), models: memoryObjects() };
  const clock = virtualClock(start);
  const rows = trainingRows(600, 1);
  for (const seed of [1, 2, 3]) {
    await storeModel(
      stores,
      encodeArtefact(buildModel(rows, seed).parts),
      {
        kind: 'isolation-forest',
        features: featureNames,
        schemaHash,
        seed,
        trainedAtMs: start,
        trainingWindow: { fromMs: 0, toMs: 1 },
        rows: rows.length,
        digest: '',
        reference: '',
        learned: null,
        metrics: {},
        codeVersion: 'test',
        status: 'published',
        reason: null,
      },
      act,
    );
  }
  const current = modelInForce({ ...stores, clock });
  const policy = compilePolicy({ ...defaultPolicy, learnedWeight: 0.5 }, 1);
  const sealer = { secretVersion: 1, seal: () => ({ sealed: '', fingerprint: '' }), hash: () => zeroHash };
  const judgement = (model: CompiledModel): Judgement => ({ policy, sealer, model: { model, degraded: null } });
  const random = seededRandom(9);
  const accounts = new Map<string, AccountState>();
  const replayed = new Map<number, CompiledModel>();
  const scores = new Map<number, Set<number>>();

  for (let swap = 0; swap < swaps; swap++) {
    const version = 1 + (swap % 3);
    await activateModel(stores, version, act);
    clock.advance(modelCacheMs);
    for (let i = 0; i < decisionsPerModel; i++) {
      const number = swap * decisionsPerModel + i;
      const transaction = payment(number, random);
      const { model } = await current();
      const account = accounts.get(transaction.accountId) ?? newAccount('chain', new Uint8Array(16), start);
      const atMs = transaction.occurredAtMs;
      const arrival = { transaction, receivedAtMs: atMs, decidedAtMs: atMs, merchant: noFigures, lists: {} };
      const step = decide(account, arrival, judgement(model!));
      if (step.kind !== 'decided') throw new Error('rows needed');
      accounts.set(transaction.accountId, step.account);
      expect(step.decision.modelVersion).toBe(version);

      const named = step.entry.body;
      const again = replayed.get(version) ?? (await load(stores, version));
      replayed.set(version, again);
      expect(named.modelHash).toBe(again.hash);
      expect(decide(account, arrival, judgement(again))).toEqual(step);
      scores.set(version, (scores.get(version) ?? new Set()).add(step.decision.anomaly!.score));
    }
  }
  expect([...scores.keys()].sort()).toEqual([1, 2, 3]);
}, 120_000);

const load = async ({ table, models }: Parameters<typeof activateModel>[0], version: number): Promise<CompiledModel> => {
  const manifest = (await readManifest(table, version))!;
  return loadArtefact((await models.get(artefactKey(manifest.sha256)))!, manifest);
};

const payment = (number: number, random: () => number): Transaction => ({
  transactionId: `t${number}`,
  userId: 'u',
  accountId: `a${number % 200}`,
  occurredAtMs: start + number * 60_000,
  offsetMinutes: 330,
  amountMinor: 1 + Math.floor(random() * 1_000_000),
  currency: 'INR',
  channel: 'upi',
  deviceId: `d${Math.floor(random() * 3)}`,
  merchantId: `m${Math.floor(random() * 9)}`,
  merchantCategory: `c${Math.floor(random() * 4)}`,
  location: null,
  metadata: null,
});
