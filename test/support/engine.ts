import type { DynamoDBBatchResponse, DynamoDBStreamEvent } from 'aws-lambda';
import { decodersOfItems } from '../../functions/project/decoders.ts';
import { type ProjectDependencies, projector } from '../../functions/project/project.ts';
import { type LedgerServices, ledgerOf } from '../../shared/deciding/judgement.ts';
import type { Decision } from '../../shared/domain/decision.ts';
import type { Transaction } from '../../shared/domain/transaction.ts';
import { settle } from '../../shared/ledger/ledger.ts';
import type { Settled, Submission } from '../../shared/ledger/submission.ts';
import type { Item } from '../../shared/ports/ports.ts';
import { localMasterSecret } from '../../shared/secrets/masterSecret.ts';
import { streamImage } from '../../tools/local/streamImage.ts';

/** The master secret of tests. It can be rotated where the stores are given. */
export const testSecret = (stores?: Pick<LedgerServices, 'table' | 'clock'>) =>
  localMasterSecret(Buffer.alloc(32, 7).toString('base64'), stores);

/** The ledger as it is deployed, with each tenant's policy and no model. */
export const ledgerWithoutModel = (services: LedgerServices) =>
  ledgerOf(services, async () => ({ model: null, degraded: 'NO_MODEL' }));

const deadlineMs = 60_000;

/** Settles one transaction that is received now. */
export async function settleNow(
  ledger: ReturnType<typeof ledgerOf>,
  transaction: Transaction,
  given: { readonly tenant: string } & Partial<Submission>,
): Promise<Settled> {
  const receivedAtMs = given.receivedAtMs ?? ledger.clock.nowMs();
  const submission = { transaction, receivedAtMs, correlationId: null, queueAgeMs: null, redelivered: false, ...given };
  const [settled] = await settle(ledger, [submission], receivedAtMs + deadlineMs);
  return settled!;
}

/** Decides one transaction that is received now. Throws if it is not decided. */
export async function decideNow(...of: Parameters<typeof settleNow>): Promise<Decision> {
  const settled = await settleNow(...of);
  if (settled.kind !== 'decided') throw new Error(`not decided: ${JSON.stringify(settled)}`);
  return settled.stored.decision;
}

/** The projector on these sinks. It throws what a sink could not do. */
export const strictProjector = (
  dependencies: Pick<ProjectDependencies, 'sinks' | 'progress'>,
): ((records: readonly unknown[]) => Promise<DynamoDBBatchResponse>) => {
  const project = projector({
    ...dependencies,
    ...decodersOfItems,
    report: ({ cause }) => {
      throw cause;
    },
  });
  return (records) => project({ Records: records } as unknown as Pick<DynamoDBStreamEvent, 'Records'>);
};

/** The record by which the table's stream tells of a new item. */
export const insertion = (item: Item, sequence = 1) => ({
  eventName: 'INSERT' as const,
  dynamodb: {
    SequenceNumber: String(sequence),
    Keys: { pk: { S: item.pk }, sk: { S: item.sk } },
    NewImage: streamImage(item),
  },
});
