import { threadId } from 'node:worker_threads';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { required, services } from '../../../../shared/adapters/aws/services.ts';
import { env } from '../../../../shared/store/names.ts';

const { table } = services();

/** Fails or hangs on request; else stores an item and says in which thread, and for which table. */
export const handler = async ({ queryStringParameters, body }: APIGatewayProxyEvent) => {
  if (queryStringParameters?.how === 'throws') throw new Error('asked to');
  if (queryStringParameters?.how === 'hangs') await new Promise(() => undefined);
  const id = Buffer.from(body ?? '', 'base64').toString();
  await table.put({ pk: `D#dev#${id}`, sk: 'D' }, { kind: 'absent' });
  const answer = { threadId, table: required('table'), queueUrl: process.env[env.queueUrl] ?? null };
  return { statusCode: 200, body: JSON.stringify(answer) };
};
