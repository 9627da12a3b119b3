import type { Decision } from '../../shared/domain/decision.ts';
import type { OwnKind } from '../../shared/domain/entities.ts';
import { entityHashes } from '../../shared/entities/hashes.ts';
import { trackedBy } from '../../shared/entities/kinds.ts';
import { lookupKey } from '../../shared/entities/lookup.ts';
import { entityPlaces } from '../../shared/entities/places.ts';
import { loadActivePolicy, loadPolicyVersion } from '../../shared/policy/store.ts';
import { type Clock, ConditionFailed, type TableStore } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';

/**
 * Takes a payment out of the records of its entities: its attempt and its mark, and the notes that name it. Returns how many were removed. The emptied
 * items expire. An attempt that no decision followed is found by nothing; it goes when its record expires, within 5 days of its day.
 */
export async function eraseFromEntities(
  { table, clock, masterSecret }: { readonly table: TableStore; readonly clock: Clock; readonly masterSecret: MasterSecret },
  tenant: string,
  { transaction, policyVersion, decidedAtMs }: Decision,
): Promise<number> {
  const policies = await Promise.all([
    loadPolicyVersion(table, tenant, policyVersion),
    loadActivePolicy(table, tenant, clock.nowMs()),
  ]);
  const own = new Map(policies.flatMap(({ policy }) => trackedBy(policy).own).map((kind) => [JSON.stringify(kind), kind]));
  const places = entityPlaces(await entityHashes(masterSecret), tenant, transaction, [...own.values()] satisfies OwnKind[]);
  const keys = places.flatMap(({ day, marks, name }) => [
    { key: day, name },
    { key: marks, name },
  ]);
  const items = await table.getMany(
    keys.map(({ key }) => key),
    { consistent: true },
  );
  let removed = 0;
  for (const [i, { key, name }] of keys.entries()) {
    if (items[i]?.[name] === undefined) continue;
    try {
      await table.update(key, { remove: [name] }, { kind: 'present' });
      removed += 1;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  for (const place of places) {
    try {
      const { transactionId } = transaction;
      const key = lookupKey(tenant, place, decidedAtMs);
      if ((await table.get(key, { consistent: true }))?.transactionId !== transactionId) continue;
      await table.delete(key, { kind: 'equals', attribute: 'transactionId', value: transactionId });
      removed += 1;
    } catch (error) {
      if (!(error instanceof ConditionFailed)) throw error;
    }
  }
  return removed;
}
