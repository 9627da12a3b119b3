import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CloudFormationClient, DescribeStackResourcesCommand } from '@aws-sdk/client-cloudformation';
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  GetItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetFunctionConcurrencyCommand, InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Schemas } from '../../client/client.ts';
import { deployCore } from '../../infra/deployLocal.ts';
import { services } from '../../shared/adapters/aws/services.ts';
import { checkpointFolder, parseStoredCheckpoint, type StoredCheckpoint } from '../../shared/proof/checkpoint.ts';
import { decisionKey, defaultTenant, env, expiryAttribute } from '../../shared/store/names.ts';
import type { VerifyReport } from '../../tools/proof/verifyReport.ts';
import { awsCliBin } from './awsCli.ts';
import { aegis, folder, outputs, signedIn, step, until } from './deployed.ts';

/**
 * The restore that `docs/operations.md` describes, step by step: its commands are read from that page and run by the AWS command line. One
 * of them runs early: the third-party AWS copies what is there when it is asked, whatever the date.
 */
type Transaction = Schemas['Transaction'];
const stage = 'local';
const stopped = ['Decide', 'Review', 'Admin', 'Compact', 'Train', 'Checkpoint', 'Sweep', 'Project'];
const commandMsMax = 60_000;

const table = outputs.TableName!;
const restored = `${table}-restored`;
const dynamo = new DynamoDBClient({});
const lambda = new LambdaClient({ maxAttempts: 1 });
const { client } = await signedIn();

const section = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
  .split('\n### Backup and restore\n')[1]!
  .split('\n### ')[0]!;
const documented = [...section.matchAll(/^```\n(.*?)^```$/gms)].flatMap(([, block]) => block!.trimEnd().split('\n'));
assert.ok(documented.length > 10, `${documented.length} commands in "Backup and restore"`);
const done = new Set<string>();

/** Runs the one documented command that begins so, its words in capitals replaced. Returns what it wrote. */
const documentedCommand = async (beginning: string, words: Readonly<Record<string, string>>): Promise<string> => {
  const found = documented.filter((command) => command.startsWith(`aws ${beginning}`));
  assert.equal(found.length, 1, `commands that begin with aws ${beginning}: ${found.length}`);
  done.add(found[0]!);
  const command = Object.entries(words).reduce(
    (text, [word, value]) => text.replaceAll(new RegExp(`\\b${word}\\b`, 'g'), value),
    found[0]!,
  );
  const { stdout } = await promisify(execFile)('/bin/sh', ['-c', command], {
    timeout: commandMsMax,
    env: { ...process.env, PATH: `${awsCliBin(folder)}${delimiter}${process.env.PATH}` },
  });
  return stdout.trim();
};

const payments = new Map<string, Transaction>();
/** The same again for the same id, as a producer repeats it. */
const payment = (transactionId: string, accountId: string): Transaction => {
  const known = payments.get(transactionId) ?? {
    transactionId,
    userId: 'u_restore',
    accountId,
    occurredAt: new Date().toISOString(),
    amountMinor: 12_500,
    currency: 'INR',
  };
  payments.set(transactionId, known);
  return known;
};
const decide = async (transactionId: string, accountId: string) => {
  const { data, response } = await client.POST('/decisions', { body: payment(transactionId, accountId) });
  assert.equal(response.status, 200, `${transactionId} answered ${response.status}`);
  return data!;
};
const decisionOf = (transactionId: string) => client.GET('/decisions/{transactionId}', { params: { path: { transactionId } } });
const ofAccount = (accountId: string) => ({
  params: { path: { accountId }, query: { userId: 'u_restore', limit: 200 } },
});
const auditOf = async (accountId: string) => (await client.GET('/accounts/{accountId}/audit', ofAccount(accountId))).data!.items;
const inFeed = (transactionId: string, accountId: string) =>
  until(
    `${transactionId} in the feed`,
    () => client.GET('/accounts/{accountId}/decisions', ofAccount(accountId)),
    ({ data }) => data?.items.some((item) => item.transactionId === transactionId) ?? false,
  );

const underLock = async (): Promise<readonly StoredCheckpoint[]> => {
  const { checkpoints } = services();
  const { keys } = await checkpoints.list(checkpointFolder);
  return Promise.all(keys.map(async (key) => parseStoredCheckpoint((await checkpoints.get(key))!)));
};
/** Calls the checkpoint function until a checkpoint holds entry `sequence` of the account's chain, as it is now. */
const checkpointed = async (accountId: string, sequence: number): Promise<StoredCheckpoint> => {
  const { body, hash } = (await auditOf(accountId)).find((item) => item.body.sequence === sequence)!;
  const { found } = await until(
    `a checkpoint over entry ${sequence} of ${accountId}`,
    async () => {
      const { Payload } = await lambda.send(new InvokeCommand({ FunctionName: functionOf('Checkpoint'), Qualifier: 'live' }));
      const all = await underLock();
      const found = all.find(({ leaves }) => leaves.some(({ chain, head }) => chain === body.chain && head === hash));
      return { found, said: Buffer.from(Payload ?? []).toString() };
    },
    ({ found }) => found !== undefined,
  );
  return found!;
};

