import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildModel } from '../../../functions/train/build.ts';
import { zeroHash } from '../../../shared/domain/audit.ts';
import { decide } from '../../../shared/domain/decide.ts';
import { addLabel, type MerchantLabels, merchantFigures, noLabels } from '../../../shared/domain/merchantLabels.ts';
import type { CompiledPolicy } from '../../../shared/domain/policy.ts';
import { type AccountState, newAccount } from '../../../shared/domain/state.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { compile } from '../../../shared/model/artefact.ts';
import { compilePolicy } from '../../../shared/policy/compile.ts';
import { defaultPolicy } from '../../../shared/policy/default.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { policyOfFile } from '../../../tools/cli/policy.ts';
import { scoreLayers } from '../../../tools/evaluation/evaluation.ts';
import { EngineStream } from '../../../tools/evaluation/stream.ts';

const start = Date.UTC(2026, 10, 1);
const dayMs = 86_400_000;
const path = new URL('../../../docs/policies/label-feedback.json', import.meta.url);

/** Every 12th payment is fraud: large, and at one of three merchants. */
const payments = (): { transaction: Transaction; fraud: boolean }[] => {
  const random = seededRandom(4).fraction;
  return Array.from({ length: 1500 }, (_, i) => {
    const fraud = i % 12 === 0;
    return {
      fraud,
      transaction: {
        transactionId: `t${i}`,
        userId: 'u',
        accountId: `a${i % 40}`,
        occurredAtMs: start + i * 600_000,
        offsetMinutes: 0,
        amountMinor: Math.ceil((fraud ? 400_000 : 60_000) * (0.5 + random())),
        currency: 'INR',
        channel: null,
        deviceId: `d${i % 40}-${random() < 0.1 ? 1 : 0}`,
        merchantId: `m${Math.floor(random() * (fraud ? 3 : 30))}`,
        merchantCategory: null,
        ipAddress: null,
        beneficiaryId: null,
        instrumentId: null,
        location: null,
        metadata: null,
      },
    };
  });
};

/** Nothing is BLOCKed, so that accounts are as they are in the stream. */
const watching = ({ policy, ...rest }: CompiledPolicy): CompiledPolicy => ({
  ...rest,
  policy: { ...policy, cutoffs: { review: 101, block: 101 }, failTo: 'ALLOW', rules: policy.rules, learnedWeight: 1 },
});

describe('the layers of an evaluation', () => {
  const labelled = payments();
  it.each([
    ['the default policy', compilePolicy({ ...defaultPolicy, rules: defaultPolicy.rules.slice(1) }, 1)],
    ['rules graded by labels', policyOfFile(readFileSync(path, 'utf8'), path.pathname)],
  ])('are what the engine itself decides with the same model, under %s', (_, policy) => {
    const stream = new EngineStream(policy, dayMs);
    const rows = labelled.map(({ transaction, fraud }) => ({
      ...stream.step(transaction, fraud),
      occurredAtMs: transaction.occurredAtMs,
      account: 0,
      fraud,
      type: '',
    }));
    const { parts } = buildModel(rows, 1);
    const scores = scoreLayers(parts, rows, policy);
    const model = compile(parts, { version: 1, sha256: zeroHash });
    const bare = { ...model, learned: null };
    const accounts = new Map<string, AccountState>();
    const merchants = new Map<string, MerchantLabels>();
    let known = 0;
    for (const [i, { transaction }] of labelled.entries()) {
      const atMs = transaction.occurredAtMs;
      for (; labelled[known]!.transaction.occurredAtMs + dayMs <= atMs; known++) {
        const { fraud, transaction: earlier } = labelled[known]!;
        const before = merchants.get(earlier.merchantId!) ?? noLabels;
        merchants.set(earlier.merchantId!, addLabel(before, fraud, earlier.occurredAtMs + dayMs));
      }
      const account = accounts.get(transaction.accountId) ?? newAccount('', new Uint8Array(16), atMs);
      const merchant = merchantFigures(merchants.get(transaction.merchantId!) ?? noLabels);
      const arrival = { transaction, receivedAtMs: atMs, decidedAtMs: atMs, merchant, lists: {}, entities: [] };
      const sealer = { secretVersion: 1, seal: () => ({ sealed: '', fingerprint: '' }), hash: () => zeroHash };
      const [all, withForest] = [model, bare].map((one) =>
        decide(account, arrival, { policy: watching(policy), sealer, model: { model: one, degraded: null } }),
      );
      if (all?.kind !== 'decided' || withForest?.kind !== 'decided') throw new Error('rows needed');
      accounts.set(transaction.accountId, all.account);
      const sum = (step: typeof all): number => step.decision.reasons.reduce((total, { points }) => total + points, 0);
      expect(scores.all[i]).toBeCloseTo(sum(all), 9);
      expect(scores['rules+forest'][i]).toBeCloseTo(sum(withForest), 9);
      expect(scores.forest[i]).toBeCloseTo(all.decision.anomaly!.score, 4);
      expect(scores.learned[i]).toBe(all.decision.reasons.find(({ signal }) => signal === 'MODEL')!.value);
    }
  });
});
