import assert from 'node:assert/strict';
import {
  GetFunctionConfigurationCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  PublishVersionCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { eventOf } from '../support/http.ts';
import { keep, kept, paymentOf, type Transaction } from './upgradeTraffic.ts';

/** Old and new versions of the functions that decide, called in turn over the same table, as while a deployment shifts gradually. */

type Version = 'old' | 'new';
type Stage = 'Decide' | 'Score' | 'Read';
interface KeptFunction {
  readonly name: string;
  readonly version: string;
}

const stages: readonly Stage[] = ['Decide', 'Score', 'Read'];
const triesMax = 20;
const updateTriesMax = 50;
const pollMs = 200;
const lambda = new LambdaClient({});

/**
 * Publishes a version of each function that no stack knows, so that the next deployment leaves it. The stack's own versions go with the
 * deployment that replaces them, and Lambda publishes nothing for a function without a change: hence the description.
 */
export const keepVersions = async (): Promise<void> => {
  const { Functions = [] } = await lambda.send(new ListFunctionsCommand({}));
  const published: Partial<Record<Stage, KeptFunction>> = {};
  for (const stage of stages) {
    const found = Functions.filter(({ FunctionName }) => FunctionName?.includes(`${stage}HandlerFunction`));
    assert.equal(found.length, 1, `functions of ${stage}: ${found.length}`);
    const FunctionName = found[0]!.FunctionName!;
    await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Description: 'kept by the upgrade test' }));
    await updated(FunctionName);
    const { Version } = await lambda.send(new PublishVersionCommand({ FunctionName }));
    published[stage] = { name: FunctionName, version: Version! };
  }
  keep('functions', published);
};

const updated = async (FunctionName: string): Promise<void> => {
  for (let i = 0; i < updateTriesMax; i++) {
    const { LastUpdateStatus } = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }));
    if (LastUpdateStatus !== 'InProgress') return;
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  throw new Error(`${FunctionName} is still being updated`);
};

/** Calls one version of a function. Returns its answer; null when the call itself failed. */
const invoke = async <T>(stage: Stage, version: Version, event: unknown): Promise<T | null> => {
  const { name, version: old } = kept<Record<Stage, KeptFunction>>('functions')[stage];
  const { FunctionError, Payload } = await lambda.send(
    new InvokeCommand({ FunctionName: name, Qualifier: version === 'old' ? old : 'live', Payload: JSON.stringify(event) }),
  );
  return FunctionError === undefined ? (JSON.parse(Buffer.from(Payload!).toString()) as T) : null;
};

interface HttpAnswer {
  readonly statusCode: number;
  readonly body: string;
}

/**
 * What the earlier version answers to `GET /decisions/{transactionId}`; null when it refuses the row, which holds what it does not know.
 * Throws an AssertionError for any other answer.
 */
export const readByEarlier = async (transactionId: string): Promise<unknown> => {
  const path = `/decisions/${transactionId}`;
  const answer = await invoke<HttpAnswer>('Read', 'old', eventOf({ path, key: kept<string>('key') }));
  if (answer?.statusCode === 500) return null;
  assert.equal(answer?.statusCode, 200, `the old read function, asked for ${transactionId}: ${answer?.body}`);
  return JSON.parse(answer!.body) as unknown;
};

/** Whether this version decided the payment; false when it must be sent again. Throws an AssertionError for any other answer. */
const decidedInTheCall = async (version: Version, payment: Transaction): Promise<boolean> => {
  const event = eventOf({ method: 'POST', path: '/decisions', key: kept<string>('key'), body: JSON.stringify(payment) });
  const answer = await invoke<HttpAnswer>('Decide', version, event);
  if (answer === null || [429, 500, 503].includes(answer.statusCode)) return false;
  assert.equal(answer.statusCode, 200, `${payment.transactionId}, decided by the ${version} function: ${answer.body}`);
  return true;
};

/** The same through the function of the queue: a message that it names returns to the queue. */
const decidedFromTheQueue = async (version: Version, payment: Transaction): Promise<boolean> => {
  const record = {
    messageId: payment.transactionId,
    receiptHandle: payment.transactionId,
    body: JSON.stringify(payment),
    attributes: { ApproximateReceiveCount: '1', SentTimestamp: String(Date.now()) },
    messageAttributes: {},
    eventSource: 'aws:sqs',
  };
  const answer = await invoke<{ batchItemFailures: readonly unknown[] }>('Score', version, { Records: [record] });
  return answer !== null && answer.batchItemFailures.length === 0;
};

export interface SideBySide {
  readonly decidedBy: Record<Version, number>;
  /** Tries that left the payment to be sent again. */
  readonly refusedBy: Record<Version, number>;
}

/**
 * Sends payments of each account to both versions: in turn, then one to each at the same time, in the call and by the queue. What a
 * version refuses goes to the other one. Adds the payments to those of `known`.
 */
export const payByBoth = async (known: ReadonlyMap<string, Transaction[]>, rounds: number): Promise<SideBySide> => {
  const decidedBy = { old: 0, new: 0 };
  const refusedBy = { old: 0, new: 0 };
  const pay = async (first: Version, payment: Transaction, isQueued: boolean): Promise<void> => {
    let version = first;
    for (let i = 0; i < triesMax; i++) {
      if (await (isQueued ? decidedFromTheQueue : decidedInTheCall)(version, payment)) {
        decidedBy[version]++;
        return;
      }
      refusedBy[version]++;
      version = version === 'old' ? 'new' : 'old';
    }
    assert.fail(`${payment.transactionId} was refused ${triesMax} times`);
  };
  const next = (accountId: string): Transaction => {
    const payments = known.get(accountId)!;
    const payment = paymentOf(accountId, payments.length + 1);
    payments.push(payment);
    return payment;
  };
  for (const accountId of known.keys()) {
    for (let round = 0; round < rounds; round++) {
      const isQueued = round % 2 === 1;
      await pay('old', next(accountId), isQueued);
      await pay('new', next(accountId), isQueued);
      await Promise.all([pay('old', next(accountId), !isQueued), pay('new', next(accountId), isQueued)]);
    }
  }
  return { decidedBy, refusedBy };
};
