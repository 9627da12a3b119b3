import { type Endpoints, withoutBody } from '../../shared/edge/request.ts';
import type { Randomness, TableStore } from '../../shared/ports/ports.ts';
import { approvePolicyVersion } from './approval.ts';
import { lintPolicy } from './lintPolicy.ts';
import { deleteListEntry, putListEntry } from './lists.ts';
import { putPolicy } from './putPolicy.ts';

export interface AdminSettings {
  /** Approvals by others that a policy needs to come into force. */
  readonly policyApprovals: number;
}

/** The routes of the admin stage: everything that changes what decides, or says whether it could. */
export const adminEndpoints = (table: TableStore, randomness: Randomness, { policyApprovals }: AdminSettings): Endpoints => ({
  lintPolicy,
  putPolicy: putPolicy(table, policyApprovals),
  putListEntry: putListEntry(table, randomness),
  approvePolicyVersion: approvePolicyVersion(table, policyApprovals),
  ...withoutBody({ deleteListEntry: deleteListEntry(table, randomness) }),
});
