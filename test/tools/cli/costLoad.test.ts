import { describe, expect, test } from 'vitest';
import { parseTransactionText } from '../../../shared/contract/transaction.ts';
import { entitiesOf } from '../../../shared/domain/entities.ts';
import { entityFields } from '../../../tools/cli/costLoad.ts';
import { limitOf } from '../../../tools/cli/costReport.ts';

const nowMs = Date.UTC(2026, 10, 20, 12);

const idsOf = (entities: number, name: string): string[] => {
  const parsed = parseTransactionText(
    JSON.stringify({
      transactionId: 't',
      userId: 'u',
      accountId: 'a',
      occurredAt: new Date(nowMs).toISOString(),
      amountMinor: 1,
      currency: 'INR',
      ...entityFields(entities, name),
    }),
    nowMs,
  );
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return entitiesOf(parsed.transaction, []).map(({ kind, id }) => `${kind} ${id}`);
};

describe('a payment of the load', () => {
  test.each([0, 1, 2, 3, 4])('names %d entities, as it was asked to', (entities) => {
    expect(idsOf(entities, 'sync-4-17')).toHaveLength(entities);
  });

  test('shares no entity with one of another name, and all with one of the same', () => {
    const all = new Set(Array.from({ length: 2_000 }, (_, i) => idsOf(4, `load-${i}`)).flat());
    expect(all.size).toBe(8_000);
    expect(idsOf(4, 'load-7')).toEqual(idsOf(4, 'load-7'));
  });
});

test.each([
  ['batch', '0', 6.5],
  ['single', 'untracked', 9],
  ['sync', '0', 9],
  ['sync', '1', undefined],
  ['batch', '4', undefined],
  ['queue', '0', undefined],
] as const)('the limit of %s with %s entities is %s', (route, load, limit) => {
  expect(limitOf(route, load)).toBe(limit);
});
