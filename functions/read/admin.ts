import { formatInstant } from '../../shared/contract/time.ts';
import { type Endpoint, type Endpoints, notFound } from '../../shared/edge/http.ts';
import { readSystemChain } from '../../shared/ledger/systemChain.ts';
import { readActivePolicy, readPolicyVersion, readPolicyVersions, type StoredPolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { isSequence } from './cursor.ts';
import { pageBody, pageRequest } from './pages.ts';

/** What the read stage answers about policies and the system chain. */
export const policyQueries = (
  table: TableStore,
): Pick<Required<Endpoints>, 'getPolicy' | 'getPolicyVersions' | 'getPolicyVersion' | 'getSystemAudit'> => ({
  getPolicy: getPolicy(table),
  getPolicyVersions: getPolicyVersions(table),
  getPolicyVersion: getPolicyVersion(table),
  getSystemAudit: getSystemAudit(table),
});

const getPolicy =
  (table: TableStore): Endpoint =>
  async ({ tenant }) => ({ status: 200, body: whole(await readActivePolicy(table, tenant)) });

const getPolicyVersion =
  (table: TableStore): Endpoint =>
  async ({ tenant, parameters }) => {
    const version = Number(parameters.version);
    const stored = await readPolicyVersion(table, tenant, version);
    if (stored === null) throw notFound(`there is no policy version ${version}`);
    return { status: 200, body: whole(stored) };
  };

const getPolicyVersions =
  (table: TableStore): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const versions = await readPolicyVersions(table, request.tenant, {
      limit: limit + 1,
      ...(after !== null && { beforeVersion: Number(after) }),
    });
    const items = versions.slice(0, limit).map(summary);
    const last = versions.length > limit ? String(items.at(-1)!.version) : undefined;
    return { status: 200, body: pageBody(request, items, last) };
  };

const getSystemAudit =
  (table: TableStore): Endpoint =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const entries = await readSystemChain(table, request.tenant, Number(after ?? 0) + 1, limit + 1);
    const items = entries.slice(0, limit);
    const last = entries.length > limit ? String(items.at(-1)!.body.sequence) : undefined;
    return { status: 200, body: pageBody(request, items, last) };
  };

const summary = ({ version, hash, status, publishedAtMs, by }: StoredPolicy) => ({
  version,
  hash,
  status,
  publishedAt: publishedAtMs === null ? null : formatInstant(publishedAtMs),
  by,
});

const whole = (stored: StoredPolicy) => ({ ...summary(stored), policy: stored.policy });
