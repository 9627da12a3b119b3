import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { resolve as absolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, QueryCommand, TransactWriteCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { dynamoTable } from '../../shared/adapters/aws/table.ts';
import { countingLimits } from '../../shared/entities/counting.ts';
import { expiryAttribute } from '../../shared/store/names.ts';
import { byDay } from '../cli/costLoad.ts';
import { waitUntilDecided } from '../cli/decided.ts';
import { withoutAddedTokens } from '../local/addedTokens.ts';
import { emulatorCredentials, emulatorRegion } from '../local/emulatorConnection.ts';
import type { StackAddress, StackRequest } from './stackMessages.ts';

/** The local stack in a process of its own, and what the measurements on it share. */

/** The reads and writes of a payment without what decides it: new items of its kinds and sizes, under its conditions. */
export interface Bare {
  read(name: string): Promise<unknown>;
  transact(name: string): Promise<unknown>;
  /** The update and the query by which a payment is counted on one entity. */
  count(name: string): Promise<unknown>;
}

/** The calls of a payment that names so many entities, in the engine's order: all but the transaction at once. */
export const bareCalls =
  (bare: Bare, entities: number) =>
  async (name: string): Promise<void> => {
    await Promise.all([bare.read(name), ...Array.from({ length: entities }, (_, kind) => bare.count(`${name}-${kind}`))]);
    await bare.transact(name);
  };

export interface BenchStack {
  /** By the AWS SDK's document client, as programs commonly call the table; and by the stack's own adapter. */
  readonly bare: { readonly sdk: Bare; readonly adapter: Bare };
  /** The answer's text; throws when its status is another. */
  post(path: string, body: unknown, status: number): Promise<string>;
  /** Resolves once every one of these transactions is decided and stored. */
  decided(transactionIds: readonly string[]): Promise<void>;
  /** Resolves once everything committed so far is projected. */
  projected(): Promise<void>;
  stop(): Promise<void>;
}

const waitMsMax = 300_000;
/** The stack has the processors to itself in between. */
const pollMs = 50;

/** For the option of every measurement that can be made beside an earlier version. */
export const beforeHelp = '--before FOLDER  measures a checkout of v0.1.0, with its packages, beside this one';

/** The options of every measurement that takes kinds of calls in turn on the local stack. */
export const stackOptions = {
  rounds: { type: 'string' },
  entities: { type: 'string' },
  before: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean' },
} as const;

export const entitiesHelp = '--entities N     entities that each payment names beside those that name none, 0 to 4 (default 0)';

const entitiesMax = 4;

/** Throws RangeError for what `--entities` does not allow. */
export function entitiesOf({ entities: text = '0', before }: { readonly entities?: string; readonly before?: string }): number {
  const entities = Number(text);
  if (!Number.isInteger(entities) || entities < 0 || entities > entitiesMax)
    throw new RangeError(`--entities ${text}: allowed are whole numbers from 0 to ${entitiesMax}`);
  if (entities > 0 && before !== undefined) throw new RangeError('--entities: v0.1.0, which --before measures, counts none');
  return entities;
}

/** Starts the stack of this checkout and, where `before` names its folder, that of a checkout of v0.1.0; stops both after `measure`. */
export const onBenchStacks = async (
  before: string | undefined,
  measure: (stack: BenchStack, before: BenchStack | null) => Promise<void>,
): Promise<void> => {
  const stack = await startBenchStack();
  try {
    const earlier = before === undefined ? null : await startBenchStack(before);
    try {
      await measure(stack, earlier);
    } finally {
      await earlier?.stop();
    }
  } finally {
    await stack.stop();
  }
};

/** The stack of this checkout; with `before`, that of a checkout of v0.1.0, and its adapter. */
const startBenchStack = async (before?: string): Promise<BenchStack> => {
  const { stackProcess, makeTable } = before === undefined ? ofThisCheckout : await ofCheckout(absolute(before));
  const child = fork(stackProcess, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const address = await firstMessage(child);
  const connection = { endpoint: address.dynamodb, region: emulatorRegion, credentials: emulatorCredentials };
  const tableName = address.environment.AEGIS_TABLE!;
  const table = makeTable({ table: tableName, ...connection, plugin: withoutAddedTokens });
  const client = new DynamoDBClient({ ...connection, maxAttempts: 1 });
  const documents = DynamoDBDocumentClient.from(client);
  const agent = new Agent({ keepAlive: true });
  const { hostname, port } = new URL(address.url);
  const headers = { authorization: `Bearer ${address.key}`, 'content-type': 'application/json' };
  return {
    bare: {
      sdk: {
        read: (name) => documents.send(new GetCommand({ TableName: tableName, Key: bareKey(name), ConsistentRead: true })),
        transact: (name) =>
          documents.send(
            new TransactWriteCommand({
              TransactItems: bareItems(name).map((Item) => ({
                Put: { TableName: tableName, Item, ConditionExpression: 'attribute_not_exists(pk)' },
              })),
            }),
          ),
        count: async (name) => {
          const { day, attribute, value } = bareAttempt(name);
          await documents.send(
            new UpdateCommand({
              TableName: tableName,
              Key: day,
              UpdateExpression: 'SET #expiry = :expiry, #attempt = if_not_exists(#attempt, :attempt)',
              ExpressionAttributeNames: { '#expiry': expiryAttribute, '#attempt': attribute },
              ExpressionAttributeValues: { ':expiry': bareExpiry, ':attempt': value },
              ReturnValues: 'ALL_NEW',
            }),
          );
          await documents.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: 'pk = :pk AND sk BETWEEN :from AND :to',
              ExpressionAttributeValues: { ':pk': day.pk, ':from': day.sk, ':to': bareMarks },
              ConsistentRead: true,
              Limit: countingLimits.recordsMax,
            }),
          );
        },
      },
      adapter: {
        read: (name) => table.get(bareKey(name), { consistent: true }),
        transact: (name) =>
          table.transact(
            bareItems(name).map((item) => ({ kind: 'put', item, condition: { kind: 'absent' } })),
            { once: true },
          ),
        count: async (name) => {
          const { day, attribute, value } = bareAttempt(name);
          await table.update(day, { set: { [expiryAttribute]: bareExpiry }, init: { [attribute]: value } });
          const { recordsMax: limit } = countingLimits;
          await table.query({ pk: day.pk, from: day.sk, to: bareMarks, limit, consistent: true });
        },
      },
    },
    post: (path, body, status) =>
      new Promise((resolve, reject) => {
        const sent = request({ agent, hostname, port, path, method: 'POST', headers }, (answer) => {
          const chunks: Buffer[] = [];
          answer.on('data', (chunk) => chunks.push(chunk));
          answer.once('error', reject).once('end', () => {
            const text = Buffer.concat(chunks).toString();
            if (answer.statusCode === status) resolve(text);
            else reject(new Error(`${answer.statusCode}: ${text}`));
          });
        });
        sent.once('error', reject);
        sent.end(JSON.stringify(body));
      }),
    decided: (transactionIds) => waitUntilDecided(table, transactionIds, { waitMsMax, pollMs }),
    projected: async () => {
      child.send('projected' satisfies StackRequest);
      await once(child, 'message');
    },
    stop: async () => {
      agent.destroy();
      table.close();
      client.destroy();
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    },
  };
};

