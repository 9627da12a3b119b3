import type { Command } from 'commander';
import { type RotatableSecret, refreshMs } from '../shared/aws/masterSecret.ts';
import { appendSystemEvent } from '../shared/ledger/systemChain.ts';
import type { Clock, TableStore } from '../shared/ports.ts';

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

export const configure = (command: Command): void => {
  command
    .command('rotate')
    .description('make a new version; older ones stay, to open what they sealed')
    .option('--tenant <name>', 'in whose system chain it is recorded', 'dev')
    .option('--by <who>', 'who does it, as recorded', 'aegis secret')
    .action(async ({ tenant, by }: { readonly tenant: string; readonly by: string }) => {
      const { services } = await import('../shared/aws/services.ts');
      const version = await rotateSecret(services(), tenant, by);
      console.log(
        `version ${version} is in force within ${refreshMs / 1_000} s everywhere; older versions open what they sealed`,
      );
    });
};
