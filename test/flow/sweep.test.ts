import { afterAll, beforeAll, expect, it } from 'vitest';
import { sweep } from '../../functions/sweep/sweep.ts';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../shared/adapters/memory/objects.ts';
import { readPendingHeads } from '../../shared/proof/heads.ts';
import { readSweptShares, sweepShares } from '../../shared/proof/sweptShares.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { auditKey } from '../../shared/store/names.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { aTransaction } from '../functions/project/builders.ts';
import { dynamoEmulator } from '../support/emulators.ts';
import { decideNow, ledgerWithoutModel } from '../support/engine.ts';

let emulator: Awaited<ReturnType<typeof dynamoEmulator>>;
let table: ReturnType<typeof dynamoTable>;

beforeAll(async () => {
  emulator = await dynamoEmulator();
  table = dynamoTable({ ...emulator.connection, table: await emulator.newTable() });
});
afterAll(async () => {
  table.close();
  await emulator.stop();
});

it('a sweep of a table in the emulator finds every chain that nothing had noted, and the one whose entry is gone', async () => {
  const clock = virtualClock(Date.UTC(2026, 10, 20, 12));
  const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), { table, clock });
  const world = { table, clock, randomness: seededRandom(1), masterSecret };
  const ledger = ledgerWithoutModel(world);
  const accounts = 20;
  for (let n = 0; n < 2 * accounts; n += 1) {
    const nowMs = clock.nowMs();
    const transaction = aTransaction({ transactionId: `txn_${n}`, accountId: `a_${n % accounts}`, occurredAtMs: nowMs });
    await decideNow(ledger, transaction, { tenant: 'dev', receivedAtMs: nowMs });
  }
  const named: unknown[] = [];
  const log = (level: string, _: string, facts: object = {}) => level === 'error' && named.push(facts);
  const sweepAll = async (): Promise<void> => {
    for (let share = 0; share < sweepShares; share += 1) {
      const result = await sweep({ table, checkpoints: memoryObjects(), clock, hotDays: null, log }, clock.nowMs() + 60_000);
      expect(result.shares).toBe(1);
      clock.advance(3_600_000);
    }
  };
  await sweepAll();
  const records = (await readSweptShares(table)).map(({ record }) => record);
  const sum = (figure: 'chains' | 'entries' | 'states') => records.reduce((total, record) => total + record[figure], 0);
  expect([sum('chains'), sum('entries'), sum('states')]).toEqual([accounts, 2 * accounts, accounts]);
  const { heads } = await readPendingHeads(table, 1_000, 0);
  expect(heads.map(({ sequence }) => sequence)).toEqual(Array.from({ length: accounts }, () => 2));
  expect(named).toEqual([]);

  const { chain } = heads[0]!;
  await table.delete(auditKey(chain, 2));
  await sweepAll();
  expect(named).toEqual([{ kind: 'state-without-entry', chain }]);
}, 60_000);