interface Checkout {
  readonly stackProcess: URL;
  readonly makeTable: typeof dynamoTable;
}

const ofThisCheckout: Checkout = { stackProcess: new URL('./stackProcess.ts', import.meta.url), makeTable: dynamoTable };

/** Its own way to the table takes the same options, of which it ignores what it does not know. */
const ofCheckout = async (folder: string): Promise<Checkout> => {
  const adapter = (await import(pathToFileURL(join(folder, 'shared/aws/table.ts')).href)) as { dynamoTable: typeof dynamoTable };
  return { stackProcess: pathToFileURL(join(folder, 'bench/stackProcess.ts')), makeTable: adapter.dynamoTable };
};

const firstMessage = (child: ChildProcess): Promise<StackAddress> =>
  new Promise((resolve, reject) => {
    child.once('message', (message) => resolve(message as unknown as StackAddress));
    child.once('exit', (code) => reject(new Error(`the local stack ended with code ${code}`)));
  });

/** Bytes of a state, a decision and an audit entry as the engine writes them. */
const itemBytes = { s: 420, d: 215, a: 330 } as const;

const bareKey = (name: string) => ({ pk: `Z#${name}`, sk: 's' });
const bareItems = (name: string) =>
  Object.entries(itemBytes).map(([sk, bytes]) => ({ pk: `Z#${name}`, sk, b: new Uint8Array(bytes) }));

const bareMarks = 'F';
const bareExpiry = 2_000_000_000;
/** Of names and lengths as in `shared/entities/record.ts`. */
const bareAttempt = (name: string) => ({
  day: { pk: `Z#${name}`, sk: '020000' },
  attribute: 'abcdef',
  value: new Uint8Array(13),
});

/** `times` calls by `clients` at a time; the milliseconds of each, sorted, and of all, and the processor time of this process for a call. */
export const byClients = async (
  clients: number,
  times: number,
  call: (i: number) => Promise<unknown>,
): Promise<{ readonly tookMs: readonly number[]; readonly allMs: number; readonly cpuMs: number }> => {
  const tookMs: number[] = [];
  let next = 0;
  const started = performance.now();
  const cpuBefore = process.cpuUsage();
  const client = async (): Promise<void> => {
    for (let i = next++; i < times; i = next++) {
      const calledAt = performance.now();
      await call(i);
      tookMs.push(performance.now() - calledAt);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(cpuBefore);
  return { tookMs: tookMs.sort((a, b) => a - b), allMs: performance.now() - started, cpuMs: (user + system) / 1_000 / times };
};

/** Returns the time of a payment that is made now, at about noon of its place. */
export const nowAtNoon = (): string => byDay(Date.now(), Date.now());
