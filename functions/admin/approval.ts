import type { Wire } from '../../shared/contract/wire.ts';
import { formatInstant } from '../../shared/domain/time.ts';
import { objectBody } from '../../shared/edge/body.ts';
import { listKeys } from '../../shared/edge/keys.ts';
import { conflict, notFound, unavailable } from '../../shared/edge/problem.ts';
import type { Endpoint } from '../../shared/edge/request.ts';
import { type Approved, approvePolicy } from '../../shared/policy/store.ts';
import type { TableStore } from '../../shared/ports/ports.ts';

/** `POST /policy/versions/{version}/approval`: the caller approves a pending version; the last approval that is needed puts it in force. */
export const approvePolicyVersion = (table: TableStore, approvalsNeeded: number): Endpoint<null> => ({
  read: objectBody<null>({ fields: [], expected: 'left out, or an empty object', read: () => null }),
  answer: async ({ tenant, parameters, identity, keyId, receivedAtMs }) => {
    const version = Number(parameters.version);
    const madeBy = await makersOf(table, tenant, keyId);
    const approving = { version, identity, by: keyId, madeBy, atMs: receivedAtMs, approvalsNeeded };
    const approved = await approvePolicy(table, tenant, approving);
    if (!approved.ok) throw refusal(version, approved.cause);
    const { hash, status, asked } = approved.stored;
    const body: Wire<'PolicyApproval'> = {
      version,
      hash,
      status,
      approvals: (asked?.approvals ?? []).map(({ identity: by, atMs }) => ({ by, at: formatInstant(atMs) })),
      needed: approved.needed,
    };
    return { status: 200, body };
  },
});

/** Who made a key, and whoever made the key that made it, by identity and by key; of a token nobody. */
async function makersOf(table: TableStore, tenant: string, keyId: string): Promise<string[]> {
  const keys = new Map((await listKeys(table, tenant)).map((record) => [record.keyId, record]));
  const makers = new Set<string>();
  let maker = keys.get(keyId)?.createdBy;
  while (maker !== undefined && !makers.has(maker)) {
    makers.add(maker);
    const { owner, createdBy } = keys.get(maker) ?? {};
    if (owner !== undefined) makers.add(owner);
    maker = createdBy;
  }
  return [...makers];
}

const refusal = (version: number, cause: Extract<Approved, { ok: false }>['cause']) => {
  switch (cause) {
    case 'unknown':
      return notFound(`there is no policy version ${version}`);
    case 'notPending':
      return conflict(`policy version ${version} waits for no approval`);
    case 'author':
      return conflict(
        `policy version ${version} needs the approval of others than who wrote it, by keys that its author did not make`,
      );
    case 'stale':
      return conflict(`another version came into force since version ${version} was published: publish it again`);
    case 'busy':
      return unavailable('the policy is being changed by others, try again');
  }
};
