import { startLocalStack } from '../local/stack.ts';
import type { StackAddress, StackRequest } from './stackMessages.ts';

/** The local stack as a process of its own, as its callers have it: told to by `localStack.ts`, ends with it. */

const stack = await startLocalStack({ onFailure: (text) => console.error(text) });
process.on('message', async (request: StackRequest) => {
  if (request === 'projected') await stack.projected();
  process.send!(request);
});
process.once('disconnect', async () => {
  await stack.stop();
  process.exit(0);
});
const address: StackAddress = {
  url: stack.url,
  key: stack.key,
  dynamodb: stack.endpoints.dynamodb,
  environment: stack.environment,
};
process.send!(address);
