import assert from 'node:assert/strict';
import {
  GetRoleCommand,
  GetRolePolicyCommand,
  IAMClient,
  ListRolePoliciesCommand,
  ListRolesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';

/** The roles of the deployed functions: their credentials, and their policies with something taken away. */
const iam = new IAMClient({});
const sts = new STSClient({});

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

interface Statement {
  readonly Action: string | readonly string[];
}

const roleOf = async (stage: string): Promise<string> => {
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  const found = Roles.filter(({ RoleName }) => RoleName?.includes(`${stage}HandlerRole`));
  assert.equal(found.length, 1, `roles of ${stage}: ${found.map(({ RoleName }) => RoleName).join(', ')}`);
  return found[0]!.RoleName!;
};

const policyOf = async (stage: string) => {
  const RoleName = await roleOf(stage);
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

/** Does something while a role lacks some of its actions. */
export const lacking = async <T>(stage: string, actions: readonly string[], act: () => Promise<T>): Promise<T> => {
  const policy = await policyOf(stage);
  await iam.send(new PutRolePolicyCommand({ ...policy, PolicyDocument: without(policy.PolicyDocument, actions) }));
  try {
    return await act();
  } finally {
    await iam.send(new PutRolePolicyCommand(policy));
  }
};

/** The role's own credentials: the third-party AWS lets the account's root take any role, AWS would not. */
export const assumed = async (stage: string): Promise<Credentials> => {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: await roleOf(stage) }));
  const { Credentials: given } = await sts.send(new AssumeRoleCommand({ RoleArn: Role!.Arn, RoleSessionName: 'deploy-test' }));
  return {
    accessKeyId: given!.AccessKeyId!,
    secretAccessKey: given!.SecretAccessKey!,
    sessionToken: given!.SessionToken!,
  };
};
