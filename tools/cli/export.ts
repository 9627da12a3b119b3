import { createPublicKey } from 'node:crypto';
import type { Command } from 'commander';
import { type BundleSource, writeBundle } from '../../functions/read/evidence/bundle.ts';
import { type ExportExtras, type ExportStores, exportChains, exportRange } from '../../functions/read/evidence/export.ts';
import { accountFromItem } from '../../shared/ledger/state.ts';
import { listManifests, versionsMax } from '../../shared/model/store.ts';
import { firstDefaultPolicy } from '../../shared/policy/firstDefault.ts';
import { policyHash } from '../../shared/policy/hash.ts';
import { readPolicyVersions, type StoredPolicy } from '../../shared/policy/store.ts';
import type { Clock, TableStore } from '../../shared/ports/ports.ts';
import { prefixes } from '../../shared/store/names.ts';
import { queryItems } from '../../shared/store/pages.ts';
import { storesOption } from './target.ts';

export interface ExportDependencies extends ExportStores {
  /** Of the checkpoint key, SPKI in PEM. */
  readonly publicKey: string;
  readonly clock: Clock;
}

export type ExportSelection =
  | { readonly kind: 'account'; readonly tenant: string; readonly accountId: string; readonly userId?: string }
  | { readonly kind: 'range'; readonly tenant: string; readonly from: string | null; readonly to: string | null };

const pageSize = 200;
const policiesAtOnce = 200;
const policiesMax = 10_000;

/** What `aegis export` writes. Throws an Error that names the account when it is unknown. */
export const selectExport = async (dependencies: ExportDependencies, selection: ExportSelection): Promise<BundleSource> => {
  const extras = await extrasOf(dependencies, selection.tenant);
  if (selection.kind === 'range') return exportRange(dependencies, { from: selection.from, to: selection.to }, extras);
  const chains = await chainsOf(dependencies.table, selection);
  if (chains.length === 0) {
    const user = selection.userId === undefined ? '' : ` with user ${selection.userId}`;
    throw new Error(`there is no account ${selection.accountId}${user} of tenant ${selection.tenant}`);
  }
  return exportChains(dependencies, chains, extras);
};

export const configure = (command: Command): void => {
  storesOption(command)
    .argument('<file>', 'bundle to write, such as audit.jsonl.gz')
    .option('--account <id>', 'the chains of one account')
    .option('--user <id>', 'with --account: only the chain of this user')
    .option('--from <time>', 'all chains: from this time on, RFC 3339')
    .option('--to <time>', 'all chains: up to the first checkpoint at or after this time, RFC 3339')
    .option('--tenant <name>', 'tenant of the accounts and policies', 'dev')
    .action(async (file: string, options: Options) => {
      const selection = selectionOf(options);
      await writeBundle(file, await selectExport(await environmentDependencies(), selection));
      console.log(`wrote ${file}; check it with: aegis verify ${file}`);
    });
};

interface Options {
  readonly account?: string;
  readonly user?: string;
  readonly from?: string;
  readonly to?: string;
  readonly tenant: string;
}

/** Throws an Error that says what is allowed. */
export const selectionOf = ({ account, user, from, to, tenant }: Options): ExportSelection => {
  for (const [name, time] of Object.entries({ from, to })) {
    if (time !== undefined && Number.isNaN(Date.parse(time))) throw new Error(`--${name} is ${time}; allowed: RFC 3339`);
  }
  if (account !== undefined && (from !== undefined || to !== undefined)) {
    throw new Error('--account gives whole chains: it does not go with --from and --to');
  }
  if (account === undefined && user !== undefined) throw new Error('--user needs --account');
  if (account === undefined) return { kind: 'range', tenant, from: from ?? null, to: to ?? null };
  return { kind: 'account', tenant, accountId: account, ...(user === undefined ? {} : { userId: user }) };
};

/** The stores that the environment names. */
export const environmentDependencies = async (): Promise<ExportDependencies> => {
  const { services } = await import('../../shared/adapters/aws/services.ts');
  const { environmentSigner } = await import('../../shared/adapters/aws/signer.ts');
  const { table, archive, checkpoints, clock } = services();
  const { publicKey } = await environmentSigner();
  return { table, archive, checkpoints, clock, publicKey };
};

export const chainsOf = async (
  table: TableStore,
  { tenant, accountId, userId }: { readonly tenant: string; readonly accountId: string; readonly userId?: string },
): Promise<string[]> => {
  const chains: string[] = [];
  for await (const item of queryItems(table, { pk: `${prefixes.state}${tenant}#${accountId}`, limit: pageSize })) {
    if (userId === undefined || item.sk === userId) chains.push(accountFromItem(item).chain);
  }
  return chains;
};

const extrasOf = async ({ table, clock, publicKey }: ExportDependencies, tenant: string): Promise<ExportExtras> => ({
  exportedAt: new Date(clock.nowMs()).toISOString(),
  publicKey: createPublicKey(publicKey).export({ type: 'spki', format: 'pem' }).toString(),
  policies: [firstDefault, ...(await allPolicies(table, tenant))].map(({ hash, policy }) => ({ hash, policy })),
  models: await listManifests(table, versionsMax),
});

/** What entries of 0.1 name as version 1 where nothing was published. */
const firstDefault = { hash: policyHash(firstDefaultPolicy), policy: firstDefaultPolicy };

/** Every version, oldest first. */
const allPolicies = async (table: TableStore, tenant: string): Promise<readonly StoredPolicy[]> => {
  const all: StoredPolicy[] = [];
  for (let beforeVersion: number | undefined; all.length < policiesMax; beforeVersion = all.at(-1)!.version) {
    const some = await readPolicyVersions(table, tenant, { limit: policiesAtOnce, ...(beforeVersion && { beforeVersion }) });
    all.push(...some);
    if (some.length === 0 || all.at(-1)!.version <= 1) return all.toReversed();
  }
  throw new Error(`tenant ${tenant} has more than ${policiesMax} versions of its policy`);
};
