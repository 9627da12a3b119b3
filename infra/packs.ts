import type { ITable } from 'aws-cdk-lib/aws-dynamodb';
import { Token, Validations } from 'aws-cdk-lib/core';
import { AwsSolutionsChecks, PCIDSS321Checks, ServerlessChecks } from 'cdk-nag';
import type { IConstruct } from 'constructs';
import type { Built } from './build.ts';

interface Accepted {
  readonly rules: readonly string[];
  /** Paths under the core stack; a finding anywhere else still fails the synthesis. */
  readonly under: readonly string[];
  readonly reason: string;
}

const functions = [
  'Ingest',
  'Score',
  'Decide',
  'Project',
  'Read',
  'Review',
  'Webhooks',
  'Admin',
  'Compact',
  'Train',
  'Checkpoint',
  'Sweep',
];

/** Findings of the rule packs that are accepted, with the reason. */
const accepted: readonly Accepted[] = [
  {
    rules: ['AwsSolutions-APIG4', 'AwsSolutions-COG4'],
    under: ['Api'],
    reason: 'The functions check the API key and its scope themselves, so that no environment can leave the check out.',
  },
  {
    rules: ['AwsSolutions-APIG2'],
    under: ['Api'],
    reason:
      'The functions check every field and name all faults at once; a gateway model would answer first, and in another form.',
  },
  {
    rules: ['AwsSolutions-APIG3', 'PCI.DSS.321-APIGWAssociatedWithWAF'],
    under: ['Api'],
    reason: 'A web ACL exists on AWS alone: it belongs to the operations stack, so that core deploys everywhere.',
  },
  {
    rules: ['AwsSolutions-APIG6', 'PCI.DSS.321-APIGWExecutionLoggingEnabled'],
    under: ['Api'],
    reason:
      'The access log names every request by its route; the execution log would add whole paths, card numbers and ids of persons included.',
  },
  {
    rules: ['PCI.DSS.321-APIGWCacheEnabledAndEncrypted'],
    under: ['Api'],
    reason: 'Answers are not cached at all: they are personal and change with every payment.',
  },
  {
    rules: ['PCI.DSS.321-APIGWSSLEnabled'],
    under: ['Api'],
    reason: 'Client certificates prove the gateway to HTTP backends; the backends here are functions, called through IAM.',
  },
  {
    rules: ['Serverless-APIGWXrayEnabled', 'Serverless-LambdaTracing'],
    under: ['Api', ...functions],
    reason: 'One correlation id leads through API, queue, items and logs; traces by X-Ray are paid for per call.',
  },
  {
    rules: ['PCI.DSS.321-IAMNoInlinePolicy'],
    under: functions,
    reason: 'A role serves one function, and its policy is nothing that another role could share.',
  },
  {
    rules: ['PCI.DSS.321-LambdaInsideVPC'],
    under: functions,
    reason:
      'The functions reach AWS services alone, over TLS and by their roles; there is no network of their own to be inside of.',
  },
  {
    rules: ['Serverless-LambdaDLQ'],
    under: functions,
    reason:
      'Called in a request or from a queue or stream, which keep what failed; the scheduled one has an on-failure destination.',
  },
  {
    rules: ['Serverless-LambdaEventSourceMappingDestination'],
    under: ['Score', 'Webhooks'],
    reason: 'A queue as event source takes no destination: its dead-letter queue is set on the queue.',
  },
  {
    rules: ['AwsSolutions-SQS3', 'Serverless-SQSRedrivePolicy'],
    under: ['Ingest/DeadLetters', 'Webhooks/DeadLetters', 'Project/Failures'],
    reason: 'These are themselves where failures end.',
  },
  {
    rules: ['AwsSolutions-S1', 'PCI.DSS.321-S3BucketLoggingEnabled'],
    under: ['Data/ModelBucket', 'Data/ArchiveBucket', 'Data/CheckpointBucket'],
    reason:
      'Objects are written once under content-addressed keys; access is recorded by CloudTrail data events where an account wants it.',
  },
  {
    rules: ['PCI.DSS.321-S3BucketReplicationEnabled'],
    under: ['Data/ModelBucket', 'Data/ArchiveBucket', 'Data/CheckpointBucket'],
    reason:
      'Versions are kept and models can be trained again; a copy in another region would take personal data out of its country.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::<DataModelBucket14BB63FB.Arn>/*]'],
    under: ['Score', 'Decide', 'Read', 'Train'],
    reason: 'The objects of one bucket: their keys are hashes, known only at run time.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::<DataArchiveBucket60F5BBA5.Arn>/*]'],
    under: ['Project', 'Read', 'Compact', 'Train'],
    reason: 'The objects of one bucket: their keys are dates and hashes, known only at run time.',
  },
  {
    rules: ['features', 'parquet'].map((folder) => `AwsSolutions-IAM5[Resource::<DataArchiveBucket60F5BBA5.Arn>/${folder}/*]`),
    under: ['Compact'],
    reason: 'What it may delete: objects of two folders, whose keys are dates and hashes, known only at run time.',
  },
  {
    rules: ['AwsSolutions-IAM5[Resource::<DataCheckpointBucket44835904.Arn>/*]'],
    under: ['Read', 'Checkpoint', 'Sweep'],
    reason: 'The objects of one bucket: their keys are numbers and hashes, known only at run time.',
  },
];

/** A restored table is named by its own ARN. */
const acceptedOfTable = ({ tableArn }: ITable): Accepted => ({
  rules: [`AwsSolutions-IAM5[Resource::${Token.isUnresolved(tableArn) ? '<DataTableFDBAD0F2.Arn>' : tableArn}/stream/*]`],
  under: ['Project'],
  reason: 'ListStreams is asked of the table, whose stream is named by the time it was switched on.',
});

/** Where the setting `gatewayLog` is off. */
const acceptedWithoutLog: Accepted = {
  rules: ['AwsSolutions-APIG1', 'Serverless-APIGWAccessLogging'],
  under: ['Api/Api/DeploymentStage.v1'],
  reason: 'Whoever deploys has switched the log of the gateway off; the functions write one line for each request that matters.',
};

/** Findings about resources that a setting adds. */
const acceptedWhereThere: readonly Accepted[] = [
  {
    rules: ['AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]'],
    under: ['Api'],
    reason: 'The policy that AWS keeps for the gateway and its logs: the account has one such role for all its APIs.',
  },
  {
    rules: ['AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]'],
    under: ['Shift'],
    reason: 'The policy that AWS keeps for CodeDeploy and functions: it may move aliases and read alarms.',
  },
];

/** Makes synthesis fail on every finding of the AWS Solutions, PCI DSS and serverless packs that `accepted` does not justify. */
export const checkWithPacks = ({ app, core }: Built): void => {
  const withoutLog = core.settings.gatewayLog ? [] : [acceptedWithoutLog];
  for (const { rules, under, reason } of [...accepted, ...withoutLog, acceptedOfTable(core.data.table)]) {
    for (const path of under) {
      const scope = childAt(core, path);
      Validations.of(scope).acknowledge(...rules.map((id) => ({ id, reason })));
    }
  }
  for (const { rules, under, reason } of acceptedWhereThere) {
    for (const scope of under.map((path) => core.node.tryFindChild(path))) {
      if (scope) Validations.of(scope).acknowledge(...rules.map((id) => ({ id, reason })));
    }
  }
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new PCIDSS321Checks(app), new ServerlessChecks(app));
};

const childAt = (scope: IConstruct, path: string): IConstruct => {
  let found = scope;
  for (const id of path.split('/')) found = found.node.findChild(id);
  return found;
};
