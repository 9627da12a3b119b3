import { services } from '../../../../shared/adapters/aws/services.ts';

const { queue } = services();

/** Puts the body on the queue as it is. */
export const handler = async (event: { body: string; isBase64Encoded: boolean }) => {
  const body = Buffer.from(event.body, event.isBase64Encoded ? 'base64' : 'utf8').toString();
  const [result] = await queue.send([{ body, attributes: { tenant: 'dev' } }]);
  return { statusCode: 202, body: JSON.stringify(result) };
};
