import type { Command } from 'commander';
import { appendSystemEvent } from '../../shared/ledger/systemChain.ts';
import type { Clock, ObjectStore, TableStore } from '../../shared/ports/ports.ts';
import { newestCheckpoint } from '../../shared/proof/checkpointIndex.ts';
import { keyIdOf, readPublicKey } from '../../shared/proof/signer.ts';
import { type RotatableSecret, refreshMs } from '../../shared/secrets/masterSecret.ts';
import { storesOption } from './target.ts';

export interface RotateDependencies {
  readonly table: TableStore;
  readonly clock: Clock;
  readonly masterSecret: RotatableSecret;
}

/**
 * A new version of the master secret, recorded as SECRET_ROTATED in the same transaction. What older versions sealed stays readable
 * through them. Throws TransactionCancelled when another rotation was quicker. Returns the version.
 */
export const rotateSecret = async (
  { table, clock, masterSecret }: RotateDependencies,
  tenant: string,
  by: string,
): Promise<number> => {
  const { version, item } = await masterSecret.draft();
  await appendSystemEvent(
    table,
    tenant,
    { event: 'SECRET_ROTATED', by, atMs: clock.nowMs(), details: { secretVersion: version } },
    [{ kind: 'put', item, condition: { kind: 'absent' } }],
  );
  return version;
};

export interface SigningKeyDependencies {
  readonly table: TableStore;
  readonly checkpoints: ObjectStore;
  readonly clock: Clock;
  /** Of the key that signs from now on, SPKI in PEM. */
  readonly publicKey: string;
}

/**
 * Records as SIGNING_KEY_ROTATED that another key signs checkpoints than signed the last one. The checkpoint stage files its public half
 * with the first checkpoint that it signs. Throws an Error when it is the same key. Returns both ids.
 */
export const recordSigningKey = async (
  { table, checkpoints, clock, publicKey }: SigningKeyDependencies,
  tenant: string,
  by: string,
): Promise<{ readonly keyId: string; readonly previousKeyId: string }> => {
  const keyId = keyIdOf(readPublicKey(publicKey));
  const last = await newestCheckpoint({ table, checkpoints });
  if (last === null) throw new Error('no checkpoint was made yet: there is no key to rotate');
  const previousKeyId = last.body.keyId;
  if (keyId === previousKeyId)
    throw new Error(`key ${keyId} signed the last checkpoint: deploy with a higher signingKeyVersion first`);
  await appendSystemEvent(
    table,
    tenant,
    { event: 'SIGNING_KEY_ROTATED', by, atMs: clock.nowMs(), details: { keyId, previousKeyId } },
    [],
  );
  return { keyId, previousKeyId };
};

export const configure = (command: Command): void => {
  storesOption(command.command('rotate'))
    .description('make a new version; older versions stay, to open what they sealed')
    .option('--tenant <name>', 'tenant whose system chain records it', 'dev')
    .option('--by <who>', 'who does it, as the audit records it', 'aegis secret')
    .action(async ({ tenant, by }: { readonly tenant: string; readonly by: string }) => {
      const { services } = await import('../../shared/adapters/aws/services.ts');
      const version = await rotateSecret(services(), tenant, by);
      console.log(
        `version ${version} is in force within ${refreshMs / 1_000} s everywhere; older versions open what they sealed`,
      );
    });
  storesOption(command.command('rotate-signing'))
    .description('record that a new key signs checkpoints from now on; prints its public half for aegis verify --key')
    .option('--tenant <name>', 'tenant whose system chain records it', 'dev')
    .option('--by <who>', 'who does it, as the audit records it', 'aegis secret')
    .action(async ({ tenant, by }: { readonly tenant: string; readonly by: string }) => {
      const { environmentDependencies } = await import('./export.ts');
      const dependencies = await environmentDependencies();
      const { keyId, previousKeyId } = await recordSigningKey(dependencies, tenant, by);
      console.error(`key ${keyId} follows ${previousKeyId}; give both public keys to whoever verifies`);
      console.log(dependencies.publicKey.trimEnd());
    });
};
