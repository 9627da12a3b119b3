import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Change, Condition, Consumed, Item, Key, Page, Query, TableStore, Write } from '../../ports/ports.ts';
import { OutcomeUnknown, Throttled, Unavailable } from '../../ports/ports.ts';
import { fromWireItem, toWire, toWireItem, type WireAttribute, type WireItem } from './attributes.ts';
import { type Connection, clientOptions } from './client.ts';
import { readError, writeError } from './tableErrors.ts';
import { jsonWire, type Reply } from './wire.ts';

export interface TableOptions extends Connection {
  readonly table: string;
  /** While there is none, no reply has to say what it consumed. */
  readonly onConsumed?: ((consumed: Consumed) => void) | undefined;
  /** Told of every acknowledged write, before the caller is. */
  readonly onCommitted?: (writes: readonly Write[]) => void;
  /** Told of every write whose reply was lost, before the caller is: it may have happened. */
  readonly onUnknown?: (writes: readonly Write[]) => void;
}

const transactWritesMax = 100;
const getManyMax = 100;
const pageItemsMax = 1_000;
/** Sends of one read or of one transaction, the first included. */
const sendsMax = 3;

/**
 * The table on DynamoDB. Nothing below retries, because a write that it repeats after a lost reply can meet
 * its own effect and come back as a failed condition, or add twice. What is repeated here is only what is safe to repeat, at once
 * and at most `sendsMax` times, and only after a lost reply (a stale kept-alive connection, above all): reads, and transactions,
 * each of which carries one ClientRequestToken for all its sends, so that DynamoDB answers the repeat with the first one's success
 * (for 10 minutes). A single conditional write, and a transaction of a caller who finds out by itself what became of it, is sent
 * once; its lost reply is OutcomeUnknown. Throttles and conflicts go to the
 * caller, who knows its deadline.
 */
