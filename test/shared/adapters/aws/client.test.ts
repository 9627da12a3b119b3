import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, it } from 'vitest';
import { clientOptions, leanClient } from '../../../../shared/adapters/aws/client.ts';

it.each([
  ['the table', () => new DynamoDBClient(clientOptions('dynamodb', { region: 'us-east-1' }, 1))],
  ['the queue', () => new SQSClient(clientOptions('sqs', { region: 'us-east-1' }, 1))],
])('a lean client of %s lacks the middleware for logs and for the user agent, and no other', (_, make) => {
  const all = make().middlewareStack.identify();
  const left = leanClient(make()).middlewareStack.identify();
  expect(all.filter((entry) => !left.includes(entry))).toEqual([
    'loggerMiddleware - initialize',
    'getUserAgentMiddleware - build',
  ]);
});
