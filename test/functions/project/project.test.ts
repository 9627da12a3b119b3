import type { DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { type Committed, projector, type Sink } from '../../../functions/project/project.ts';
import { auditFromItem } from '../../../shared/ledger/items.ts';
import type { Item, Key } from '../../../shared/ports/ports.ts';
import { auditKey, decisionKey, stateKey } from '../../../shared/store/names.ts';
import { aDecision } from './builders.ts';

const record = (key: Key, sequence: number, eventName = 'INSERT', more: Record<string, object> = {}) => {
  const Keys = { pk: { S: key.pk }, sk: { S: key.sk } };
  return { eventName, dynamodb: { SequenceNumber: `s${sequence}`, Keys, NewImage: { ...Keys, ...more } } };
};

const decisionRecord = (id: string, sequence: number, more?: Record<string, object>) =>
  record(decisionKey('acme', id), sequence, 'INSERT', more);

const asEvent = (records: object[]) => ({ Records: records }) as Pick<DynamoDBStreamEvent, 'Records'>;

const decode = (item: Item): Omit<Committed, 'position'> => {
  if (item.broken === true) throw new Error('not a decision');
  return { tenant: 'acme', decision: aDecision({ transaction: { transactionId: item.pk.split('#')[2]! } }), queueAgeMs: null };
};

const run = async (records: object[], failing: readonly string[] = []) => {
  const seen: string[] = [];
  const reports: string[] = [];
  const sink: Sink = {
    name: 'spy',
    async project({ decisions }) {
      seen.push(...decisions.map(({ decision }) => decision.transaction.transactionId));
      return decisions
        .filter(({ decision }) => failing.includes(decision.transaction.transactionId))
        .map(({ position }) => ({ position, cause: new Error('no') }));
    },
  };
  const project = projector({
    sinks: [sink],
    decode,
    report: ({ sink: name, sequenceNumber }) => reports.push(`${name} ${sequenceNumber}`),
  });
  const { batchItemFailures } = await project(asEvent(records));
  return { seen, reports, failures: batchItemFailures.map(({ itemIdentifier }) => itemIdentifier) };
};

describe('the projector', () => {
  it('hands sinks the new decisions and nothing else', async () => {
    const { seen, failures } = await run([
      record(stateKey('acme', 'a', 'u'), 1),
      decisionRecord('t1', 2),
      record(decisionKey('acme', 't2'), 3, 'MODIFY'),
      record(decisionKey('acme', 't3'), 4, 'REMOVE'),
      decisionRecord('t4', 5),
    ]);
    expect(seen).toEqual(['t1', 't4']);
    expect(failures).toEqual([]);
  });

  it('names the first record that is not done, and does the others', async () => {
    const { seen, failures, reports } = await run(
      [1, 2, 3, 4].map((n) => decisionRecord(`t${n}`, n)),
      ['t4', 't2'],
    );
    expect(seen).toEqual(['t1', 't2', 't3', 't4']);
    expect(failures).toEqual(['s2']);
    expect(reports).toEqual(['spy s2', 'spy s4']);
  });

  it('reports a record it cannot read, and does the others', async () => {
    const { seen, failures, reports } = await run([
      decisionRecord('t1', 1),
      decisionRecord('t2', 2, { broken: { BOOL: true } }),
      decisionRecord('t3', 3),
    ]);
    expect(seen).toEqual(['t1', 't3']);
    expect(failures).toEqual(['s2']);
    expect(reports).toEqual(['decode s2']);
  });

  it('reports a record without a new image', async () => {
    const bare = decisionRecord('t1', 1);
    const { failures } = await run([{ ...bare, dynamodb: { ...bare.dynamodb, NewImage: undefined } }]);
    expect(failures).toEqual(['s1']);
  });

  it('hands sinks images as items, binary values as bytes', async () => {
    const items: Item[] = [];
    const project = projector({
      sinks: [],
      decode: (item) => {
        items.push(item);
        return decode(item);
      },
      report: () => {},
    });
    const image = {
      b: { B: 'AQL/' },
      n: { N: '-1.5' },
      z: { NULL: true },
      o: { BOOL: false },
      l: { L: [{ S: 'x' }] },
      m: { M: { k: { N: '2' } } },
    };
    expect(await project(asEvent([decisionRecord('t1', 1, image)]))).toEqual({ batchItemFailures: [] });
    expect(items).toEqual([
      { ...decisionKey('acme', 't1'), b: new Uint8Array([1, 2, 255]), n: -1.5, z: null, o: false, l: ['x'], m: { k: 2 } },
    ]);
  });

  it('refuses an attribute type the table does not hold', async () => {
    const { failures } = await run([decisionRecord('t1', 1, { set: { SS: ['a'] } })]);
    expect(failures).toEqual(['s1']);
  });

  it('hands sinks the new entries of every chain when it can read them', async () => {
    const seen: unknown[] = [];
    const sink: Sink = {
      name: 'spy',
      async project({ entries }) {
        seen.push(...entries);
        return entries.slice(1).map(({ position }) => ({ position, cause: new Error('no') }));
      },
    };
    const records = [
      decisionRecord('t1', 1),
      record(auditKey('c', 1), 2, 'INSERT', { body: { S: '{"chain":"c"}' }, hash: { S: 'h1' } }),
      record(auditKey('c', 1), 3, 'REMOVE'),
      record(auditKey('system.acme', 7), 4, 'INSERT', { body: { S: '{"chain":"system.acme"}' }, hash: { S: 'h7' } }),
    ];
    const project = projector({ sinks: [sink], decode, decodeEntry: auditFromItem, report: () => {} });
    expect(await project(asEvent(records))).toEqual({ batchItemFailures: [{ itemIdentifier: 's4' }] });
    expect(seen).toEqual([
      {
        position: 1,
        entry: { body: { chain: 'c' }, hash: 'h1' },
        item: { ...auditKey('c', 1), body: '{"chain":"c"}', hash: 'h1' },
      },
      {
        position: 3,
        entry: { body: { chain: 'system.acme' }, hash: 'h7' },
        item: { ...auditKey('system.acme', 7), body: '{"chain":"system.acme"}', hash: 'h7' },
      },
    ]);
  });
});
