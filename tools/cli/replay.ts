import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { type ExportStores, exportedChain } from '../../functions/read/evidence/export.ts';
import type { CompiledModel } from '../../shared/domain/model.ts';
import type { CompiledPolicy } from '../../shared/domain/policy.ts';
import { decisionFromItem } from '../../shared/ledger/items.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import type { Clock, ObjectStore } from '../../shared/ports/ports.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { SecretSealer } from '../../shared/secrets/sealer.ts';
import { decisionKey, stateKey } from '../../shared/store/names.ts';
import { readBundle } from '../proof/readBundle.ts';
import { type ReplayResult, type ReplayWorld, replayChain, replayFromSignals } from '../proof/replay.ts';
import { verifyFile } from '../proof/verify.ts';
import { modelOf, policyOf } from '../proof/versions.ts';
import { storesOption } from './target.ts';
import type { CommandOutput } from './verify.ts';

export interface ReplayDependencies extends ExportStores {
  readonly models: ObjectStore;
  readonly masterSecret: MasterSecret;
  readonly clock: Clock;
}

/** `aegis replay <transactionId>`: decides the account's payments again up to the transaction, and compares the chain. */
export const replayTransaction = async (
  dependencies: ReplayDependencies,
  tenant: string,
  transactionId: string,
): Promise<CommandOutput> => {
  const item = await dependencies.table.get(decisionKey(tenant, transactionId), { consistent: true });
  if (item === null) return { exitCode: 2, text: `there is no decision of transaction ${transactionId} of tenant ${tenant}` };
  const { chain, decision } = decisionFromItem(item);
  const world = await worldOf(dependencies, tenant, transactionId);
  if (typeof world === 'string') return { exitCode: 2, text: world };
  const reached = decision.sequence;
  const entries = await exportedChain(dependencies, { chain, reached }, dependencies.clock.nowMs());
  const result = await replayChain(entries, world, transactionId);
  return { exitCode: exitCodeOf(result), text: describe(chain, result) };
};

/** `aegis replay <bundle>`: every chain of a bundle that verifies; salts and secret come from the deployment. */
export const replayBundle = async (dependencies: ReplayDependencies, tenant: string, path: string): Promise<CommandOutput> => {
  const { verdict, exitCode, findings, unreadable } = await verifyFile(path);
  if (verdict !== 'intact') return { exitCode, text: `${verdict}: ${findings[0]?.text ?? unreadable}` };
  let worst: CommandOutput['exitCode'] = 0;
  const lines: string[] = [];
  for await (const { chain, entries } of readBundle(path)) {
    const decision = entries.find(({ body }) => body.event === 'DECISION_MADE');
    if (!decision) continue;
    const world = await worldOf(dependencies, tenant, String(decision.body.transactionId));
    if (typeof world === 'string') {
      lines.push(`chain ${chain}: ${world}`);
      worst = worst === 1 ? 1 : 2;
      continue;
    }
    const isWhole = entries[0]!.body.sequence === 1;
    const result = isWhole ? await replayChain(entries, world) : await replayFromSignals(entries, world);
    const code = exitCodeOf(result);
    worst = code === 1 || worst === 1 ? 1 : code === 2 || worst === 2 ? 2 : 0;
    lines.push(describe(chain, result));
  }
  return { exitCode: worst, text: lines.join('\n') };
};

export const configure = (command: Command): void => {
  storesOption(command)
    .argument('<transactionId|bundle>', 'a transaction, or the file of an export or evidence page')
    .option('--tenant <name>', 'tenant of the transaction', 'dev')
    .action(async (what: string, { tenant }: { readonly tenant: string }) => {
      const { services } = await import('../../shared/adapters/aws/services.ts');
      const replay = existsSync(what) ? replayBundle : replayTransaction;
      const { exitCode, text } = await replay(services(), tenant, what);
      console.log(text);
      process.exitCode = exitCode;
    });
};

/** What a chain's replay needs, by any of its transactions; or why it can't be had. */
const worldOf = async (
  { table, models, masterSecret }: ReplayDependencies,
  tenant: string,
  transactionId: string,
): Promise<ReplayWorld | string> => {
  const item = await table.get(decisionKey(tenant, transactionId), { consistent: true });
  if (item === null) return `the deployment has no decision of transaction ${transactionId}`;
  const { decision, erased } = decisionFromItem(item);
  const { accountId, userId } = decision.transaction;
  const state = erased ? null : await table.get(stateKey(tenant, accountId, userId), { consistent: true });
  if (state === null) return 'the account was erased: its sealed inputs can no longer be opened';
  const { salt } = accountFromItem(state);
  const sealers = new Map<number, SecretSealer>();
  const policies = new Map<number, CompiledPolicy | null>();
  const compiled = new Map<number, CompiledModel | null>();
  return {
    salt,
    sealerOf: kept(sealers, async (version) => new SecretSealer(await masterSecret.version(version), version)),
    policyOf: kept(policies, (version) => policyOf(table, tenant, version)),
    modelOf: kept(compiled, (version) => modelOf(table, models, version)),
  };
};

/** Reads each version once. */
const kept =
  <T>(known: Map<number, T>, read: (version: number) => Promise<T>) =>
  async (version: number): Promise<T> => {
    const found = known.get(version);
    if (found !== undefined) return found;
    const value = await read(version);
    known.set(version, value);
    return value;
  };

const exitCodeOf = ({ kind }: ReplayResult): CommandOutput['exitCode'] =>
  kind === 'differs' ? 1 : kind === 'impossible' ? 2 : 0;

const describe = (chain: string, result: ReplayResult): string => {
  switch (result.kind) {
    case 'identical':
      return `identical: ${result.decisions} decisions of chain ${chain}, through entry ${result.throughSequence}`;
    case 'same-verdicts':
      return `same verdicts: ${result.decisions} decisions of chain ${chain}, whose beginning is missing: judged from the stored signals, which were not made anew`;
    case 'differs':
      return `DIFFERS: chain ${chain}, entry ${result.sequence}, transaction ${result.transactionId}: ${result.field} is recorded as ${JSON.stringify(result.recorded)}, recomputed ${JSON.stringify(result.recomputed)}`;
    case 'impossible':
      return `cannot be replayed: chain ${chain}, entry ${result.sequence}: ${result.text}`;
  }
};
