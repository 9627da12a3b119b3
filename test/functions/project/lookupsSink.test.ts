import { describe, expect, it } from 'vitest';
import { lookupsSink } from '../../../functions/project/lookupsSink.ts';
import { type MemoryTable, memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Decision } from '../../../shared/domain/decision.ts';
import { dayMs } from '../../../shared/domain/durations.ts';
import type { Policy } from '../../../shared/domain/policy.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { type Consumed, type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { expiryAttribute } from '../../../shared/store/names.ts';
import { testSecret } from '../../support/engine.ts';
import { aDecision, aPolicy } from './builders.ts';

const atMs = Date.UTC(2026, 10, 20, 12);

const decisionOf = (
  transaction: Partial<Transaction>,
  given: Partial<Omit<Decision, 'transaction'>> = {},
  tenant = 'acme',
  position = 0,
) => ({
  position,
  tenant,
  queueAgeMs: null,
  decision: aDecision({ transaction, decidedAtMs: atMs, ...given }),
});

type Committed = ReturnType<typeof decisionOf>;

const world = () => {
  const consumed: Consumed[] = [];
  const table: MemoryTable = memoryTable({ onConsumed: (one) => consumed.push(one) });
  const policies: string[] = [];
  const policyOf = async (tenant: string, version: number): Promise<Policy> => {
    policies.push(`${tenant} ${version}`);
    return aPolicy({ entities: ['device', { kind: 'email', metadata: 'emailHash' }] });
  };
  const sinkOn = (on: TableStore, isOn = true) => lookupsSink({ table: on, masterSecret: testSecret(), policyOf, isOn });
  return {
    table,
    policies,
    sinkOn,
    project: async (decisions: readonly Committed[], isOn = true): Promise<number> => {
      consumed.length = 0;
      expect(await sinkOn(table, isOn).project({ decisions, entries: [] })).toEqual([]);
      return consumed.reduce((sum, { writeUnits }) => sum + writeUnits, 0);
    },
    notes: () => table.all().filter(({ pk }) => pk.startsWith('I#')),
  };
};

const named = { deviceId: 'd_9', ipAddress: '2001:db8::1', beneficiaryId: 'asha@upi', instrumentId: 'card_77' };

