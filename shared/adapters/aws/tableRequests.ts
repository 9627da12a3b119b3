import type {
  BatchGetCommandInput,
  DeleteCommandInput,
  GetCommandInput,
  PutCommandInput,
  QueryCommandInput,
  ScanCommandInput,
  TransactWriteCommandInput,
  UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import type { Attribute, Change, Condition, Consumed, Item, Key, Query, Write } from '../../ports/ports.ts';

/** The requests to the table, and the units of its replies: pure, so that tests compare whole requests. */

const transactWritesMax = 100;
const getManyMax = 100;
const pageItemsMax = 1_000;

export const getRequest = (table: string, key: Key, consistent: boolean): GetCommandInput => ({
  TableName: table,
  Key: bareKey(key),
  ConsistentRead: consistent,
});

export function getManyRequest(table: string, keys: readonly Key[], consistent: boolean): BatchGetCommandInput {
  if (keys.length < 1 || keys.length > getManyMax)
    throw new RangeError(`${keys.length} keys are asked for at once, allowed are 1 to ${getManyMax}`);
  return { RequestItems: { [table]: { Keys: keys.map(bareKey), ConsistentRead: consistent } } };
}

/** Null when the bounds exclude every key, which DynamoDB would refuse. */
export function queryRequest(table: string, query: Query): QueryCommandInput | null {
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
    ExpressionAttributeValues: {
      ':pk': pk,
      ...(from === undefined ? {} : { ':from': from }),
      ...(to === undefined ? {} : { ':to': to }),
    },
    ScanIndexForward: query.descending !== true,
    Limit: pageLimit(query.limit),
    ConsistentRead: query.consistent === true,
    ...(after === undefined ? {} : { ExclusiveStartKey: bareKey({ pk, sk: after }) }),
  };
}

export const putRequest = (table: string, item: Item, condition?: Condition): PutCommandInput => ({
  TableName: table,
  Item: { ...item },
  ...guard(condition),
});

export const updateRequest = (table: string, key: Key, change: Change, condition?: Condition): UpdateCommandInput => ({
  TableName: table,
  Key: bareKey(key),
  ...changed(change, condition),
  ReturnValues: 'ALL_NEW',
});

export const deleteRequest = (table: string, key: Key, condition?: Condition): DeleteCommandInput => ({
  TableName: table,
  Key: bareKey(key),
  ...guard(condition),
});

/** Without a token the SDK adds one of its own, which no other send shares. */
export function transactRequest(table: string, writes: readonly Write[], token: string | null): TransactWriteCommandInput {
  if (writes.length < 1 || writes.length > transactWritesMax) {
    throw new RangeError(`a transaction has ${writes.length} writes, allowed are 1 to ${transactWritesMax}`);
  }
  return {
    TransactItems: writes.map((write) => transactItem(table, write)),
    ...(token === null ? {} : { ClientRequestToken: token }),
  };
}

function transactItem(table: string, write: Write) {
  switch (write.kind) {
    case 'put':
      return { Put: { TableName: table, Item: { ...write.item }, ...guard(write.condition) } };
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
): ScanCommandInput => ({
  TableName: table,
  Limit: pageLimit(limit),
  ...(segment === undefined ? {} : { Segment: segment.index, TotalSegments: segment.of }),
  ...(after === undefined ? {} : { ExclusiveStartKey: bareKey(after) }),
});

export interface Capacity {
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
  values?: Record<string, Attribute>;
} {
  switch (condition.kind) {
    case 'absent':
      return { text: 'attribute_not_exists(pk)' };
    case 'present':
      return { text: 'attribute_exists(pk)' };
    case 'equals':
      return { text: '#c = :c', names: { '#c': condition.attribute }, values: { ':c': condition.value } };
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
  const values: Record<string, Attribute> = {};
  const clause = (word: string, entries: readonly string[]) => (entries.length === 0 ? [] : [`${word} ${entries.join(', ')}`]);
  const named = (mark: string, attribute: string, index: number) => {
    const name = `#${mark}${index}`;
    names[name] = attribute;
    return name;
  };
  const set = Object.entries(change.set ?? {}).map(([attribute, value], index) => {
    values[`:s${index}`] = value;
    return `${named('s', attribute, index)} = :s${index}`;
  });
  const init = Object.entries(change.init ?? {}).map(([attribute, value], index) => {
    values[`:i${index}`] = value;
    const name = named('i', attribute, index);
    return `${name} = if_not_exists(${name}, :i${index})`;
  });
  const add = Object.entries(change.add ?? {}).map(([attribute, amount], index) => {
    if (!Number.isSafeInteger(amount)) throw new RangeError(`add.${attribute} is ${amount}, allowed are whole numbers`);
    values[`:a${index}`] = amount;
    return `${named('a', attribute, index)} :a${index}`;
  });
  const remove = (change.remove ?? []).map((attribute, index) => named('r', attribute, index));
  const text = [...clause('SET', [...set, ...init]), ...clause('ADD', add), ...clause('REMOVE', remove)].join(' ');
  if (text === '') throw new RangeError('an update must change something: set, init, add or remove');
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

const bareKey = ({ pk, sk }: Key): Key => ({ pk, sk });
const byteOrder = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b));

function pageLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 1 || limit > pageItemsMax) {
    throw new RangeError(`limit is ${limit}, allowed are whole numbers from 1 to ${pageItemsMax}`);
  }
  return limit;
}