/** Of `aegis verify`, which ends with 1 when it finds something. */
const reportOf = async (...args: readonly string[]): Promise<VerifyReport> => {
  const said = await aegis('verify', ...args, '--json').catch((error: { readonly stdout?: string }) => error.stdout ?? '');
  return JSON.parse(said) as VerifyReport;
};

let names: readonly string[] = [];
const functionOf = (name: string): string => {
  const found = names.filter((one) => one.includes(`${name}HandlerFunction`));
  assert.equal(found.length, 1, `functions of ${name}: ${found.length}`);
  return found[0]!;
};

await step('the documented command names the functions', async () => {
  names = JSON.parse(await documentedCommand('lambda list-functions', { STAGE: stage })) as string[];
  for (const name of [...stopped, 'Score']) functionOf(name);
});

const kept = await decide('kept-1', 'a_kept');
const cut = await decide('cut-1', 'a_cut');
await step('before the moment: two accounts with a decision each, in the feed and under a checkpoint', async () => {
  await inFeed('kept-1', 'a_kept');
  await inFeed('cut-1', 'a_cut');
  await checkpointed('a_kept', 1);
  await checkpointed('a_cut', 1);
});
const keptEntry = (await auditOf('a_kept'))[0]!;

// Not the same second as what came before it.
await new Promise((resolve) => setTimeout(resolve, 1_500));
const moment = new Date().toISOString().replace(/\.\d+/, '');
await step(`the restore to ${moment}, run at that moment: MiniStack ignores the date and copies what is there`, async () => {
  await documentedCommand('dynamodb restore-table-to-point-in-time', { TABLE: table, MOMENT: moment });
});

const known = join(folder, 'known.jsonl');
const lost: string[] = [];
let newestKnown = 0;
await step(
  'after the moment: another decision on one account, the first of a third, both under a checkpoint that is kept',
  async () => {
    await decide('cut-2', 'a_cut');
    await decide('late-1', 'a_late');
    const checkpoints = [await checkpointed('a_cut', 2), await checkpointed('a_late', 1)];
    const newest = checkpoints.reduce((one, other) => (one.body.number > other.body.number ? one : other));
    newestKnown = newest.body.number;
    writeFileSync(known, `${JSON.stringify({ body: newest.body, signature: newest.signature })}\n`);
    lost.push((await auditOf('a_cut'))[0]!.body.chain, (await auditOf('a_late'))[0]!.body.chain);
  },
);

let mapping = '';
await step(
  '1. deciding stops: calls are refused, by MiniStack those of no alias only, and a payment waits in the queue',
  async () => {
    mapping = await documentedCommand('lambda list-event-source-mappings', { STAGE: stage });
    await documentedCommand('lambda update-event-source-mapping --uuid MAPPING --no-enabled', { MAPPING: mapping });
    for (const name of stopped) await documentedCommand('lambda put-function-concurrency', { FUNCTION: functionOf(name) });
    for (const name of stopped) {
      await assert.rejects(() => lambda.send(new InvokeCommand({ FunctionName: functionOf(name) })), {
        name: 'TooManyRequestsException',
        Reason: 'ReservedFunctionConcurrentInvocationLimitExceeded',
      });
    }
    const waits = await client.POST('/transactions', { body: payment('waits-1', 'a_waits') });
    assert.equal(waits.response.status, 202);
  },
);

let arn = '';
let streamArn = '';
await step('2. the restored table gets what a restore leaves out', async () => {
  const words = { TABLE: table };
  await documentedCommand('dynamodb wait table-exists', words);
  await documentedCommand('dynamodb update-table', words);
  await documentedCommand('dynamodb update-continuous-backups', words);
  await documentedCommand('dynamodb update-time-to-live', words);
  [arn, streamArn] = JSON.parse(await documentedCommand('dynamodb describe-table', words)) as [string, string];
  const { Table } = await dynamo.send(new DescribeTableCommand({ TableName: restored }));
  assert.equal(Table?.DeletionProtectionEnabled, true);
  assert.deepEqual(Table?.StreamSpecification, { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' });
  assert.equal(Table?.BillingModeSummary?.BillingMode, 'PAY_PER_REQUEST');
  const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName: restored }));
  assert.deepEqual(TimeToLiveDescription, { TimeToLiveStatus: 'ENABLED', AttributeName: expiryAttribute });
  const { ContinuousBackupsDescription } = await dynamo.send(new DescribeContinuousBackupsCommand({ TableName: restored }));
  assert.equal(ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.PointInTimeRecoveryStatus, 'ENABLED');
});

