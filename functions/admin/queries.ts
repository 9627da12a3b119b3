import { decodeCursor, encodeCursor, isSequence } from '../../shared/contract/cursor.ts';
import { formatInstant } from '../../shared/contract/time.ts';
import { type ApiRequest, type Endpoint, type Endpoints, invalid, notFound } from '../../shared/edge/http.ts';
import { readSystemChain } from '../../shared/ledger/systemChain.ts';
import { readActivePolicy, readPolicyVersion, readPolicyVersions, type StoredPolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports.ts';

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
    const limit = Number(request.query.limit);
    const beforeVersion = after(request);
    const versions = await readPolicyVersions(table, request.tenant, {
      limit: limit + 1,
      ...(beforeVersion !== null && { beforeVersion }),
    });
    const items = versions.slice(0, limit).map(summary);
    return page(request, items, versions.length > limit ? items.at(-1)?.version : undefined);
  };

const getSystemAudit =
  (table: TableStore): Endpoint =>
  async (request) => {
    const limit = Number(request.query.limit);
    const entries = await readSystemChain(table, request.tenant, (after(request) ?? 0) + 1, limit + 1);
    const items = entries.slice(0, limit);
    return page(request, items, entries.length > limit ? Number(items.at(-1)?.body.sequence) : undefined);
  };

const summary = ({ version, hash, status, publishedAtMs, by }: StoredPolicy) => ({
  version,
  hash,
  status,
  publishedAt: publishedAtMs === null ? null : formatInstant(publishedAtMs),
  by,
});

const whole = (stored: StoredPolicy) => ({ ...summary(stored), policy: stored.policy });

const boundTo = ({ tenant, operationId }: ApiRequest): readonly string[] => [tenant, operationId];

/** The number in the request's cursor; null without one. */
const after = (request: ApiRequest): number | null => {
  const { cursor } = request.query;
  if (cursor === undefined) return null;
  const decoded = decodeCursor(boundTo(request), cursor, request.receivedAtMs);
  if (decoded === null || !isSequence(decoded))
    throw invalid([{ pointer: '?cursor', detail: 'the cursor is too old or was not given by this route' }]);
  return Number(decoded);
};

const page = (request: ApiRequest, items: readonly unknown[], last: number | undefined) => ({
  status: 200,
  body: {
    items,
    ...(last !== undefined && { cursor: encodeCursor(boundTo(request), String(last), request.receivedAtMs) }),
  },
});