describe('the notes by which entities are looked up', () => {
  it.each<[string, readonly Committed[], number]>([
    ['a payment without fields: none', [decisionOf({})], 0],
    ['a device: one', [decisionOf({ deviceId: 'd_9' })], 1],
    ['every field: one for each', [decisionOf(named)], 4],
    [
      'ids of 64 characters: still one for each',
      [
        decisionOf({
          transactionId: 't'.repeat(64),
          deviceId: 'd'.repeat(64),
          beneficiaryId: 'b'.repeat(64),
          instrumentId: 'i'.repeat(64),
        }),
      ],
      3,
    ],
    [
      'ten payments of an account on a day: one',
      Array.from({ length: 10 }, (_, i) => decisionOf({ transactionId: `t${i}`, deviceId: 'd_9' })),
      1,
    ],
    ['five accounts: one for each', Array.from({ length: 5 }, (_, i) => decisionOf({ accountId: `a${i}`, deviceId: 'd_9' })), 5],
    ['one account id of two users: one for each', ['u1', 'u2'].map((userId) => decisionOf({ userId, deviceId: 'd_9' })), 2],
    ['two days: one for each', [0, dayMs].map((later) => decisionOf({ deviceId: 'd_9' }, { decidedAtMs: atMs + later })), 2],
    ['two addresses of one network: one', ['2001:db8::1', '2001:db8::ffff:2'].map((ipAddress) => decisionOf({ ipAddress })), 1],
    ['two tenants: one for each', ['acme', 'other'].map((tenant) => decisionOf({ deviceId: 'd_9' }, {}, tenant)), 2],
    ['a kind that is not tracked: none', [decisionOf(named, { degraded: [{ part: 'ENTITY:device', cause: 'NOT_TRACKED' }] })], 3],
    [
      'figures that were not reached: noted all the same',
      [decisionOf({ deviceId: 'd_9' }, { degraded: [{ part: 'ENTITY:device', cause: 'STORE_UNAVAILABLE' }] })],
      1,
    ],
    ['a kind of the policy: one', [decisionOf({ metadata: { emailHash: 'e1' } }, { entities: { email: null } })], 1],
  ])('cost write units: %s', async (_, decisions, units) => {
    const { project, notes } = world();
    expect(await project(decisions)).toBe(units);
    expect(notes()).toHaveLength(units);
    expect(await project(decisions)).toBe(0);
  });

  it('are not written where the setting is off', async () => {
    const { project, notes } = world();
    expect(await project([decisionOf(named)], false)).toBe(0);
    expect(notes()).toEqual([]);
  });

  it('name the earliest decision of a batch, and no id of a person or an entity', async () => {
    const { project, notes } = world();
    await project([
      decisionOf({ transactionId: 't2', ...named }, { sequence: 2 }),
      decisionOf({ transactionId: 't1', ...named }, { sequence: 1 }),
    ]);
    for (const note of notes()) {
      expect(note.transactionId).toBe('t1');
      const text = JSON.stringify(note);
      for (const id of ['u_42', 'a_7', ...Object.values(named)]) expect(text).not.toContain(id);
    }
  });

  it('expire once their day is out of sight, but for the first of an entity', async () => {
    const { project, notes } = world();
    await project([decisionOf({ deviceId: 'd_9' })]);
    await project([decisionOf({ deviceId: 'd_9', accountId: 'a2' })]);
    const endOfDay = Date.UTC(2026, 10, 21);
    expect(
      notes()
        .map((note) => note[expiryAttribute] ?? null)
        .toSorted(),
    ).toEqual([(endOfDay + 31 * dayMs) / 1_000, null]);
  });

  it('read a policy only for kinds of its own', async () => {
    const { project, policies } = world();
    await project([decisionOf(named, { entities: { device: null } })]);
    expect(policies).toEqual([]);
    await project([decisionOf({ metadata: { emailHash: 'e1' } }, { entities: { email: null } })]);
    expect(policies).toEqual(['acme 1']);
  });

  it('of a full batch are written side by side, and one of them alone stays for ever', async () => {
    const { table, sinkOn, notes } = world();
    let [underWay, most] = [0, 0];
    const put: TableStore['put'] = async (...given) => {
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      return table.put(...given);
    };
    const decisions = Array.from({ length: 250 }, (_, i) => decisionOf({ accountId: `a${i}`, deviceId: 'd_9' }, {}, 'acme', i));
    expect(await sinkOn({ ...table, put }).project({ decisions, entries: [] })).toEqual([]);
    expect(most).toBe(16);
    expect(notes()).toHaveLength(250);
    expect(notes().filter((note) => note[expiryAttribute] === undefined)).toHaveLength(1);
  });

  it.each<[string, Partial<TableStore>]>([
    ['the notes cannot be read', { getMany: async () => Promise.reject(new Unavailable('down')) }],
    ['it cannot be told whether the entity is known', { query: async () => Promise.reject(new Unavailable('down')) }],
    ['a note cannot be written', { put: async () => Promise.reject(new Unavailable('down')) }],
  ])('fail every record of a note when %s, and are whole once it comes again', async (_, broken) => {
    const { table, sinkOn, project, notes } = world();
    const decisions = [0, 1, 2].map((i) => decisionOf({ transactionId: `t${i}`, deviceId: 'd_9' }, {}, 'acme', i));
    const failures = await sinkOn({ ...table, ...broken }).project({ decisions, entries: [] });
    expect(failures.map(({ position }) => position).toSorted()).toEqual([0, 1, 2]);
    await project(decisions);
    expect(notes()).toHaveLength(1);
  });
});
