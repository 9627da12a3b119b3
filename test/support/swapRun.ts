import { createHash } from 'node:crypto';
import { buildModel } from '../../functions/train/build.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../shared/adapters/memory/table.ts';
import { modelCacheMs, modelInForce } from '../../shared/deciding/modelInForce.ts';
import { decide, type Judgement } from '../../shared/domain/decide.ts';
import { featureNames } from '../../shared/domain/features.ts';
import { noFigures } from '../../shared/domain/merchant.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import { type AccountState, newAccount } from '../../shared/domain/state.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { encodeArtefact, loadArtefact } from '../../shared/model/artefact.ts';
import { schemaHash } from '../../shared/model/features.ts';
import { artefactKey } from '../../shared/model/manifest.ts';
import { activateModel, readManifest, storeModel } from '../../shared/model/store.ts';
import { compilePolicy } from '../../shared/policy/compile.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { trainingRows } from '../functions/train/generated.ts';

const start = Date.UTC(2026, 10, 1);
const act = { by: 'test', atMs: start };
const models = 3;

export interface SwapRun {
  readonly swaps: number;
  readonly decisions: number;
  /** Decisions by the version that scored them. */
  readonly byVersion: ReadonlyMap<number, number>;
  /** Decisions that name another version or artefact than the one in force. */
  readonly misnamed: number;
  /** Decisions that the named artefact, loaded again, does not decide to the same bytes. */
  readonly differing: number;
}

/** Decides payments while the model in force is swapped, and decides each again with the artefact that it names. */
export const runSwaps = async (
  swaps: number,
  decisionsPerSwap: number,
  progress: (swap: number) => void = () => undefined,
): Promise<SwapRun> => {
  const stores = { table: memoryTable(), models: memoryObjects() };
  const clock = virtualClock(start);
  const rows = trainingRows(600, 1);
  for (let seed = 1; seed <= models; seed++) {
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
  const sealer = { secretVersion: 1, seal: () => ({ sealed: '', fingerprint: '' }), hash: textHash };
  const judgement = (model: CompiledModel): Judgement => ({ policy, sealer, model: { model, degraded: null } });
  const random = seededRandom(9).fraction;
  const accounts = new Map<string, AccountState>();
  const loadedAgain = new Map<number, CompiledModel>();
  const byVersion = new Map<number, number>();
  let [misnamed, differing] = [0, 0];

  for (let swap = 0; swap < swaps; swap++) {
    const version = 1 + (swap % models);
    await activateModel(stores, version, act);
    clock.advance(modelCacheMs);
    for (let i = 0; i < decisionsPerSwap; i++) {
      const transaction = payment(swap * decisionsPerSwap + i, random);
      const { model } = await current();
      const account = accounts.get(transaction.accountId) ?? newAccount('chain', new Uint8Array(16), start);
      const atMs = transaction.occurredAtMs;
      const arrival = { transaction, receivedAtMs: atMs, decidedAtMs: atMs, merchant: noFigures, lists: {}, entities: [] };
      const step = decide(account, arrival, judgement(model!));
      if (step.kind !== 'decided') throw new Error('rows needed');
      accounts.set(transaction.accountId, step.account);
      const named = step.decision.modelVersion!;
      byVersion.set(named, (byVersion.get(named) ?? 0) + 1);
      const again = loadedAgain.get(named) ?? (await load(stores, named));
      loadedAgain.set(named, again);
      if (named !== version || step.entry.body.modelHash !== again.hash) misnamed += 1;
      const replayed = decide(account, arrival, judgement(again));
      if (replayed.kind !== 'decided' || JSON.stringify(replayed.decision) !== JSON.stringify(step.decision)) differing += 1;
    }
    progress(swap + 1);
  }
  return { swaps, decisions: swaps * decisionsPerSwap, byVersion, misnamed, differing };
};

/** Tells texts apart, so that a decision that differs has another hash. */
const textHash = (text: string): string => createHash('sha256').update(text).digest('hex');

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
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: null,
  metadata: null,
});
