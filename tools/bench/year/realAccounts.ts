import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { ledgerOf } from '../../../shared/deciding/judgement.ts';
import type { ModelInForce } from '../../../shared/domain/model.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { auditFromItem, isAuditItem } from '../../../shared/ledger/items.ts';
import { settle } from '../../../shared/ledger/ledger.ts';
import type { Item } from '../../../shared/ports/ports.ts';
import { type AuditEntry, asAuditEntry } from '../../../shared/proof/entry.ts';
import type { MasterSecret } from '../../../shared/secrets/masterSecret.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { checkpointEveryMs, type History, startMs, tenant } from './shape.ts';

export interface RealAccounts {
  readonly items: readonly Item[];
  readonly entries: readonly AuditEntry[];
}

export const realAccountId = (account: number): string => `real-${account}`;
export const realUserId = (account: number): string => `person-${account}`;
export const realTransactionId = (account: number, payment: number): string => `real-${account}-${payment}`;

const deviceEvery = 5;
const merchants = 40;
const withinMs = 60_000;

/** Payments spread evenly over the whole history, decided by the real engine without a model. Their last entries have a checkpoint. */
export const makeRealAccounts = async ({ shape, endMs }: History, masterSecret: MasterSecret): Promise<RealAccounts> => {
  const table = memoryTable();
  let nowMs = startMs;
  const clock = { nowMs: () => nowMs, sleep: async () => undefined };
  const noModel: ModelInForce = { model: null, degraded: 'NO_MODEL' };
  const ledger = ledgerOf({ table, clock, randomness: seededRandom(1), masterSecret }, async () => noModel);
  const spanMs = endMs - startMs - 2 * checkpointEveryMs;
  for (let payment = 0; payment < shape.realPayments; payment += 1) {
    for (let account = 0; account < shape.realAccounts; account += 1) {
      nowMs = Math.floor(startMs + ((payment + account / shape.realAccounts) / shape.realPayments) * spanMs);
      const transaction = paymentOf(account, payment, nowMs);
      const submission = { tenant, transaction, receivedAtMs: nowMs, correlationId: null, queueAgeMs: 40, redelivered: false };
      const [settled] = await settle(ledger, [submission], nowMs + withinMs);
      if (settled?.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(settled)}`);
    }
  }
  const items = table.all();
  return { items, entries: items.filter(isAuditItem).map((item) => asAuditEntry(auditFromItem(item))) };
};

const paymentOf = (account: number, payment: number, occurredAtMs: number): Transaction => ({
  transactionId: realTransactionId(account, payment),
  userId: realUserId(account),
  accountId: realAccountId(account),
  occurredAtMs,
  offsetMinutes: 330,
  amountMinor: 10_000 + ((account * 7_919 + payment * 104_729) % 500_000),
  currency: 'INR',
  channel: 'upi',
  deviceId: `device-${account}-${Math.floor(payment / deviceEvery)}`,
  merchantId: `merchant-${(account + payment) % merchants}`,
  merchantCategory: '5411',
  ipAddress: null,
  beneficiaryId: null,
  instrumentId: null,
  location: { latitude: 12.97, longitude: 77.59 },
  metadata: null,
});
