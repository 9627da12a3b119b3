import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import {
  BatchGetCommand,
  DeleteCommand,
  DynamoDBDocumentClient,
  GetCommand,
  PutCommand,
  QueryCommand,
  ScanCommand,
  TransactWriteCommand,
  UpdateCommand,
} from '@aws-sdk/lib-dynamodb';
import type { Condition, Consumed, Item, Key, Page, TableStore, Write } from '../../ports/ports.ts';
import { OutcomeUnknown, Throttled, Unavailable } from '../../ports/ports.ts';
import { type Connection, clientOptions, leanClient } from './client.ts';
import { exactNumber } from './exactNumber.ts';
import { readError, writeError } from './tableErrors.ts';
import {
  type Capacity,
  consumedUnits,
  deleteRequest,
  getManyRequest,
  getRequest,
  putRequest,
  queryRequest,
  scanRequest,
  transactRequest,
  updateRequest,
} from './tableRequests.ts';

/** A plugin for the SDK's client, as its middleware stack takes it. */
export type TablePlugin = Parameters<DynamoDBClient['middlewareStack']['use']>[0];

export interface TableOptions extends Connection {
  readonly table: string;
  /** While there is none, no reply has to say what it consumed. */
  readonly onConsumed?: ((consumed: Consumed) => void) | undefined;
  /** Told of every acknowledged write, before the caller is. */
  readonly onCommitted?: (writes: readonly Write[]) => void;
  /** Told of every write whose reply was lost, before the caller is: it may have happened. */
  readonly onUnknown?: (writes: readonly Write[]) => void;
  readonly plugin?: TablePlugin | undefined;
}

/** Sends of one read or of one transaction, the first included. */
const sendsMax = 3;

/**
 * The table on DynamoDB. The SDK retries nothing (`maxAttempts` 1), because a write that it repeats after a lost reply can meet
 * its own effect and come back as a failed condition, or add twice. What is repeated here is only what is safe to repeat, at once
 * and at most `sendsMax` times: reads, and transactions that carry one ClientRequestToken for all their sends, so that DynamoDB answers
 * the repeat with the first send's success (for 10 minutes). A single write, and a transaction with `once`, is sent once; its lost reply is
 * OutcomeUnknown. Throttles and conflicts go to the caller, who knows its deadline. After a refusal for a wrong clock the SDK signs with the
 * corrected time: a read is repeated and passes, a write fails with Unavailable and passes when the caller sends it again.
 */
