import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { evidencePage } from '../../functions/read/evidence/evidence.ts';
import { type ExportDependencies, environmentDependencies } from './export.ts';
import { storesOption } from './target.ts';

/** The evidence page of a decision. Throws an Error that names the transaction when it is unknown. */
export const makeEvidence = async (
  { publicKey, clock, ...stores }: ExportDependencies,
  tenant: string,
  transactionId: string,
): Promise<string> => {
  const page = await evidencePage(stores, tenant, transactionId, {
    exportedAt: new Date(clock.nowMs()).toISOString(),
    publicKey,
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
      const page = await makeEvidence(await environmentDependencies(), tenant, transactionId);
      const file = out ?? `evidence-${transactionId.replaceAll(':', '_')}.html`;
      writeFileSync(file, page);
      console.log(`wrote ${file}; check it with: aegis verify ${file}`);
    });
};
