import { awsEndpoints, env } from '../../shared/store/names.ts';
import { emulatorCredentials, emulatorRegion } from './emulatorConnection.ts';
import type { Resolver } from './intrinsics.ts';
import type { StackModel } from './model.ts';
import { LocalProblem } from './problem.ts';
import type { LocalKeys } from './secrets.ts';
import type { CloudFormationTemplate } from './template.ts';

type Environment = Readonly<Record<string, string>>;

export interface LocalEnvironment {
  /** The name of the one table. */
  readonly tableName: string;
  /** What a function of the template runs under on this machine. */
  of(environment: Environment): Environment;
  /** What all functions together run under, and what only commands need. */
  readonly all: Environment;
}

/** Makes the template's variables fit this machine: emulators for AWS, stand-ins for KMS. Throws LocalProblem when no function names the table. */
export const localEnvironment = (
  template: CloudFormationTemplate,
  model: StackModel,
  resolver: Resolver,
  given: {
    readonly endpoints: { readonly dynamodb: string; readonly sqsAndS3: string };
    readonly consoleUrl: string;
    readonly keys: LocalKeys;
  },
): LocalEnvironment => {
  const { endpoints, consoleUrl, keys } = given;
  const ofMachine: Environment = {
    [awsEndpoints.dynamodb]: endpoints.dynamodb,
    [awsEndpoints.sqs]: endpoints.sqsAndS3,
    [awsEndpoints.s3]: endpoints.sqsAndS3,
    [awsEndpoints.sns]: endpoints.sqsAndS3,
    [env.webhooksToLoopback]: 'true',
    [env.consoleUrl]: consoleUrl,
    AWS_REGION: emulatorRegion,
    AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
  };
  const of = (environment: Environment): Environment => ({ ...withStandIns(environment, keys), ...ofMachine });
  const ofTemplate = Object.assign({}, ...model.functions.map((fn) => fn.environment)) as Environment;
  const tableName = ofTemplate[env.table];
  if (tableName === undefined) throw new LocalProblem(`no function of the template has the environment variable ${env.table}`);
  return { tableName, of, all: { ...of(ofTemplate), ...forCommands(template, resolver) } };
};

/** What no function is given, but commands need. */
const forCommands = (template: CloudFormationTemplate, resolver: Resolver): Environment => {
  const url = template.Outputs?.WebhookDeadLetterUrl?.Value;
  return url === undefined ? {} : { [env.webhookDeadLetterUrl]: String(resolver.resolve(url)) };
};

/** The emulators have no KMS: a function that may use one of its keys gets the stand-in instead. */
const withStandIns = (environment: Environment, keys: LocalKeys): Environment =>
  Object.fromEntries(
    Object.entries(environment).map(([name, value]) => {
      const standIn = keys[name];
      return standIn === undefined ? [name, value] : [standIn.variable, standIn.value];
    }),
  );
