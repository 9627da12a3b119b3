import { formatInstant } from '../../shared/contract/time.ts';
import { notFound } from '../../shared/edge/problem.ts';
import type { AnswerWithoutBody } from '../../shared/edge/request.ts';
import { readSystemChain } from '../../shared/ledger/systemChain.ts';
import { readActivePolicy, readPolicyVersion, readPolicyVersions, type StoredPolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';
import { isSequence } from './cursor.ts';
import { cutPageBody, pageRequest } from './pages.ts';

/** What the read stage answers about policies and the system chain. */
export const policyQueries = (
  table: TableStore,
): Record<'getPolicy' | 'getPolicyVersions' | 'getPolicyVersion' | 'getSystemAudit', AnswerWithoutBody> => ({
  getPolicy: getPolicy(table),
  getPolicyVersions: getPolicyVersions(table),
  getPolicyVersion: getPolicyVersion(table),
  getSystemAudit: getSystemAudit(table),
});

const getPolicy =
  (table: TableStore): AnswerWithoutBody =>
  async ({ tenant }) => ({ status: 200, body: whole(await readActivePolicy(table, tenant)) });

const getPolicyVersion =
  (table: TableStore): AnswerWithoutBody =>
  async ({ tenant, parameters }) => {
    const version = Number(parameters.version);
    const stored = await readPolicyVersion(table, tenant, version);
    if (stored === null) throw notFound(`there is no policy version ${version}`);
    return { status: 200, body: whole(stored) };
  };

const getPolicyVersions =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const versions = await readPolicyVersions(table, request.tenant, {
      limit: limit + 1,
      ...(after !== null && { beforeVersion: Number(after) }),
    });
    return { status: 200, body: cutPageBody(request, limit, versions.map(summary), ({ version }) => version) };
  };

const getSystemAudit =
  (table: TableStore): AnswerWithoutBody =>
  async (request) => {
    const { limit, after } = pageRequest(request, isSequence);
    const entries = await readSystemChain(table, request.tenant, Number(after ?? 0) + 1, limit + 1);
    return { status: 200, body: cutPageBody(request, limit, entries, ({ body }) => body.sequence) };
  };

const summary = ({ version, hash, status, publishedAtMs, by, asked }: StoredPolicy) => ({
  version,
  hash,
  status,
  publishedAt: publishedAtMs === null ? null : formatInstant(publishedAtMs),
  by,
  ...(asked !== undefined && {
    author: asked.author,
    approvals: asked.approvals.map(({ identity, atMs }) => ({ by: identity, at: formatInstant(atMs) })),
  }),
});

const whole = (stored: StoredPolicy) => ({ ...summary(stored), policy: stored.policy });