await step('3. its pointer goes forward to the last checkpoint under lock', async () => {
  const bucket = { CHECKPOINT_BUCKET: outputs.CheckpointBucketName! };
  const key = JSON.parse(await documentedCommand('s3api list-objects-v2', bucket)) as string;
  const [, number, hash] = /^checkpoints\/0*(\d+)-([0-9a-f]{64})\.json$/.exec(key)!;
  assert.equal(Number(number), Math.max(...(await underLock()).map(({ body }) => body.number)));
  await documentedCommand('dynamodb update-item', { TABLE: table, NUMBER: number!, HASH: hash! });
});

await step('4. the stack is deployed with restoredTable; its own table is retained, and no longer part of it', async () => {
  const after = await deployCore(
    {
      endpoint: process.env.AWS_ENDPOINT_URL!,
      region: process.env.AWS_REGION!,
      certificateFile: process.env.NODE_EXTRA_CA_CERTS!,
    },
    { restoredTable: { arn, streamArn } },
  );
  assert.equal(after.TableName, restored);
  assert.deepEqual({ ...after, TableName: table }, outputs);
  const cloudFormation = new CloudFormationClient({});
  const { StackResources = [] } = await cloudFormation.send(
    new DescribeStackResourcesCommand({ StackName: `aegis-${stage}-core` }),
  );
  cloudFormation.destroy();
  assert.ok(!StackResources.some(({ ResourceType }) => ResourceType === 'AWS::DynamoDB::Table'));
  const { pk, sk } = decisionKey(defaultTenant, 'cut-2');
  const { Item } = await dynamo.send(new GetItemCommand({ TableName: table, Key: { pk: { S: pk }, sk: { S: sk } } }));
  assert.ok(Item !== undefined, 'the old table has lost a decision');
});
process.env[env.table] = restored;

await step('5. deciding goes on: what waited in the queue is decided', async () => {
  for (const name of stopped) await documentedCommand('lambda delete-function-concurrency', { FUNCTION: functionOf(name) });
  for (const name of stopped) {
    const { ReservedConcurrentExecutions } = await lambda.send(
      new GetFunctionConcurrencyCommand({ FunctionName: functionOf(name) }),
    );
    assert.equal(ReservedConcurrentExecutions, undefined, name);
  }
  assert.equal((await decisionOf('waits-1')).response.status, 404);
  await documentedCommand('lambda update-event-source-mapping --uuid MAPPING --enabled', { MAPPING: mapping });
  await until(
    'the payment that waited',
    () => decisionOf('waits-1'),
    ({ response }) => response.status === 200,
  );
  assert.deepEqual(
    documented.filter((command) => !done.has(command)),
    [],
    'documented and not run',
  );
});

await step('a decision from before the moment is there with the same hash; what came after it is not', async () => {
  assert.deepEqual((await decisionOf('kept-1')).data, { ...kept, label: null });
  assert.deepEqual((await auditOf('a_kept'))[0], keptEntry);
  assert.equal((await decisionOf('cut-2')).response.status, 404);
  assert.equal((await decisionOf('late-1')).response.status, 404);
});

await step('6. verify --live --known names exactly the chains that went on after the moment', async () => {
  const { verdict, findings } = await reportOf('--live', '--known', known);
  assert.equal(verdict, 'tampered');
  assert.deepEqual(
    findings.map(({ kind, chain, sequence }) => `${kind} ${chain} at ${sequence}`).sort(),
    [`truncated ${lost[0]} at 2`, `truncated ${lost[1]} at 1`].sort(),
  );
  for (const { text } of findings) console.log(`      ${text}`);
});

await step(
  'a new payment on the account gets the next sequence, comes by the stream into the feed, and its chain verifies',
  async () => {
    const { audit, duplicate } = await decide('kept-2', 'a_kept');
    assert.deepEqual([audit.sequence, duplicate], [2, false]);
    await inFeed('kept-2', 'a_kept');
    const { body } = await checkpointed('a_kept', 2);
    assert.ok(body.number > newestKnown);
    assert.equal((await auditOf('a_kept'))[1]!.body.previousHash, keptEntry.hash);
    const bundle = join(folder, 'kept.jsonl.gz');
    await aegis('export', bundle, '--account', 'a_kept');
    const { verdict, entries, uncoveredEntries, findings } = await reportOf(bundle, '--known', known);
    assert.deepEqual(
      { verdict, entries, uncoveredEntries, findings },
      { verdict: 'intact', entries: 2, uncoveredEntries: 0, findings: [] },
    );
  },
);

await step('what is missing is sent again and decided anew; a repeat of what is there changes nothing', async () => {
  assert.deepEqual(await decide('cut-1', 'a_cut'), { ...cut, duplicate: true });
  for (const [id, account, sequence] of [
    ['cut-2', 'a_cut', 2],
    ['late-1', 'a_late', 1],
  ] as const) {
    const { audit, duplicate } = await decide(id, account);
    assert.deepEqual([audit.sequence, duplicate], [sequence, false]);
  }
});

dynamo.destroy();
lambda.destroy();