export function dynamoTable(options: TableOptions): TableStore & { close(): void } {
  const { table } = options;
  const client = leanClient(new DynamoDBClient(clientOptions('dynamodb', options, 1)));
  if (options.plugin !== undefined) client.middlewareStack.use(options.plugin);
  const documents = DynamoDBDocumentClient.from(client, { unmarshallOptions: { wrapNumbers: exactNumber } });

  const metered = <Request extends object>(request: Request): Request =>
    options.onConsumed === undefined ? request : { ...request, ReturnConsumedCapacity: 'TOTAL' };

  const count = (operation: Consumed['operation'], capacity: Capacity | readonly Capacity[] | undefined): void => {
    options.onConsumed?.(consumedUnits(operation, [capacity ?? []].flat()));
  };

  const read = <Reply>(send: () => Promise<Reply>): Promise<Reply> => sent(send, readError, sendsMax);

  const written = async <Reply>(writes: readonly Write[], send: () => Promise<Reply>, timesMax = 1): Promise<Reply> => {
    try {
      const reply = await sent(send, writeError, timesMax);
      options.onCommitted?.(writes);
      return reply;
    } catch (error) {
      if (error instanceof OutcomeUnknown) options.onUnknown?.(writes);
      throw error;
    }
  };

  return {
    async get(key, { consistent = false } = {}) {
      const request = metered(getRequest(table, key, consistent));
      const reply = await read(() => documents.send(new GetCommand(request)));
      count('get', reply.ConsumedCapacity);
      return (reply.Item as Item | undefined) ?? null;
    },

    async getMany(keys, { consistent = false } = {}) {
      const found = new Map<string, Item>();
      let open = distinctKeys(keys);
      for (let sends = 1; open.length > 0; sends += 1) {
        const request = metered(getManyRequest(table, open, consistent));
        const reply = await read(() => documents.send(new BatchGetCommand(request)));
        count('get', reply.ConsumedCapacity);
        for (const item of itemsOf(reply.Responses?.[table])) found.set(nameOf(item), item);
        open = itemsOf(reply.UnprocessedKeys?.[table]?.Keys);
        if (open.length > 0 && sends >= sendsMax)
          throw new Throttled(`${open.length} of ${keys.length} items could not be read at this rate`);
      }
      return keys.map((key) => found.get(nameOf(key)) ?? null);
    },

    async query(query) {
      const request = queryRequest(table, query);
      if (request === null) return { items: [] };
      const reply = await read(() => documents.send(new QueryCommand(metered(request))));
      count('query', reply.ConsumedCapacity);
      return page(itemsOf(reply.Items), (reply.LastEvaluatedKey as Key | undefined)?.sk);
    },

    async put(item, condition) {
      const request = metered(putRequest(table, item, condition));
      const reply = await written([{ kind: 'put', item, ...conditional(condition) }], () =>
        documents.send(new PutCommand(request)),
      );
      count('put', reply.ConsumedCapacity);
    },

    async update(key, change, condition) {
      const request = metered(updateRequest(table, key, change, condition));
      const reply = await written([{ kind: 'update', key, change, ...conditional(condition) }], () =>
        documents.send(new UpdateCommand(request)),
      );
      count('update', reply.ConsumedCapacity);
      return reply.Attributes as Item;
    },

    async delete(key, condition) {
      const request = metered(deleteRequest(table, key, condition));
      const reply = await written([{ kind: 'delete', key, ...conditional(condition) }], () =>
        documents.send(new DeleteCommand(request)),
      );
      count('delete', reply.ConsumedCapacity);
    },

    async transact(writes, { once = false } = {}) {
      const request = metered(transactRequest(table, writes, once ? null : randomUUID()));
      const timesMax = once ? 1 : sendsMax;
      const reply = await written(writes, () => documents.send(new TransactWriteCommand(request)), timesMax);
      count('transact', reply.ConsumedCapacity);
    },

    async scan({ limit, after, segment }) {
      const request = metered(scanRequest(table, limit, after, segment));
      const reply = await read(() => documents.send(new ScanCommand(request)));
      count('scan', reply.ConsumedCapacity);
      const items = itemsOf(reply.Items);
      const last = reply.LastEvaluatedKey as Key | undefined;
      return last === undefined ? { items } : { items, after: last };
    },

    close: () => client.destroy(),
  };
}

/** Sends at most `timesMax` times, again only where the failure may pass at once. Throws what `classify` makes of the last failure. */
async function sent<Reply>(send: () => Promise<Reply>, classify: (error: unknown) => Error, timesMax: number): Promise<Reply> {
  for (let times = 1; ; times += 1) {
    try {
      return await send();
    } catch (error) {
      const failure = classify(error);
      const mayPass = failure instanceof OutcomeUnknown || failure instanceof Unavailable;
      if (!mayPass || times >= timesMax) throw failure;
    }
  }
}

const nameOf = ({ pk, sk }: Key): string => `${pk.length} ${pk} ${sk}`;

const distinctKeys = (keys: readonly Key[]): Key[] => [...new Map(keys.map((key) => [nameOf(key), key])).values()];

const itemsOf = (records: readonly object[] | undefined): Item[] => (records ?? []) as Item[];

const page = (items: readonly Item[], after: string | undefined): Page => (after === undefined ? { items } : { items, after });

const conditional = (condition: Condition | undefined) => (condition === undefined ? {} : { condition });
