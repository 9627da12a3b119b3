import { describe, expect, it } from 'vitest';
import { exactNumber } from '../../../../shared/adapters/aws/exactNumber.ts';
import {
  consumedUnits,
  deleteRequest,
  getRequest,
  putRequest,
  queryRequest,
  scanRequest,
  transactRequest,
  updateRequest,
} from '../../../../shared/adapters/aws/tableRequests.ts';
import type { Write } from '../../../../shared/ports/ports.ts';

const key = { pk: 'p', sk: 's' };

describe('requests to the table', () => {
  it('reads by the bare key, consistently only if asked', () => {
    expect(getRequest('t', { ...key, more: 1 } as typeof key, true)).toEqual({
      TableName: 't',
      Key: { pk: 'p', sk: 's' },
      ConsistentRead: true,
    });
    expect(getRequest('t', key, false).ConsistentRead).toBe(false);
  });

  it('puts without a condition only where none is given', () => {
    expect(putRequest('t', { ...key, v: 1 })).toEqual({
      TableName: 't',
      Item: { pk: 'p', sk: 's', v: 1 },
    });
  });

  it('puts where nothing stands', () => {
    expect(putRequest('t', { ...key, v: 1 }, { kind: 'absent' })).toEqual({
      TableName: 't',
      Item: { pk: 'p', sk: 's', v: 1 },
      ConditionExpression: 'attribute_not_exists(pk)',
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('deletes on an attribute that equals a value', () => {
    expect(deleteRequest('t', key, { kind: 'equals', attribute: 'seq', value: 7 })).toEqual({
      TableName: 't',
      Key: { pk: 'p', sk: 's' },
      ConditionExpression: '#c = :c',
      ExpressionAttributeNames: { '#c': 'seq' },
      ExpressionAttributeValues: { ':c': 7 },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    });
  });

  it('updates every way at once under a condition on an attribute it also sets', () => {
    const change = { set: { v: 'x' }, add: { n: 2 }, remove: ['old'] };
    expect(updateRequest('t', key, change, { kind: 'equals', attribute: 'v', value: 'w' })).toEqual({
      TableName: 't',
      Key: { pk: 'p', sk: 's' },
      UpdateExpression: 'SET #s0 = :s0 ADD #a0 :a0 REMOVE #r0',
      ConditionExpression: '#c = :c',
      ExpressionAttributeNames: { '#s0': 'v', '#a0': 'n', '#r0': 'old', '#c': 'v' },
      ExpressionAttributeValues: { ':s0': 'x', ':a0': 2, ':c': 'w' },
      ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      ReturnValues: 'ALL_NEW',
    });
  });

  it('writes a transaction with every condition, and asks for the items that stand there on failure', () => {
    const writes: Write[] = [
      { kind: 'put', item: { ...key, v: 1 }, condition: { kind: 'absent' } },
      { kind: 'put', item: { pk: 'p', sk: 'free' } },
      {
        kind: 'update',
        key: { pk: 'p', sk: 'u' },
        change: { add: { n: 1 } },
        condition: { kind: 'equals', attribute: 'seq', value: 3 },
      },
      { kind: 'delete', key: { pk: 'p', sk: 'd' }, condition: { kind: 'present' } },
      { kind: 'check', key: { pk: 'p', sk: 'c' }, condition: { kind: 'present' } },
    ];
    expect(transactRequest('t', writes, null)).toEqual({
      TransactItems: [
        {
          Put: {
            TableName: 't',
            Item: { pk: 'p', sk: 's', v: 1 },
            ConditionExpression: 'attribute_not_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
        { Put: { TableName: 't', Item: { pk: 'p', sk: 'free' } } },
        {
          Update: {
            TableName: 't',
            Key: { pk: 'p', sk: 'u' },
            UpdateExpression: 'ADD #a0 :a0',
            ConditionExpression: '#c = :c',
            ExpressionAttributeNames: { '#a0': 'n', '#c': 'seq' },
            ExpressionAttributeValues: { ':a0': 1, ':c': 3 },
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
        {
          Delete: {
            TableName: 't',
            Key: { pk: 'p', sk: 'd' },
            ConditionExpression: 'attribute_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
        {
          ConditionCheck: {
            TableName: 't',
            Key: { pk: 'p', sk: 'c' },
            ConditionExpression: 'attribute_exists(pk)',
            ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
          },
        },
      ],
    });
  });

  it('gives a transaction the token of its caller', () => {
    expect(transactRequest('t', [{ kind: 'delete', key }], 'token')).toEqual({
      TransactItems: [{ Delete: { TableName: 't', Key: key } }],
      ClientRequestToken: 'token',
    });
  });

  it.each([
    ['no bounds', {}, 'pk = :pk', { ':pk': 'p' }],
    ['a lower bound', { from: 'a' }, 'pk = :pk AND sk >= :from', { ':pk': 'p', ':from': 'a' }],
    ['an upper bound', { to: 'b' }, 'pk = :pk AND sk <= :to', { ':pk': 'p', ':to': 'b' }],
    ['both', { from: 'a', to: 'b' }, 'pk = :pk AND sk BETWEEN :from AND :to', { ':pk': 'p', ':from': 'a', ':to': 'b' }],
  ])('queries a partition with %s', (_, bounds, condition, values) => {
    expect(queryRequest('t', { pk: 'p', limit: 5, ...bounds })).toEqual({
      TableName: 't',
      KeyConditionExpression: condition,
      ExpressionAttributeValues: values,
      ScanIndexForward: true,
      Limit: 5,
      ConsistentRead: false,
    });
  });

  it('queries on after a key, backwards and consistently', () => {
    expect(queryRequest('t', { pk: 'p', limit: 5, after: 'k', descending: true, consistent: true })).toMatchObject({
      ExclusiveStartKey: { pk: 'p', sk: 'k' },
      ScanIndexForward: false,
      ConsistentRead: true,
    });
  });

  it('asks nothing where the bounds exclude every key', () => {
    expect(queryRequest('t', { pk: 'p', limit: 5, from: 'b', to: 'a' })).toBeNull();
  });

  it('scans one of several segments', () => {
    expect(scanRequest('t', 9, undefined, { index: 2, of: 8 })).toEqual({
      TableName: 't',
      Limit: 9,
      Segment: 2,
      TotalSegments: 8,
    });
  });

  it('scans on after a key', () => {
    expect(scanRequest('t', 9, key)).toEqual({
      TableName: 't',
      Limit: 9,
      ExclusiveStartKey: { pk: 'p', sk: 's' },
    });
  });
});

describe('replies of the table', () => {
  it.each([
    ['get' as const, [{ CapacityUnits: 0.5 }], 0.5, 0],
    ['put' as const, [{ CapacityUnits: 2 }], 0, 2],
    ['transact' as const, [{ CapacityUnits: 6, WriteCapacityUnits: 6 }], 0, 6],
    ['transact' as const, [{ CapacityUnits: 8, ReadCapacityUnits: 6, WriteCapacityUnits: 2 }], 6, 2],
    ['transact' as const, [], 0, 0],
  ])('counts the units of a %s as %j', (operation, capacities, readUnits, writeUnits) => {
    expect(consumedUnits(operation, capacities)).toEqual({ operation, readUnits, writeUnits });
  });

  it('reads stored numbers up to 2^53-1 and refuses what lies beyond', () => {
    expect(exactNumber('9007199254740991')).toBe(9007199254740991);
    expect(exactNumber('-0.5')).toBe(-0.5);
    expect(() => exactNumber('9007199254740992')).toThrow(RangeError);
    expect(() => exactNumber('-1e40')).toThrow(RangeError);
  });
});
