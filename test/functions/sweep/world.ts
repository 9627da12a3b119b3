import { makeCheckpoints } from '../../../functions/checkpoint/checkpoint.ts';
import { type SweepDependencies, type SweepResult, sweep } from '../../../functions/sweep/sweep.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { auditFromItem, isAuditItem } from '../../../shared/ledger/items.ts';
import { accountFromItem } from '../../../shared/ledger/state.ts';
import { appendSystemEvent } from '../../../shared/ledger/systemChain.ts';
import type { Item, TableStore } from '../../../shared/ports/ports.ts';
import { parseStoredCheckpoint, type StoredCheckpoint } from '../../../shared/proof/checkpoint.ts';
import type { StoredEntry } from '../../../shared/proof/entry.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import type { HotDays } from '../../../shared/proof/hotRows.ts';
import { sweepShares } from '../../../shared/proof/sweptShares.ts';
import { localMasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { decideNow, ledgerWithoutModel } from '../../support/engine.ts';
import { ed25519Signer } from '../../tools/proof/builders.ts';
import { aTransaction } from '../project/builders.ts';

export const startMs = Date.UTC(2026, 10, 20, 12);
export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;
const runMs = 180_000;

/** The ledger, the checkpoint stage and the sweep on one table. */
export const world = (hotDays: HotDays = null) => {
  const table = memoryTable();
  const clock = virtualClock(startMs);
  const randomness = seededRandom(7);
  const [archive, checkpoints] = [memoryObjects(), memoryObjects()];
  const masterSecret = localMasterSecret(Buffer.alloc(32, 3).toString('base64'), { table, clock });
  const ledger = ledgerWithoutModel({ table, clock, randomness, masterSecret });
  const signer = ed25519Signer();
  const lines: { level: string; message: string; facts: object }[] = [];
  const dependencies: SweepDependencies = {
    table,
    checkpoints,
    clock,
    hotDays,
    log: (level, message, facts = {}) => void lines.push({ level, message, facts }),
  };
  let payments = 0;
  const at = {
    table,
    clock,
    archive,
    checkpoints,
    signer,
    lines,
    dependencies,
    /** A payment of an account; returns its chain. */
    pay: async (account: number, given: Partial<Transaction> = {}): Promise<string> => {
      const [accountId, userId] = [`account-of-${account}.x`, `user-of-${account}.x`];
      payments += 1;
      const nowMs = clock.nowMs();
      const transaction = aTransaction({ transactionId: `txn_${payments}`, accountId, userId, occurredAtMs: nowMs, ...given });
      await decideNow(ledger, transaction, { tenant: 'dev', receivedAtMs: nowMs });
      return accountFromItem((await table.get(stateKey('dev', accountId, userId)))!).chain;
    },
    administer: () => appendSystemEvent(table, 'dev', { event: 'KEY_ADDED', by: 'key_1', atMs: clock.nowMs(), details: {} }),
    /** What the stream does: notes every head of the table, old ones too. */
    note: () => noteHeads(table, table.all().filter(isAuditItem).flatMap(entriesOf)),
    forget: async (): Promise<void> => {
      for (const { pk, sk } of table.all().filter(({ pk }) => pk.startsWith('T#head'))) await table.delete({ pk, sk });
    },
    checkpoint: () => makeCheckpoints({ table, checkpoints, signer, clock }),
    erase: (account: number) =>
      erase(
        { table, archive, clock, randomness, masterSecret, parked: [] },
        { tenant: 'dev', subjects: [{ userId: `user-of-${account}.x`, accountId: null }], by: 'key_1' },
      ),
    sweep: (over: Partial<TableStore> = {}): Promise<SweepResult> =>
      sweep({ ...dependencies, table: { ...table, ...over } }, clock.nowMs() + runMs),
    /** One share after the other, an hour apart; the sums of what the runs said. */
    sweepAll: async (over: Partial<TableStore> = {}) => {
      const sum = { shares: 0, findings: 0, late: 0 };
      for (let share = 0; share < sweepShares; share += 1) {
        const result = await at.sweep(over);
        sum.shares += result.shares;
        sum.findings += result.findings;
        sum.late += result.late;
        clock.advance(hourMs);
      }
      return sum;
    },
    stored: async (): Promise<StoredCheckpoint[]> => {
      const { keys } = await checkpoints.list('checkpoints/');
      return Promise.all(keys.map(async (key) => parseStoredCheckpoint((await checkpoints.get(key))!)));
    },
    /** What the log names of each kind. */
    named: () => lines.filter(({ level }) => level === 'error').map(({ facts }) => facts),
  };
  return at;
};

const entriesOf = (item: Item): StoredEntry[] => {
  try {
    return [auditFromItem(item)];
  } catch {
    return [];
  }
};

export const accounts = 12;
export const stateOf = (account: number) => stateKey('dev', `account-of-${account}.x`, `user-of-${account}.x`);

/** Accounts with 1, 2, 3... payments and a system chain, all signed. */
export const paid = async (hotDays: number | null = null) => {
  const at = world(hotDays);
  const chains: string[] = [];
  for (let account = 0; account < accounts; account += 1) {
    for (let n = 0; n <= account; n += 1) chains[account] = await at.pay(account);
  }
  await at.administer();
  await at.note();
  await at.checkpoint();
  return { at, chains };
};

export type World = Awaited<ReturnType<typeof paid>>;
