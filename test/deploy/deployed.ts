import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { type AegisClient, aegisClient } from '../../client/client.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { scopes } from '../../shared/contract/routes.ts';
import { defaultTenant, messageAttributes } from '../../shared/store/names.ts';
import { createKeyNoted } from '../../tools/cli/keyChanges.ts';

/** What the scripts of the deploy test share: the deployed stack as `run.ts` names it in their environment. */

const pollMs = 250;
/** Schedules fire once a minute; the rest is for a machine that does much else. */
const waitMsMax = 240_000;
const commandMsMax = 120_000;
const outputBytesMax = 64 * 1024 * 1024;

const named = (variable: string): string => {
  const value = process.env[variable];
  if (value === undefined) throw new Error('run by test/deploy/run.ts');
  return value;
};

export const api = named('AEGIS_API');
/** A folder that outlives the script: what a later phase compares with. */
export const folder = named('AEGIS_DEPLOY_FOLDER');
export const outputs = JSON.parse(named('AEGIS_DEPLOY_OUTPUTS')) as Readonly<Record<string, string>>;

/** A key with every scope, and the project's own client with it. */
export const signedIn = async (): Promise<{ readonly key: string; readonly client: AegisClient }> => {
  const { key } = await createKeyNoted(services(), {
    tenant: defaultTenant,
    scopes,
    createdBy: 'deploy test',
    expiresAtMs: null,
  });
  return { key, client: aegisClient({ url: api, key }) };
};

/** Asks again until the answer holds; fails with the last one. */
export const until = async <T>(what: string, ask: () => Promise<T>, holds: (answer: T) => boolean): Promise<T> => {
  const endMs = Date.now() + waitMsMax;
  for (;;) {
    const answer = await ask();
    if (holds(answer)) return answer;
    if (Date.now() >= endMs)
      assert.fail(`${what}: not within ${waitMsMax} ms; the last answer was ${JSON.stringify(answer).slice(0, 2000)}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};

export const step = async (name: string, act: () => Promise<void>): Promise<void> => {
  const startMs = performance.now();
  await act();
  console.log(`  ok  ${name} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
};

/** Runs the project's command line against the deployment. Throws when it ends with another code than 0. */
export const aegis = async (...args: readonly string[]): Promise<string> => {
  const script = fileURLToPath(new URL('../../tools/cli/aegis.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [script, ...args], {
    timeout: commandMsMax,
    maxBuffer: outputBytesMax,
  });
  return stdout;
};

interface DeadLetter {
  readonly body: string;
  readonly reason: string;
  readonly correlationId: string | undefined;
}

/** Waits for a dead letter that is wanted; it stays where it is. */
export const deadLetterWith = async (isWanted: (letter: DeadLetter) => boolean): Promise<DeadLetter> => {
  const sqs = new SQSClient({});
  const { found } = await until(
    'a dead letter',
    async () => {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({
          QueueUrl: outputs.DeadLetterUrl,
          MaxNumberOfMessages: 10,
          WaitTimeSeconds: 1,
          MessageAttributeNames: ['All'],
          VisibilityTimeout: 1,
        }),
      );
      const letters = Messages.map(({ Body, MessageAttributes }) => ({
        body: Body ?? '',
        reason: MessageAttributes?.reason?.StringValue ?? '',
        correlationId: MessageAttributes?.[messageAttributes.correlationId]?.StringValue,
      }));
      return { found: letters.find(isWanted), letters };
    },
    ({ found }) => found !== undefined,
  );
  sqs.destroy();
  return found!;
};
