/** Answers with the event it was given. */
export const handler = async (event: { path: string; headers: Record<string, string> }) => {
  if (event.path.endsWith('/throws')) throw new Error('asked to');
  if (event.path.endsWith('/hangs')) await new Promise(() => setInterval(() => undefined, 1_000));
  return {
    statusCode: 200,
    headers: { 'content-type': 'application/json' },
    multiValueHeaders: { 'set-cookie': ['a=1', 'b=2'] },
    body: Buffer.from(JSON.stringify(event)).toString('base64'),
    isBase64Encoded: true,
  };
};
