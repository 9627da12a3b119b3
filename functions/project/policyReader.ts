import type { Policy } from '../../shared/domain/policy.ts';
import type { TableStore } from '../../shared/ports/ports.ts';

/** Policies of any version; what reads and compiles them is loaded by the first use, since most batches need none. */
export const policyReader =
  (table: TableStore) =>
  async (tenant: string, version: number): Promise<Policy> => {
    const { loadPolicyVersion } = await import('../../shared/policy/store.ts');
    return (await loadPolicyVersion(table, tenant, version)).policy;
  };
