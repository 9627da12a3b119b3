import type { Decision } from '../../shared/domain/decision.ts';
import { type MerchantTraffic, noTraffic, withPayment } from '../../shared/domain/merchantTraffic.ts';
import { DamagedRow } from '../../shared/domain/rowFormat.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { type MerchantSeen, seenFromItem, trafficFromItem, trafficItem } from '../../shared/ledger/merchants.ts';
import { type Clock, ConditionFailed, type Item, type Randomness, type TableStore } from '../../shared/ports/ports.ts';
import { merchantTrafficKey } from '../../shared/store/names.ts';
import { failuresInTurn } from './inTurn.ts';
import type { CommittedDecision, Sink } from './project.ts';

export interface MerchantsDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly randomness: Randomness;
}

/** Several batches may bring payments of one merchant at the same time. */
const attemptsMax = 8;
const pauseMs = 20;
const pauseMsMax = 1_000;
const newDevice = signalNames.indexOf('NEW_DEVICE_USED');

/**
 * Counts the decisions of each merchant: of a batch one read and one write for each of its merchants, none if all were counted before. The
 * counts are of different ids, so that a decision counts once however often it is delivered.
 */
export const merchantsSink = (dependencies: MerchantsDependencies): Sink => ({
  name: 'merchants',
  async project({ decisions }) {
    const failures = await failuresInTurn(byMerchant(decisions), (members) => count(dependencies, members));
    return failures.flatMap(({ value, cause }) => value.map(({ position }) => ({ position, cause })));
  },
});

const byMerchant = (decisions: readonly CommittedDecision[]): (readonly CommittedDecision[])[] => {
  const ofMerchants = decisions.filter(({ decision }) => decision.transaction.merchantId !== null);
  return [...Map.groupBy(ofMerchants, ({ tenant, decision }) => `${tenant}#${decision.transaction.merchantId}`).values()];
};

async function count({ table, clock, randomness }: MerchantsDependencies, members: readonly CommittedDecision[]): Promise<void> {
  const { tenant, decision } = members[0]!;
  const merchantId = decision.transaction.merchantId!;
  for (let attempt = 1; ; attempt += 1) {
    const item = await table.get(merchantTrafficKey(tenant, merchantId), { consistent: true });
    const before = item === null ? noTraffic : trafficBefore(item);
    const traffic = members.map(paymentOf).reduce(withPayment, before);
    if (traffic === before) return;
    const revision = item === null ? 0 : Number(item.revision);
    try {
      return await table.put(
        trafficItem(tenant, merchantId, {
          traffic,
          revision: revision + 1,
          writtenAtMs: clock.nowMs(),
          seen: seenWith(item, members),
        }),
        item === null ? { kind: 'absent' } : { kind: 'equals', attribute: 'revision', value: revision },
      );
    } catch (error) {
      if (!(error instanceof ConditionFailed) || attempt === attemptsMax) throw error;
      await clock.sleep(Math.min(pauseMsMax, pauseMs * 2 ** attempt) * randomness.fraction());
    }
  }
}

const seenWith = (item: Item | null, members: readonly CommittedDecision[]): MerchantSeen => {
  const times = members.map(({ decision }) => decision.decidedAtMs);
  const before = item === null ? null : seenFromItem(item);
  return {
    firstMs: Math.min(before?.firstMs ?? Number.POSITIVE_INFINITY, ...times),
    lastMs: Math.max(before?.lastMs ?? 0, ...times),
  };
};

/** A damaged row is counted anew: its figures are of two hours, and of what is usual. */
const trafficBefore = (item: Item): MerchantTraffic => {
  try {
    return trafficFromItem(item);
  } catch (error) {
    if (error instanceof DamagedRow) return noTraffic;
    throw error;
  }
};

const paymentOf = ({ decision }: { readonly decision: Decision }) => {
  const { transactionId, accountId, userId, occurredAtMs } = decision.transaction;
  return {
    occurredAtMs,
    transactionId,
    account: `${accountId}\n${userId}`,
    newDevice: decision.signals[newDevice] === 1,
    flagged: decision.outcome !== 'ALLOW',
  };
};
