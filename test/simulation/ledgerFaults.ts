import { toBaseMinor } from '../../shared/domain/money.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { signalNames } from '../../shared/domain/signals/names.ts';
import { auditFromItem, decisionFromItem } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { hashOf } from '../../shared/secrets/sealer.ts';
import { auditKey, decisionKey, stateKey } from '../../shared/store/names.ts';
import { type Committed, oracle } from '../support/oracle.ts';
import { tenant, type World } from './world.ts';

/** Everything that must hold of a table when the queue is empty; the answer names what does not. */
export async function faultsOf(world: Pick<World, 'table' | 'transactions' | 'policy'>): Promise<string[]> {
  const { table, transactions, policy } = world;
  const faults: string[] = [];
  const distinct = new Map(transactions.map((transaction) => [transaction.transactionId, transaction]));
  const items = table.all();
  const stored = items.filter((item) => item.pk.startsWith('D#'));
  if (stored.length !== distinct.size) faults.push(`${stored.length} decisions of ${distinct.size} transactions`);
  for (const transactionId of distinct.keys()) {
    if (!(await table.get(decisionKey(tenant, transactionId)))) faults.push(`${transactionId} was never decided`);
  }
  const owners = new Map(
    [...distinct.values()].map(({ accountId, userId }) => [`${accountId} ${userId}`, { accountId, userId }]),
  );
  let entries = 0;
  for (const { accountId, userId } of owners.values()) {
    const state = await table.get(stateKey(tenant, accountId, userId));
    if (!state) {
      faults.push(`account ${accountId} has no state`);
      continue;
    }
    const account = accountFromItem(state);
    entries += account.sequence;
    faults.push(...(await chainFaults(table, account.chain, account.sequence, account.head, policy)));
  }
  const kept = items.filter((item) => item.pk.startsWith('A#')).length;
  if (kept !== entries) faults.push(`${kept} audit entries, the chains have ${entries}`);
  if (kept !== stored.length) faults.push(`${kept} audit entries for ${stored.length} decisions`);
  return faults;
}

/** Hash links, and every decision against the definitions for its place in the chain. */
async function chainFaults(table: TableStore, chain: string, sequence: number, head: string, policy: Policy): Promise<string[]> {
  const faults: string[] = [];
  const before: Committed[] = [];
  let previousHash = '0'.repeat(64);
  for (let position = 1; position <= sequence; position++) {
    const item = await table.get(auditKey(chain, position));
    if (!item) return [...faults, `chain ${chain} lacks entry ${position}`];
    const { body, hash } = auditFromItem(item);
    if (body.previousHash !== previousHash) faults.push(`entry ${position} names another previous hash`);
    if (hashOf(body) !== hash) faults.push(`entry ${position} does not hash to its hash`);
    if (body.sequence !== position || body.chain !== chain)
      faults.push(`entry ${position} says it is ${body.chain} / ${body.sequence}`);
    previousHash = hash;
    const decisionItem = await table.get(decisionKey(tenant, String(body.transactionId)));
    if (!decisionItem) return [...faults, `entry ${position} has no decision`];
    const { decision } = decisionFromItem(decisionItem);
    if (decision.hash !== hash || decision.sequence !== position)
      faults.push(`${body.transactionId} does not belong to its entry`);
    const { transaction } = decision;
    const spendMinor = toBaseMinor(transaction.amountMinor, transaction.currency, policy.baseCurrency, policy.rates);
    const expected = oracle(before, transaction, spendMinor, policy);
    for (const [i, name] of signalNames.entries()) {
      const value = decision.signals[i] ?? null;
      const wanted = ({ ...expected } as Readonly<Record<string, unknown>>)[name] as number | null | undefined;
      if (wanted === undefined) continue;
      if (value === null || wanted === null ? value !== wanted : Math.abs(value - wanted) > 1e-4 * Math.max(1, Math.abs(wanted)))
        faults.push(`${transaction.transactionId} at ${position}: ${name} is ${value}, by definition ${wanted}`);
    }
    if (decision.late !== expected.late) faults.push(`${transaction.transactionId}: late is ${decision.late}`);
    const triggered = signalNames.filter((_, i) => decision.triggered & (1 << i));
    for (const [i, name] of signalNames.entries()) {
      if (!expected.triggers24h) continue;
      const times = (expected.triggers24h[name] ?? 0) + (triggered.includes(name) ? 1 : 0);
      if (decision.triggers24h[i] !== times)
        faults.push(`${transaction.transactionId}: ${name} triggered ${decision.triggers24h[i]} times, by definition ${times}`);
    }
    before.push({ transaction, outcome: decision.outcome, spendMinor, triggered });
  }
  if (previousHash !== head) faults.push(`chain ${chain} ends in another hash than its state says`);
  return faults;
}
