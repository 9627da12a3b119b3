import { startLocalStack } from '../local/stack.ts';

/** The local stack in a process of its own, for `kill.ts` to kill: tells its parent where it is, and ends in order on SIGTERM. */
const stack = await startLocalStack({ dataDir: process.argv[2]!, onFailure: (text) => console.error(text) });
process.once('SIGTERM', async () => {
  await stack.stop();
  process.exit(0);
});
// Whoever started it is gone, however that happened.
process.once('disconnect', () => process.exit(1));
process.on('message', async (message) => {
  if (message !== 'projected') return;
  await stack.projected();
  process.send!('projected');
});
process.send!({
  url: stack.url,
  key: stack.key,
  table: stack.environment.AEGIS_TABLE,
  dynamodb: stack.endpoints.dynamodb,
  sqs: stack.endpoints.sqsAndS3,
  queueUrl: stack.environment.AEGIS_QUEUE_URL,
  deadLetterUrl: stack.environment.AEGIS_DEAD_LETTER_URL,
});
