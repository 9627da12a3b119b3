import assert from 'node:assert/strict';
import {
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { defaultTenant } from '../../shared/aws/keys.ts';
import { services } from '../../shared/aws/services.ts';
import { scopes } from '../../shared/contract/routes.ts';
import { createKey } from '../../shared/edge/keys.ts';

/**
 * Least privilege, proved where IAM is enforced: one grant of a function's role is taken away, and the call that needs it fails; the grant
 * comes back, and the call succeeds.
 */
const api = process.env.AEGIS_API;
if (api === undefined) throw new Error('run by test/deploy/run.ts');

const iam = new IAMClient({});
const { key } = await createKey(services(), { tenant: defaultTenant, scopes, createdBy: 'deploy test', expiresAtMs: null });

const call = async (method: string, path: string, body?: unknown): Promise<number> => {
  const response = await fetch(`${api}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  await response.arrayBuffer();
  return response.status;
};

let sent = 0;
const payment = () => ({
  transactionId: `grants-${++sent}`,
  userId: 'u_grants',
  accountId: 'a_grants',
  occurredAt: new Date().toISOString(),
  amountMinor: 100,
  currency: 'INR',
});

interface Probe {
  readonly stage: string;
  readonly actions: readonly string[];
  readonly call: () => Promise<number>;
}

const probes: readonly Probe[] = [
  { stage: 'Ingest', actions: ['sqs:SendMessage', 'sqs:SendMessageBatch'], call: () => call('POST', '/transactions', payment()) },
  { stage: 'Decide', actions: ['dynamodb:PutItem'], call: () => call('POST', '/decisions', payment()) },
  { stage: 'Decide', actions: ['dynamodb:GetItem'], call: () => call('POST', '/decisions', payment()) },
  { stage: 'Read', actions: ['dynamodb:Query'], call: () => call('GET', '/accounts/a_grants/audit?userId=u_grants') },
  { stage: 'Read', actions: ['dynamodb:GetItem'], call: () => call('GET', '/decisions/first-one') },
  {
    stage: 'Admin',
    actions: ['dynamodb:PutItem'],
    call: async () => {
      const response = await fetch(`${api}/policy`, { headers: { authorization: `Bearer ${key}` } });
      const { policy } = (await response.json()) as { readonly policy: unknown };
      return call('PUT', '/policy', { policy, status: 'draft' });
    },
  },
];

interface Statement {
  readonly Action: string | readonly string[];
}

const policyOf = async (stage: string) => {
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  const found = Roles.filter(({ RoleName }) => RoleName?.includes(`${stage}HandlerRole`));
  assert.equal(found.length, 1, `roles of ${stage}: ${found.map(({ RoleName }) => RoleName).join(', ')}`);
  const RoleName = found[0]!.RoleName!;
  const { PolicyNames = [] } = await iam.send(new ListRolePoliciesCommand({ RoleName }));
  const PolicyName = PolicyNames[0]!;
  const { PolicyDocument } = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName }));
  return { RoleName, PolicyName, PolicyDocument: decodeURIComponent(PolicyDocument!) };
};

const without = (document: string, actions: readonly string[]): string => {
  const parsed = JSON.parse(document) as { readonly Statement: readonly Statement[] };
  const statements = parsed.Statement.map((statement) => ({
    ...statement,
    Action: [statement.Action].flat().filter((action) => !actions.includes(action)),
  })).filter(({ Action }) => Action.length > 0);
  const changed = JSON.stringify({ ...parsed, Statement: statements });
  assert.notEqual(changed.length, document.length, `the role does not have ${actions.join(', ')}`);
  return changed;
};

for (const probe of probes) {
  const granted = await probe.call();
  assert.ok(granted < 300, `${probe.stage} answers ${granted} with its grants whole`);
  const policy = await policyOf(probe.stage);
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: without(policy.PolicyDocument, probe.actions) }));
  const refused = await probe.call();
  await iam.send(new PutRolePolicyCommand(policy));
  assert.ok(refused >= 500, `${probe.stage} answers ${refused} without ${probe.actions.join(', ')}`);
  const restored = await probe.call();
  assert.ok(restored < 300, `${probe.stage} answers ${restored} with its grants restored`);
  console.log(`  ok  ${probe.stage} fails without ${probe.actions.join(', ')}: ${refused}, and works with it: ${restored}`);
}
