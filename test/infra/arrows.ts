import type { CloudFormationResource } from '../../infra/template.ts';

/**
 * The arrows of the synthesized stacks - who sends what to whom without a person - and the policies that must let each through: the
 * resource policy and the key policy at its end for a service, the policy of the role for a function.
 */
export interface Arrow {
  /** The resource that causes it. */
  readonly from: string;
  /** A service principal, or the logical id of the role that acts. */
  readonly principal: { readonly service: string } | { readonly role: string };
  readonly actions: readonly string[];
  /** Logical id of the resource at its end. */
  readonly to: string;
}

export interface Stack {
  readonly Resources: Readonly<Record<string, CloudFormationResource>>;
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown; readonly Export?: { readonly Name: string } }>>;
}

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly Action: string | readonly string[];
  readonly Resource?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

const many = (value: unknown): unknown[] => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

/** Answers questions about stacks that are deployed together, imports between them followed. */
export const arrowsIn = (
  stacks: readonly Stack[],
  { account, region }: { readonly account: string; readonly region: string },
) => {
  const resources = Object.assign({}, ...stacks.map(({ Resources }) => Resources)) as Stack['Resources'];
  const exported = new Map(
    stacks.flatMap(({ Outputs }) => Object.values(Outputs ?? {})).map(({ Value, Export }) => [Export?.Name, Value]),
  );

  /** The logical ids that a value names, in the order of its text. */
  const named = (value: unknown): string[] => {
    if (typeof value !== 'object' || value === null) return [];
    const node = value as Readonly<Record<string, unknown>>;
    if (typeof node.Ref === 'string') return node.Ref in resources ? [node.Ref] : [];
    if (Array.isArray(node['Fn::GetAtt'])) return [String(node['Fn::GetAtt'][0])];
    if (typeof node['Fn::ImportValue'] === 'string') return named(exported.get(node['Fn::ImportValue']));
    return Object.values(node).flatMap((member) => many(member).flatMap(named));
  };
  const only = (value: unknown): string => {
    const [id, ...others] = named(value);
    if (id === undefined || others.length > 0) throw new Error(`names ${id}, ${others}: ${JSON.stringify(value)}`);
    return id;
  };
  const ofType = (type: string): [string, Readonly<Record<string, unknown>>][] =>
    Object.entries(resources)
      .filter(([, { Type }]) => Type === type)
      .map(([id, { Properties = {} }]) => [id, Properties]);
  const properties = (id: string): Readonly<Record<string, unknown>> => resources[id]!.Properties ?? {};
  const inPath = (value: unknown, ...path: string[]): unknown =>
    path.reduce<unknown>((node, name) => (node as Readonly<Record<string, unknown>> | undefined)?.[name], value);

  /** The role of the function behind an alias. */
  const roleOf = (alias: unknown): string => only(properties(only(properties(only(alias)).FunctionName)).Role);

  const sending: Readonly<Record<string, readonly string[]>> = {
    'AWS::SNS::Topic': ['sns:Publish'],
    'AWS::SQS::Queue': ['sqs:SendMessage'],
    'AWS::Lambda::Alias': ['lambda:InvokeFunction'],
  };
  const receiving: Readonly<Record<string, readonly string[]>> = {
    'AWS::SQS::Queue': ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
    'AWS::DynamoDB::Table': ['dynamodb:DescribeStream', 'dynamodb:GetRecords', 'dynamodb:GetShardIterator'],
  };
  const arrow = (from: string, principal: Arrow['principal'], target: unknown, kinds = sending): Arrow => {
    const to = only(target);
    const actions = kinds[resources[to]!.Type];
    if (actions === undefined) throw new Error(`${from}: the walk does not know what is sent to ${to}, a ${resources[to]!.Type}`);
    return { from, principal, actions, to };
  };

  const ofAlarms = [...ofType('AWS::CloudWatch::Alarm'), ...ofType('AWS::CloudWatch::CompositeAlarm')].flatMap(([id, alarm]) =>
    ['AlarmActions', 'OKActions', 'InsufficientDataActions']
      .flatMap((name) => many(alarm[name]))
      .map((action) => arrow(id, { service: 'cloudwatch.amazonaws.com' }, action)),
  );
  const ofSchedules = ofType('AWS::Events::Rule').flatMap(([id, { Targets }]) =>
    many(Targets).flatMap((target) =>
      [inPath(target, 'Arn'), inPath(target, 'DeadLetterConfig', 'Arn')]
        .filter((end) => end !== undefined)
        .map((end) => arrow(id, { service: 'events.amazonaws.com' }, end)),
    ),
  );
  const ofBuckets = ofType('AWS::S3::Bucket').flatMap(([id, bucket]) =>
    (
      [
        ['TopicConfigurations', 'Topic'],
        ['QueueConfigurations', 'Queue'],
        ['LambdaConfigurations', 'Function'],
      ] as const
    ).flatMap(([list, member]) =>
      many(inPath(bucket, 'NotificationConfiguration', list)).map((to) =>
        arrow(id, { service: 's3.amazonaws.com' }, inPath(to, member)),
      ),
    ),
  );
  const ofSubscriptions = ofType('AWS::SNS::Subscription')
    .filter(([, { Protocol }]) => Protocol !== 'email' && Protocol !== 'sms')
    .map(([id, { Endpoint }]) => arrow(id, { service: 'sns.amazonaws.com' }, Endpoint));
  const ofApi = ofType('AWS::ApiGateway::Method')
    .filter(([, method]) => inPath(method, 'Integration', 'Type') === 'AWS_PROXY')
    .map(([id, method]) => arrow(id, { service: 'apigateway.amazonaws.com' }, inPath(method, 'Integration', 'Uri')));
  const ofSources = ofType('AWS::Lambda::EventSourceMapping').flatMap(([id, mapping]) => {
    const role = { role: roleOf(mapping.FunctionName) };
    const failed = inPath(mapping, 'DestinationConfig', 'OnFailure', 'Destination');
    return [arrow(id, role, mapping.EventSourceArn, receiving), ...(failed === undefined ? [] : [arrow(id, role, failed)])];
  });
  const ofCalls = ofType('AWS::Lambda::EventInvokeConfig').flatMap(([id, config]) =>
    ['OnFailure', 'OnSuccess']
      .map((outcome) => inPath(config, 'DestinationConfig', outcome, 'Destination'))
      .filter((end) => end !== undefined)
      .map((end) => arrow(id, { role: roleOf(config.FunctionName) }, end)),
  );

  const matches = (pattern: string, text: string): boolean =>
    new RegExp(`^${pattern.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`, 'i').test(text);
  const acts = ({ Action }: Statement, action: string): boolean => many(Action).some((one) => matches(String(one), action));
  const isOn = ({ Resource }: Statement, id: string): boolean =>
    many(Resource).some((one) => one === '*' || named(one).includes(id));

  /** Whether a condition holds for a call over TLS that `from` causes in this account; one that the walk does not know does not. */
  const holds = ({ Condition = {} }: Statement, from: string, viaService: string): boolean =>
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, wanted]) => {
        if (operator === 'StringEquals' && key === 'aws:SourceAccount') return wanted === account;
        if (/^Arn(Equals|Like)$/.test(operator) && key === 'aws:SourceArn') return named(wanted).includes(from);
        if (operator === 'StringEquals' && key === 'kms:ViaService') return wanted === `${viaService}.${region}.amazonaws.com`;
        return false;
      }),
    );
  const isDenied = (statements: readonly Statement[], action: string, id: string): boolean =>
    statements.some(
      (statement) =>
        statement.Effect === 'Deny' &&
        acts(statement, action) &&
        isOn(statement, id) &&
        JSON.stringify(statement.Condition) !== '{"Bool":{"aws:SecureTransport":"false"}}',
    );

  const documentOf = (policy: unknown): Statement[] => many(inPath(policy, 'Statement')) as Statement[];
  const policiesOf = (id: string): Statement[] => {
    const types = { 'AWS::SNS::TopicPolicy': 'Topics', 'AWS::SQS::QueuePolicy': 'Queues' };
    return Object.entries(types).flatMap(([type, list]) =>
      ofType(type)
        .filter(([, policy]) => many(policy[list]).some((one) => named(one).includes(id)))
        .flatMap(([, policy]) => documentOf(policy.PolicyDocument)),
    );
  };
  const statementsOfRole = (role: string): Statement[] =>
    ofType('AWS::IAM::Policy')
      .filter(([, { Roles }]) => named(Roles).includes(role))
      .flatMap(([, policy]) => documentOf(policy.PolicyDocument));
  /** The key of the stack that encrypts a resource; null for none. */
  const keyOf = (id: string): string | null => {
    const { KmsMasterKeyId, SSESpecification } = properties(id);
    const key = KmsMasterKeyId ?? inPath(SSESpecification, 'KMSMasterKeyId');
    return key === undefined ? null : only(key);
  };
  const isService = (statement: Statement, service: string): boolean =>
    many(inPath(statement.Principal, 'Service')).includes(service);
  /** IAM policies of the account decide on the key: the first statement that KMS itself recommends. */
  const leavesToIam = (key: string): boolean =>
    documentOf(properties(key).KeyPolicy).some(
      (statement) =>
        statement.Effect === 'Allow' &&
        acts(statement, 'kms:Decrypt') &&
        JSON.stringify(inPath(statement.Principal, 'AWS')).includes(`:iam::${account}:root`),
    );

  const refusalsOfService = ({ from, actions, to }: Arrow, service: string): string[] => {
    const allowed = (statements: readonly Statement[], action: string, id: string): boolean =>
      !isDenied(statements, action, id) &&
      statements.some(
        (one) => one.Effect === 'Allow' && isService(one, service) && acts(one, action) && isOn(one, id) && holds(one, from, ''),
      );
    if (resources[to]!.Type === 'AWS::Lambda::Alias') {
      const isPermitted = ofType('AWS::Lambda::Permission').some(
        ([, { Action, Principal, FunctionName, SourceArn }]) =>
          actions.includes(String(Action)) &&
          Principal === service &&
          only(FunctionName) === to &&
          named(SourceArn).some((source) => source === from || source === only(properties(from).RestApiId)),
      );
      return isPermitted ? [] : [`${from}: ${to} has no permission for ${service}`];
    }
    const key = keyOf(to);
    return [
      ...actions
        .filter((action) => !allowed(policiesOf(to), action, to))
        .map((action) => `${from}: the policy of ${to} does not admit ${service} for ${action}`),
      ...(key === null ? [] : ['kms:Decrypt', 'kms:GenerateDataKey'])
        .filter((action) => !allowed(documentOf(properties(key!).KeyPolicy), action, key!))
        .map((action) => `${from}: the policy of ${key}, which encrypts ${to}, does not admit ${service} for ${action}`),
    ];
  };

  const refusalsOfRole = ({ from, actions, to }: Arrow, role: string): string[] => {
    const own = statementsOfRole(role);
    const mayOn = (action: string, id: string, viaService: string): boolean =>
      !isDenied([...own, ...policiesOf(id)], action, id) &&
      own.some((one) => one.Effect === 'Allow' && acts(one, action) && isOn(one, id) && holds(one, from, viaService));
    const key = keyOf(to);
    const viaService = actions[0]!.split(':')[0]!;
    const keyActions = actions.includes('sqs:SendMessage') ? ['kms:Decrypt', 'kms:GenerateDataKey'] : ['kms:Decrypt'];
    return [
      ...actions
        .filter((action) => !mayOn(action, to, viaService))
        .map((action) => `${from}: ${role} may not ${action} on ${to}`),
      ...(key === null ? [] : keyActions)
        .filter((action) => !leavesToIam(key!) || !mayOn(action, key!, viaService))
        .map((action) => `${from}: ${role} may not ${action} on ${key}, which encrypts ${to}`),
    ];
  };

  return {
    arrows: { ofAlarms, ofSchedules, ofBuckets, ofSubscriptions, ofApi, ofSources, ofCalls },
    /** What keeps an arrow from its end, as sentences; empty when it passes. */
    refusals: (one: Arrow): string[] =>
      'service' in one.principal ? refusalsOfService(one, one.principal.service) : refusalsOfRole(one, one.principal.role),
  };
};
