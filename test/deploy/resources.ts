import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import { folder } from './deployed.ts';

/** `note`: the physical ids of the stack's resources. `compare`: none of them is another one now, and none is gone but what a version is. */
const file = join(folder, 'resources.json');

/** A new version of a function or of the API is a resource of its own by nature; what points to it is not. */
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
if (process.argv[2] === 'note') writeFileSync(file, JSON.stringify(ids));
else {
  assert.deepEqual(ids, JSON.parse(readFileSync(file, 'utf8')));
  console.log(`  ok  ${Object.keys(ids).length} resources are the same ones as before the upgrade`);
}
cloudFormation.destroy();
