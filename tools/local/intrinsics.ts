import { LocalProblem } from './problem.ts';
import type { CloudFormationResource, CloudFormationTemplate } from './template.ts';

export const region = 'us-east-1';
export const accountId = '000000000000';

/** Where the emulators are, as far as names depend on it. */
export interface Addresses {
  /** Such as `http://127.0.0.1:4566`. */
  readonly sqs: string;
}

/** Resolves the intrinsic functions of one template to the names that its resources have on this machine. */
export interface Resolver {
  /** The value with every intrinsic replaced. Throws LocalProblem naming a reference that leads nowhere. */
  resolve(value: unknown): unknown;
  text(value: unknown): string;
}

/** What `Ref` and `Fn::GetAtt` of a resource give. */
interface Names {
  readonly ref: string;
  readonly attributes: Readonly<Record<string, string>>;
}

type Namer = (logicalId: string, properties: Readonly<Record<string, unknown>>, addresses: Addresses) => Names;

const arn = (service: string, rest: string): string => `arn:aws:${service}:${region}:${accountId}:${rest}`;

export const tableName = (logicalId: string): string => logicalId;
export const bucketName = (logicalId: string): string => logicalId.toLowerCase();
export const queueName = (logicalId: string, properties: Readonly<Record<string, unknown>>): string =>
  properties.FifoQueue === true ? `${logicalId}.fifo` : logicalId;

const namers: Readonly<Record<string, Namer>> = {
  'AWS::DynamoDB::Table': (id) => ({
    ref: tableName(id),
    attributes: {
      Arn: arn('dynamodb', `table/${tableName(id)}`),
      StreamArn: arn('dynamodb', `table/${tableName(id)}/stream/local`),
    },
  }),
  'AWS::SQS::Queue': (id, properties, { sqs }) => {
    const name = queueName(id, properties);
    return { ref: `${sqs}/${accountId}/${name}`, attributes: { Arn: arn('sqs', name), QueueName: name } };
  },
  'AWS::S3::Bucket': (id) => ({ ref: bucketName(id), attributes: { Arn: `arn:aws:s3:::${bucketName(id)}` } }),
  'AWS::Lambda::Function': (id) => ({ ref: id, attributes: { Arn: arn('lambda', `function:${id}`) } }),
  'AWS::KMS::Key': (id) => ({ ref: id, attributes: { Arn: arn('kms', `key/${id}`), KeyId: id } }),
  'AWS::SNS::Topic': (id) => ({ ref: arn('sns', id), attributes: { TopicArn: arn('sns', id), TopicName: id } }),
};

const pseudoParameters: Readonly<Record<string, string>> = {
  'AWS::Region': region,
  'AWS::AccountId': accountId,
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'aegis-local-core',
  'AWS::StackId': arn('cloudformation', 'stack/aegis-local-core'),
};

export const createResolver = (template: CloudFormationTemplate, addresses: Addresses): Resolver => {
  const resourceOf = (logicalId: string): CloudFormationResource => {
    const resource = template.Resources[logicalId];
    if (resource === undefined) throw new LocalProblem(`the template refers to ${logicalId}, which it does not have`);
    return resource;
  };
  const namesOf = (logicalId: string): Names => {
    const { Type, Properties = {} } = resourceOf(logicalId);
    return namers[Type]?.(logicalId, Properties, addresses) ?? { ref: logicalId, attributes: {} };
  };
  const ref = (logicalId: string): string => {
    const pseudo = pseudoParameters[logicalId];
    if (pseudo !== undefined) return pseudo;
    const { Type, Properties = {} } = resourceOf(logicalId);
    if (Type !== 'AWS::Lambda::Alias' && Type !== 'AWS::Lambda::Version') return namesOf(logicalId).ref;
    const functionArn = text(Properties.FunctionName);
    return functionArn.startsWith('arn:') ? functionArn : arn('lambda', `function:${functionArn}`);
  };
  const getAttribute = (logicalId: string, attribute: string): string =>
    namesOf(logicalId).attributes[attribute] ?? `${logicalId}.${attribute}`;
  const intrinsics: Readonly<Record<string, (argument: unknown) => unknown>> = {
    Ref: (argument) => ref(String(argument)),
    'Fn::GetAtt': (argument) => {
      const [logicalId, attribute] = Array.isArray(argument) ? argument.map(String) : String(argument).split('.');
      return getAttribute(logicalId!, attribute!);
    },
    'Fn::Join': (argument) => {
      const [separator, parts] = argument as [string, readonly unknown[]];
      return parts.map(text).join(separator);
    },
    'Fn::Sub': (argument) =>
      String(Array.isArray(argument) ? argument[0] : argument).replaceAll(/\$\{([\w:]+)(?:\.(\w+))?\}/g, (_, id, attribute) =>
        attribute === undefined ? ref(id) : getAttribute(id, attribute),
      ),
    'Fn::Select': (argument) => {
      const [index, list] = argument as [number | string, unknown];
      return (resolve(list) as readonly unknown[])[Number(index)];
    },
    'Fn::Split': (argument) => {
      const [separator, from] = argument as [string, unknown];
      return text(from).split(separator);
    },
  };
  const resolve = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    const [name, ...others] = Object.keys(value);
    const intrinsic = others.length === 0 && name !== undefined ? intrinsics[name] : undefined;
    if (intrinsic !== undefined) return intrinsic((value as Record<string, unknown>)[name!]);
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, resolve(inner)]));
  };
  const text = (value: unknown): string => {
    const resolved = resolve(value);
    if (typeof resolved === 'string' || typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    throw new LocalProblem(`the template has ${JSON.stringify(value)} where the local stack needs a text`);
  };
  return { resolve, text };
};
