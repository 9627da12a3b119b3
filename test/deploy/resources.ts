import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { folder } from './deployed.ts';

/**
 * `note` keeps the physical ids of the stack's resources. `compare` fails when one of them was replaced or is gone. `compareData` does so
 * for the resources that hold data or that others outside the stack know; a new version may replace the rest.
 */
const file = join(folder, 'resources.json');

const lasting = [
  'AWS::DynamoDB::Table',
  'AWS::S3::Bucket',
  'AWS::SQS::Queue',
  'AWS::KMS::Key',
  'AWS::SNS::Topic',
  'AWS::ApiGateway::RestApi',
];
/** A new version of a function or of the API is a resource of its own; what points to it is not. */
const versioned = ['AWS::Lambda::Version', 'AWS::ApiGateway::Deployment'];

const cloudFormation = new CloudFormationClient({});
const { StackResources = [] } = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName: 'aegis-local-core' }));
const ids = Object.fromEntries(
  StackResources.filter(({ ResourceType }) => !versioned.includes(ResourceType!)).map((resource) => [
    `${resource.ResourceType} ${resource.LogicalResourceId}`,
    resource.PhysicalResourceId,
  ]),
);
assert.ok(Object.keys(ids).length > 100);
const [, , act] = process.argv;
if (act === 'note') writeFileSync(file, JSON.stringify(ids));
else {
  const before = JSON.parse(readFileSync(file, 'utf8')) as typeof ids;
  const isCompared = (name: string): boolean => act === 'compare' || lasting.includes(name.split(' ')[0]!);
  const compared = Object.entries(before).filter(([name]) => isCompared(name));
  assert.ok(compared.length > 10);
  assert.deepEqual(Object.fromEntries(compared.map(([name]) => [name, ids[name]])), Object.fromEntries(compared));
  if (act === 'compare') assert.equal(Object.keys(ids).length, compared.length);
  console.log(`  ok  ${compared.length} resources are the same ones as before the upgrade`);
}
cloudFormation.destroy();
