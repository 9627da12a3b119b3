import type { Command } from 'commander';
import { services } from '../../shared/adapters/aws/services.ts';
import { type Scope, scopes } from '../../shared/contract/routes.ts';
import { type CreatedKey, isInForce, type KeyRecord, type KeyStore, listKeys } from '../../shared/edge/keys.ts';
import { createKeyNoted, revokeKeyNoted, rotateKeyNoted } from './keyChanges.ts';
import { storesOption } from './target.ts';
import { cliActor, commaSeparated, durationMs, tableText, tenantOption } from './values.ts';

interface Flags {
  readonly tenant: string;
  readonly scope: string[];
  readonly expires?: number;
  readonly owner?: string;
  readonly grace?: number;
  readonly json?: true;
}

/** `aegis keys`: goes to the table itself, with the caller's own AWS rights. */
export const configure = (keys: Command): void => {
  storesOption(keys.command('create'))
    .description('make a key and print it; it is never shown again')
    .requiredOption('--scope <names>', `comma-separated, of ${scopes.join(', ')}`, commaSeparated)
    .option(...tenantOption)
    .option('--expires <duration>', 'such as 90d (default: never)', durationMs)
    .option('--owner <name>', 'who uses it, kept when it is rotated (default: the id of the key)')
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const store = keyStore();
      const created = await createKeyNoted(store, {
        tenant: flags.tenant,
        scopes: flags.scope as Scope[],
        createdBy: cliActor,
        ...(flags.owner !== undefined && { owner: flags.owner }),
        expiresAtMs: flags.expires === undefined ? null : store.clock.nowMs() + flags.expires,
      });
      printCreated(created, flags);
    });
  storesOption(keys.command('list'))
    .description('list the keys of a tenant, the oldest first')
    .option(...tenantOption)
    .option('--json', 'print JSON')
    .action(async (flags: Flags) => {
      const { table, clock } = keyStore();
      const records = await listKeys(table, flags.tenant);
      console.log(flags.json === true ? JSON.stringify(records, null, 2) : keyTable(records, clock.nowMs()));
    });
  storesOption(keys.command('revoke <keyId>'))
    .description('end a key for good; takes effect everywhere within 10 s')
    .option(...tenantOption)
    .action(async (keyId: string, flags: Flags) => {
      const record = await revokeKeyNoted(keyStore(), flags.tenant, keyId, cliActor);
      if (record === null) throw new Error(noSuchKey(flags.tenant, keyId));
      console.log(`${keyId} was revoked at ${record.revokedAt}`);
    });
  storesOption(keys.command('rotate <keyId>'))
    .description('make a key with the same scopes and expiry; the old one ends after the grace period')
    .option(...tenantOption)
    .option('--grace <duration>', 'how long the old key still works (default: 1h)', durationMs)
    .option('--json', 'print JSON')
    .action(async (keyId: string, flags: Flags) => {
      const created = await rotateKeyNoted(keyStore(), {
        tenant: flags.tenant,
        keyId,
        by: cliActor,
        graceMs: flags.grace ?? graceMs,
      });
      if (created === null) throw new Error(`tenant ${flags.tenant} has no key ${keyId} in force`);
      printCreated(created, flags);
    });
};

const graceMs = durationMs('1h');

const keyStore = (): KeyStore => {
  const { table, clock, randomness } = services();
  return { table, clock, randomness };
};

const noSuchKey = (tenant: string, keyId: string): string => `tenant ${tenant} has no key ${keyId}`;

const printCreated = ({ key, record }: CreatedKey, { json }: Flags): void => {
  if (json === true) console.log(JSON.stringify({ key, ...record }, null, 2));
  else {
    console.log(key);
    console.error(`${record.keyId}, scopes ${record.scopes.join(', ')}, expires ${record.expiresAt ?? 'never'}; not shown again`);
  }
};

const keyTable = (records: readonly KeyRecord[], nowMs: number): string =>
  tableText([
    ['KEY', 'OWNER', 'SCOPES', 'CREATED', 'BY', 'EXPIRES', 'STATE'],
    ...records.map((record) => [
      record.keyId,
      record.owner ?? record.keyId,
      record.scopes.join(','),
      record.createdAt,
      record.createdBy,
      record.expiresAt ?? 'never',
      isInForce(record, nowMs) ? 'in force' : record.revokedAt === null ? 'expired' : `revoked ${record.revokedAt}`,
    ]),
  ]);
