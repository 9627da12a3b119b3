import { entitiesOf } from '../../shared/domain/entities.ts';
import { toBaseMinor } from '../../shared/domain/money.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { decisionKey, entityDayKey } from '../../shared/store/names.ts';
import { type Attempted, entityOracle, figureFaults } from '../shared/entities/oracle.ts';
import { masterSecret, tenant, type World } from './world.ts';

const dayMs = 86_400_000;

/**
 * What is wrong with the figures of the decisions: each holds at least what its record had taken before it for the first time, and at
 * most what it ever took. `isExact` where nothing went wrong and nothing came twice: then it is what had been taken before.
 */
export async function entityFaultsOf(world: World, isExact: boolean): Promise<string[]> {
  const faults: string[] = [];
  const hashes = await entityHashes(masterSecret);
  const attempts = new Map<string, { readonly transaction: Transaction; readonly attempt: Attempted }>();
  const partitionOf = (kind: string, id: string): string => entityDayKey(tenant, kind, hashes.digest(tenant, kind, id), 0).pk;
  for (const transaction of world.transactions) {
    for (const { kind, id } of entitiesOf(transaction, [])) {
      const pk = partitionOf(kind, id);
      const { transactionId, userId, accountId, occurredAtMs, amountMinor, currency } = transaction;
      const attempt = {
        transactionId,
        account: `${userId} ${accountId}`,
        atMs: occurredAtMs,
        amountMinor: toBaseMinor(amountMinor, currency, world.policy.baseCurrency, world.policy.rates),
      };
      attempts.set(`${pk} ${hashes.transaction(pk, transactionId)}`, { transaction, attempt });
    }
  }
  const ofPartition = Map.groupBy(world.placed, ({ pk }) => pk);
  for (const [pk, placed] of ofPartition) {
    const taken = placed.flatMap(({ name }) => attempts.get(`${pk} ${name}`)?.attempt ?? []);
    const order = [...new Map(taken.map((attempt) => [attempt.transactionId, attempt])).values()];
    for (const [place, own] of order.entries()) {
      const item = await world.table.get(decisionKey(tenant, own.transactionId));
      if (item === null) continue;
      const { decision } = decisionFromItem(item);
      const entity = entitiesOf(decision.transaction, []).find(({ kind, id }) => partitionOf(kind, id) === pk)!;
      const figures = decision.entities?.[entity.kind];
      if (!figures) continue;
      const least = entityOracle(order.slice(0, place), own, decision.receivedAtMs);
      const most = order.filter(({ atMs }) => atMs > own.atMs - dayMs && atMs < own.atMs + 60_000);
      const at = `${own.transactionId} on ${entity.kind}`;
      if (figures.saturated) continue;
      if (isExact) faults.push(...figureFaults(figures, least).map((fault) => `${at}: ${fault}`));
      if (figures.late === least.late && figures.payments24h < least.payments24h)
        faults.push(`${at}: ${figures.payments24h} payments, at least ${least.payments24h}`);
      if (figures.late === least.late && figures.accounts24h < least.accounts24h)
        faults.push(`${at}: ${figures.accounts24h} accounts, at least ${least.accounts24h}`);
      if (figures.payments24h > most.length) faults.push(`${at}: ${figures.payments24h} payments of ${most.length}`);
      if (figures.accounts24h > new Set(most.map(({ account }) => account)).size) faults.push(`${at}: too many accounts`);
    }
  }
  return faults;
}
