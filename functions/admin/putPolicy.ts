import { type Fault, fault, pointerPart } from '../../shared/contract/fault.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { type ApiRequest, conflict, type Endpoint, endpointWithBody, invalid, unavailable } from '../../shared/edge/http.ts';
import { publishPolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { parsePolicy } from './parsePolicy.ts';

const fields = ['policy', 'status', 'ifVersion'];

/** `PUT /policy`: a new version, in force at once or kept as a draft. */
export const putPolicy = (table: TableStore): Endpoint =>
  endpointWithBody(readNewPolicy, async ({ tenant, keyId, receivedAtMs }, { policy, status, ifVersion }) => {
    const published = await publishPolicy(table, tenant, {
      policy,
      status,
      by: keyId,
      atMs: receivedAtMs,
      ...(ifVersion !== undefined && { ifVersion }),
    });
    if (published.ok) {
      return { status: 201, body: { version: published.version, hash: published.hash, status: published.status } };
    }
    if (published.conflict === 'busy') throw unavailable('the policy is being changed by others, try again');
    const detail = `ifVersion ${ifVersion} is not the version in force, which is ${published.activeVersion}`;
    throw conflict(detail, [{ pointer: '/ifVersion', detail }]);
  });

interface NewPolicy {
  readonly policy: Policy;
  readonly status: 'draft' | 'active';
  readonly ifVersion: number | undefined;
}

function readNewPolicy({ body }: ApiRequest): NewPolicy {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw invalid([fault('', 'the body', 'an object with policy and status', body)]);
  }
  const { policy, status, ifVersion } = body as Readonly<Record<string, unknown>>;
  const faults: Fault[] = Object.keys(body)
    .filter((name) => !fields.includes(name))
    .map((name) => ({ pointer: pointerPart(name), detail: `unknown field; allowed: ${fields.join(', ')}` }));
  const isStatus = status === 'draft' || status === 'active';
  if (!isStatus) faults.push(fault('/status', 'status', '"draft" or "active"', status));
  const version = ifVersion ?? undefined;
  const isVersion = version === undefined || (Number.isSafeInteger(version) && Number(version) >= 1);
  if (!isVersion) faults.push(fault('/ifVersion', 'ifVersion', 'a version number from 1', ifVersion));
  const parsed = parsePolicy(policy);
  if (!parsed.ok) {
    faults.push(...parsed.faults.map((found) => ({ ...found, pointer: `/policy${found.pointer}` })));
    throw invalid(faults);
  }
  if (!isStatus || faults.length > 0) throw invalid(faults);
  return { policy: parsed.policy, status, ifVersion: version === undefined ? undefined : Number(version) };
}
