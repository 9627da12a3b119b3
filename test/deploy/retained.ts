import assert from 'node:assert/strict';
import { DescribeTableCommand, DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeKeyCommand, KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient, ListFunctionsCommand } from '@aws-sdk/client-lambda';
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs';
import { decisionKey, defaultTenant } from '../../shared/store/names.ts';
import { outputs } from './deployed.ts';

/** After destroy: what is retained on purpose is there, with what was written to it; functions and queues are gone. */
const dynamo = new DynamoDBClient({});
const s3 = new S3Client({ forcePathStyle: true });
const kms = new KMSClient({});

const TableName = outputs.TableName!;
const { Table } = await dynamo.send(new DescribeTableCommand({ TableName }));
assert.equal(Table?.TableStatus, 'ACTIVE');
const { pk, sk } = decisionKey(defaultTenant, 'first-one');
const { Item } = await dynamo.send(new GetItemCommand({ TableName, Key: { pk: { S: pk }, sk: { S: sk } } }));
assert.ok(Item !== undefined, 'the first decision is gone');
console.log(`  retained  table ${TableName}, with its decisions`);

for (const name of ['ModelBucketName', 'ArchiveBucketName', 'CheckpointBucketName']) {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: outputs[name], MaxKeys: 10 }));
  assert.ok(Contents.length > 0, `${name} is empty`);
  console.log(`  retained  bucket ${outputs[name]}, with its objects`);
}
for (const name of ['DataKeyArn', 'MasterKeyArn', 'SigningKeyArn']) {
  const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: outputs[name] }));
  assert.equal(KeyMetadata?.KeyState, 'Enabled', name);
  console.log(`  retained  key ${outputs[name]}`);
}

const { Functions = [] } = await new LambdaClient({}).send(new ListFunctionsCommand({}));
assert.deepEqual(
  Functions.map(({ FunctionName }) => FunctionName),
  [],
);
const { QueueUrls = [] } = await new SQSClient({}).send(new ListQueuesCommand({}));
assert.deepEqual(
  QueueUrls.filter((url) => url.includes('aegis-local-core')),
  [],
);
console.log('  gone      functions and queues');