export function dynamoTable(options: TableOptions): TableStore & { close(): void } {
  const { table } = options;
  // Finds address, region and credentials as every SDK client does; it sends nothing.
  const client = new DynamoDBClient(clientOptions('dynamodb', options, 1));
  const wire = jsonWire(client.config, { name: 'dynamodb', target: 'DynamoDB_20120810' });
  const textOf = (request: object): string =>
    JSON.stringify(options.onConsumed === undefined ? request : { ...request, ReturnConsumedCapacity: 'TOTAL' });
  const send = (operation: string, request: object): Promise<Reply> => wire.send(operation, textOf(request));

  const metered = (operation: Consumed['operation'], capacity: readonly Capacity[] | undefined) => {
    options.onConsumed?.(consumedUnits(operation, capacity ?? []));
  };

  const repeated = async (operation: string, request: object, classify: (error: unknown) => Error): Promise<Reply> => {
    const text = textOf(request);
    for (let sends = 1; ; sends += 1) {
      try {
        return await wire.send(operation, text);
      } catch (error) {
        const failure = classify(error);
        const replyLost = failure instanceof OutcomeUnknown || failure instanceof Unavailable;
        if (!replyLost || sends >= sendsMax) throw failure;
      }
    }
  };

  const written = async (writes: readonly Write[], sent: Promise<Reply>): Promise<Reply> => {
    try {
      const reply = await sent;
      options.onCommitted?.(writes);
      return reply;
    } catch (error) {
      const failure = writeError(error);
      if (failure instanceof OutcomeUnknown) options.onUnknown?.(writes);
      throw failure;
    }
  };

  return {
    async get(key, { consistent = false } = {}) {
      const reply = await repeated('GetItem', getRequest(table, key, consistent), readError);
      metered('get', one(reply.ConsumedCapacity));
      return itemOf(reply.Item);
    },

    async getMany(keys, { consistent = false } = {}) {
      const found = new Map<string, Item>();
      let open = distinctKeys(keys);
      for (let sends = 1; open.length > 0; sends += 1) {
        const request = getManyRequest(table, open, consistent);
        const reply = await repeated('BatchGetItem', request, readError);
        metered('get', reply.ConsumedCapacity);
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
      const reply = await repeated('Query', request, readError);
      metered('query', one(reply.ConsumedCapacity));
      return page(itemsOf(reply.Items), itemOf(reply.LastEvaluatedKey)?.sk);
    },

    async put(item, condition) {
      const request = putRequest(table, item, condition);
      const reply = await written([{ kind: 'put', item, ...conditional(condition) }], send('PutItem', request));
      metered('put', one(reply.ConsumedCapacity));
    },

    async update(key, change, condition) {
      const request = updateRequest(table, key, change, condition);
      const reply = await written([{ kind: 'update', key, change, ...conditional(condition) }], send('UpdateItem', request));
      metered('update', one(reply.ConsumedCapacity));
      return fromWireItem(reply.Attributes);
    },

    async delete(key, condition) {
      const request = deleteRequest(table, key, condition);
      const reply = await written([{ kind: 'delete', key, ...conditional(condition) }], send('DeleteItem', request));
      metered('delete', one(reply.ConsumedCapacity));
    },

    async transact(writes, { once = false } = {}) {
      const request = transactRequest(table, writes);
      const sent = once
        ? send('TransactWriteItems', request)
        : repeated('TransactWriteItems', { ...request, ClientRequestToken: randomUUID() }, writeError);
      const reply = await written(writes, sent);
      metered('transact', reply.ConsumedCapacity);
    },

    async scan({ limit, after, segment }) {
      const request = scanRequest(table, limit, after, segment);
      const reply = await repeated('Scan', request, readError);
      metered('scan', one(reply.ConsumedCapacity));
      const items = itemsOf(reply.Items);
      const last = itemOf(reply.LastEvaluatedKey);
      return last === null ? { items } : { items, after: last };
    },

    close: () => {
      wire.close();
      client.destroy();
    },
  };
}

export const getRequest = (table: string, key: Key, consistent: boolean) => ({
  TableName: table,
  Key: bareKey(key),
  ConsistentRead: consistent,
});

export function getManyRequest(table: string, keys: readonly Key[], consistent: boolean) {
  if (keys.length < 1 || keys.length > getManyMax)
    throw new RangeError(`${keys.length} keys are asked for at once, allowed are 1 to ${getManyMax}`);
  return { RequestItems: { [table]: { Keys: keys.map(bareKey), ConsistentRead: consistent } } };
}

const nameOf = ({ pk, sk }: Key): string => `${pk.length} ${pk} ${sk}`;

const distinctKeys = (keys: readonly Key[]): Key[] => [...new Map(keys.map((key) => [nameOf(key), key])).values()];

/** Null when the bounds exclude every key, which DynamoDB would refuse. */
export function queryRequest(table: string, query: Query) {
  const { pk, from, to, after } = query;
  if (from !== undefined && to !== undefined && byteOrder(from, to) > 0) return null;
  const range =
    from !== undefined && to !== undefined
      ? ' AND sk BETWEEN :from AND :to'
      : from !== undefined
        ? ' AND sk >= :from'
        : to !== undefined
          ? ' AND sk <= :to'
          : '';
  return {
    TableName: table,
    KeyConditionExpression: `pk = :pk${range}`,
    ExpressionAttributeValues: toWireItem({
      ':pk': pk,
      ...(from === undefined ? {} : { ':from': from }),
      ...(to === undefined ? {} : { ':to': to }),
    }),
    ScanIndexForward: query.descending !== true,
    Limit: pageLimit(query.limit),
    ConsistentRead: query.consistent === true,
    ...(after === undefined ? {} : { ExclusiveStartKey: bareKey({ pk, sk: after }) }),
  };
}

export const putRequest = (table: string, item: Item, condition?: Condition) => ({
  TableName: table,
  Item: toWireItem(item),
  ...guard(condition),
});

export const updateRequest = (table: string, key: Key, change: Change, condition?: Condition) => ({
  TableName: table,
  Key: bareKey(key),
  ...changed(change, condition),
  ReturnValues: 'ALL_NEW',
});

export const deleteRequest = (table: string, key: Key, condition?: Condition) => ({
  TableName: table,
  Key: bareKey(key),
  ...guard(condition),
});

export function transactRequest(table: string, writes: readonly Write[]) {
  if (writes.length < 1 || writes.length > transactWritesMax) {
    throw new RangeError(`a transaction has ${writes.length} writes, allowed are 1 to ${transactWritesMax}`);
  }
  return {
    TransactItems: writes.map((write) => transactItem(table, write)),
  };
}

function transactItem(table: string, write: Write) {
  switch (write.kind) {
    case 'put':
      return { Put: { TableName: table, Item: toWireItem(write.item), ...guard(write.condition) } };
    case 'update':
      return { Update: { TableName: table, Key: bareKey(write.key), ...changed(write.change, write.condition) } };
    case 'delete':
      return { Delete: { TableName: table, Key: bareKey(write.key), ...guard(write.condition) } };
    case 'check':
      return { ConditionCheck: { TableName: table, Key: bareKey(write.key), ...requiredGuard(write.condition) } };
  }
}

export const scanRequest = (
  table: string,
  limit: number,
  after?: Key,
  segment?: { readonly index: number; readonly of: number },
) => ({
  TableName: table,
  Limit: pageLimit(limit),
  ...(segment === undefined ? {} : { Segment: segment.index, TotalSegments: segment.of }),
  ...(after === undefined ? {} : { ExclusiveStartKey: bareKey(after) }),
});

interface Capacity {
  readonly CapacityUnits?: number | undefined;
  readonly ReadCapacityUnits?: number | undefined;
  readonly WriteCapacityUnits?: number | undefined;
}

const readOperations = new Set<Consumed['operation']>(['get', 'query', 'scan']);

/** The units of one reply: split where the reply splits them, else all reads or all writes by the operation's nature. */
export function consumedUnits(operation: Consumed['operation'], capacities: readonly Capacity[]): Consumed {
  let readUnits = 0;
  let writeUnits = 0;
  for (const capacity of capacities) {
    const split = capacity.ReadCapacityUnits !== undefined || capacity.WriteCapacityUnits !== undefined;
    const total = capacity.CapacityUnits ?? 0;
    const reads = readOperations.has(operation);
    readUnits += split ? (capacity.ReadCapacityUnits ?? 0) : reads ? total : 0;
    writeUnits += split ? (capacity.WriteCapacityUnits ?? 0) : reads ? 0 : total;
  }
  return { operation, readUnits, writeUnits };
}

/** The attribute a condition names, in a form no reserved word can clash with. */
function expression(condition: Condition): {
  text: string;
  names?: Record<string, string>;
  values?: Record<string, WireAttribute>;
} {
  switch (condition.kind) {
    case 'absent':
      return { text: 'attribute_not_exists(pk)' };
    case 'present':
      return { text: 'attribute_exists(pk)' };
    case 'equals':
      return { text: '#c = :c', names: { '#c': condition.attribute }, values: { ':c': toWire(condition.value) } };
  }
}

function requiredGuard(condition: Condition) {
  const { text, names, values } = expression(condition);
  return {
    ConditionExpression: text,
    ...(names === undefined ? {} : { ExpressionAttributeNames: names }),
    ...(values === undefined ? {} : { ExpressionAttributeValues: values }),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const,
  };
}

const guard = (condition: Condition | undefined) => (condition === undefined ? {} : requiredGuard(condition));

function changed(change: Change, condition: Condition | undefined) {
  const names: Record<string, string> = {};
  const values: Record<string, WireAttribute> = {};
  const clause = (word: string, entries: readonly string[]) => (entries.length === 0 ? [] : [`${word} ${entries.join(', ')}`]);
  const named = (mark: string, attribute: string, index: number) => {
    const name = `#${mark}${index}`;
    names[name] = attribute;
    return name;
  };
  const set = Object.entries(change.set ?? {}).map(([attribute, value], index) => {
    values[`:s${index}`] = toWire(value);
    return `${named('s', attribute, index)} = :s${index}`;
  });
  const add = Object.entries(change.add ?? {}).map(([attribute, amount], index) => {
    if (!Number.isSafeInteger(amount)) throw new RangeError(`add.${attribute} is ${amount}, allowed are whole numbers`);
    values[`:a${index}`] = toWire(amount);
    return `${named('a', attribute, index)} :a${index}`;
  });
  const remove = (change.remove ?? []).map((attribute, index) => named('r', attribute, index));
  const text = [...clause('SET', set), ...clause('ADD', add), ...clause('REMOVE', remove)].join(' ');
  if (text === '') throw new RangeError('an update must change something: set, add or remove');
  const guarded = condition === undefined ? null : expression(condition);
  Object.assign(names, guarded?.names);
  Object.assign(values, guarded?.values);
  return {
    UpdateExpression: text,
    ...(Object.keys(names).length === 0 ? {} : { ExpressionAttributeNames: names }),
    ...(Object.keys(values).length === 0 ? {} : { ExpressionAttributeValues: values }),
    ...(guarded === null ? {} : { ConditionExpression: guarded.text, ReturnValuesOnConditionCheckFailure: 'ALL_OLD' as const }),
  };
}

const bareKey = ({ pk, sk }: Key): WireItem => ({ pk: { S: pk }, sk: { S: sk } });
const itemOf = (wire: WireItem | undefined): Item | null => (wire === undefined ? null : fromWireItem(wire));
const itemsOf = (wires: readonly WireItem[] | undefined): Item[] => (wires ?? []).map(fromWireItem);
const one = (capacity: Capacity | undefined): readonly Capacity[] => (capacity === undefined ? [] : [capacity]);
const page = (items: readonly Item[], after: string | undefined): Page => (after === undefined ? { items } : { items, after });
const conditional = (condition: Condition | undefined) => (condition === undefined ? {} : { condition });
const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function pageLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageItemsMax) {
    throw new RangeError(`limit is ${limit}, allowed are whole numbers from 1 to ${pageItemsMax}`);
  }
  return limit;
}
