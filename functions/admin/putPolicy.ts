import { fault } from '../../shared/contract/fault.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { objectBody } from '../../shared/edge/body.ts';
import { conflict, unavailable } from '../../shared/edge/problem.ts';
import type { Endpoint } from '../../shared/edge/request.ts';
import { publishPolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { parsePolicy } from './parsePolicy.ts';

/** `PUT /policy`: a new version, in force at once, pending where approvals are needed, or kept as a draft. */
export const putPolicy = (table: TableStore, approvalsNeeded: number): Endpoint<NewPolicy> => ({
  read: readNewPolicy,
  answer: async ({ tenant, keyId, identity, receivedAtMs }, { policy, status, ifVersion }) => {
    const published = await publishPolicy(table, tenant, {
      policy,
      status,
      by: keyId,
      author: identity,
      approvalsNeeded,
      atMs: receivedAtMs,
      ...(ifVersion !== null && { ifVersion }),
    });
    if (published.ok) {
      return { status: 201, body: { version: published.version, hash: published.hash, status: published.status } };
    }
    if (published.conflict === 'busy') throw unavailable('the policy is being changed by others, try again');
    const detail = `ifVersion ${ifVersion} is not the version in force, which is ${published.activeVersion}`;
    throw conflict(detail, [{ pointer: '/ifVersion', detail }]);
  },
});

interface NewPolicy {
  readonly policy: Policy;
  readonly status: 'draft' | 'active';
  /** The version that must be in force; null for any. */
  readonly ifVersion: number | null;
}

const readNewPolicy = objectBody<NewPolicy>({
  fields: ['policy', 'status', 'ifVersion'],
  expected: 'an object with policy and status',
  read: ({ policy, status, ifVersion = null }, faults) => {
    const isStatus = status === 'draft' || status === 'active';
    if (!isStatus) faults.push(fault('/status', 'status', '"draft" or "active"', status));
    const isVersion = ifVersion === null || (Number.isSafeInteger(ifVersion) && Number(ifVersion) >= 1);
    if (!isVersion) faults.push(fault('/ifVersion', 'ifVersion', 'a version number from 1', ifVersion));
    const parsed = parsePolicy(policy);
    if (!parsed.ok) faults.push(...parsed.faults.map((found) => ({ ...found, pointer: `/policy${found.pointer}` })));
    if (!isStatus || !isVersion || !parsed.ok) return null;
    return { policy: parsed.policy, status, ifVersion: ifVersion === null ? null : Number(ifVersion) };
  },
});
