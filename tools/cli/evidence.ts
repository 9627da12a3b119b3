import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { evidencePage } from '../../functions/read/evidence/evidence.ts';
import { inputsOpener } from '../../functions/read/inputs.ts';
import type { MasterSecret } from '../../shared/secrets/masterSecret.ts';
import { type ExportDependencies, environmentDependencies } from './export.ts';
import { storesOption } from './target.ts';

export interface EvidenceDependencies extends ExportDependencies {
  /** Opens who reviewed the payment. */
  readonly masterSecret: MasterSecret;
}

/** Returns the evidence page of a decision. Throws an Error that names the transaction when it is unknown. */
export const makeEvidence = async (
  { publicKey, clock, masterSecret, ...stores }: EvidenceDependencies,
  tenant: string,
  transactionId: string,
): Promise<string> => {
  const page = await evidencePage(stores, tenant, transactionId, {
    exportedAt: new Date(clock.nowMs()).toISOString(),
    publicKey,
    openInputs: inputsOpener(masterSecret),
  });
  if (page === null) throw new Error(`there is no decision of transaction ${transactionId} of tenant ${tenant}`);
  return page;
};

export const configure = (command: Command): void => {
  storesOption(command)
    .argument('<transactionId>', 'the transaction')
    .option('--out <file>', 'file to write (default: evidence-<transactionId>.html)')
    .option('--tenant <name>', 'tenant of the transaction', 'dev')
    .action(async (transactionId: string, { out, tenant }: { readonly out?: string; readonly tenant: string }) => {
      const { services } = await import('../../shared/adapters/aws/services.ts');
      const page = await makeEvidence(
        { ...(await environmentDependencies()), masterSecret: services().masterSecret },
        tenant,
        transactionId,
      );
      const file = out ?? `evidence-${transactionId.replaceAll(':', '_')}.html`;
      writeFileSync(file, page);
      console.log(`wrote ${file}; check it with: aegis verify ${file}`);
    });
};
