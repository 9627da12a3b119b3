import { beforeEach, describe, expect, it } from 'vitest';
import { projector } from '../../../functions/project/project.ts';
import { protectedSink } from '../../../functions/project/protectedSink.ts';
import type { StreamRecord } from '../../../functions/project/records.ts';
import { auditFromItem, decisionFromItem } from '../../../shared/ledger/items.ts';
import { appendSystemEvent } from '../../../shared/ledger/systemChain.ts';
import { deleteListEntry, putListEntry } from '../../../shared/policy/lists.ts';
import { type Item, type Key, type TableStore, Unavailable } from '../../../shared/ports/ports.ts';
import { expireRows } from '../../../shared/proof/hotRows.ts';
import { auditKey, expiryAttribute, protectedPrefixes, stateKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint, removeEndpoint } from '../../../shared/webhooks/endpoints.ts';
import { streamImage } from '../../../tools/local/streamImage.ts';
import { world } from '../sweep/world.ts';

const dayMs = 86_400_000;
const expiry = { principalId: 'dynamodb.amazonaws.com' };
const state = stateKey('dev', 'account-of-1.x', 'user-of-1.x');
const salt = new Uint8Array(16);

let at: ReturnType<typeof world>;
/** The table with a stream that tells what went and what was put anew, as the table's own does. */
let table: TableStore;
let records: StreamRecord[];
let chain: string;

const changed = (key: Key, before: Item | null, after: Item | null, userIdentity?: { principalId: string }): StreamRecord => ({
  eventID: `e${records.length}`,
  eventName: after === null ? 'REMOVE' : before === null ? 'INSERT' : 'MODIFY',
  ...(userIdentity && { userIdentity }),
  dynamodb: {
    ApproximateCreationDateTime: Math.floor(at.clock.nowMs() / 1_000),
    SequenceNumber: String(records.length),
    Keys: { pk: { S: key.pk }, sk: { S: key.sk } },
    ...(before && { OldImage: streamImage(before) }),
    ...(after && { NewImage: streamImage(after) }),
  },
});

/** Does it, and tells the stream what differs afterwards. */
const streamed = async (act: () => Promise<unknown>, userIdentity?: { principalId: string }): Promise<void> => {
  const nameOf = ({ pk, sk }: Key) => `${pk} ${sk}`;
  const before = new Map(at.table.all().map((item) => [nameOf(item), item]));
  await act();
  const after = new Map(at.table.all().map((item) => [nameOf(item), item]));
  for (const name of new Set([...before.keys(), ...after.keys()])) {
    const [old, young] = [before.get(name) ?? null, after.get(name) ?? null];
    if (old !== young) records.push(changed((young ?? old)!, old, young, userIdentity));
  }
};

/** What the alarm would ring for, and what the log says. */
const projected = async (hotDays: number | null = null, over: Partial<TableStore> = {}) => {
  let alarms = 0;
  const named: unknown[] = [];
  const failed: unknown[] = [];
  const sink = protectedSink({
    table: { ...table, ...over },
    hotDays,
    measure: ({ ProtectedItems }) => {
      alarms += Number(ProtectedItems?.value ?? 0);
    },
    log: (_, __, facts) => named.push(facts?.what),
  });
  const project = projector({
    sinks: [sink],
    decode: decisionFromItem,
    decodeEntry: auditFromItem,
    report: ({ cause }) => failed.push(cause),
  });
  const { batchItemFailures } = await project({ Records: records as never });
  return { alarms, named, failed, comesAgain: batchItemFailures.length > 0 };
};

beforeEach(async () => {
  at = world();
  table = at.table;
  records = [];
  await at.pay(1);
  chain = await at.pay(1);
  await at.administer();
});

const remove = (key: Key) => async () => at.table.delete(key);
const list = { list: 'blocked', entry: 'user-of-1.x', by: 'key_1', salt };
const putInList = (expiresAtMs: number | null = null) =>
  putListEntry(at.table, 'dev', { ...list, atMs: at.clock.nowMs(), expiresAtMs });

describe('a deletion that nothing has a right to raises the alarm at once', () => {
  it.each<[string, () => Key, string]>([
    ['a state', () => state, 'S#'],
    ['a decision', () => ({ pk: 'D#dev#txn_1', sk: 'D' }), 'D#dev#txn_1'],
    ['an entry', () => auditKey(chain, 1), `A#chain / 000000000001`],
    ['an entry of a system chain', () => auditKey('system.dev', 1), 'A#system.dev / 000000000001'],
  ])('%s', async (_, key, name) => {
    await streamed(remove(key()));
    expect(await projected()).toMatchObject({
      alarms: 1,
      named: [name.replace('chain', key().pk === `A#${chain}` ? chain : 'chain')],
    });
    expect(records).toHaveLength(1);
  });
  it.each(protectedPrefixes)('whatever begins with %s', async (prefix) => {
    const key = { pk: `${prefix}x`, sk: prefix === 'M#' ? 'M' : 'user-of-1.x' };
    await at.table.put(key);
    await streamed(remove(key));
    const { alarms, named } = await projected();
    expect(alarms).toBe(1);
    expect(named).toHaveLength(1);
  });
  it('and names nobody', async () => {
    await streamed(remove(state));
    await putInList();
    await streamed(remove({ pk: 'L#dev#blocked', sk: 'user-of-1.x' }));
    const { alarms, named } = await projected();
    at.clock.advance(dayMs);
    expect(alarms).toBe(2);
    expect(JSON.stringify(named)).not.toContain('-of-');
  });
  it.each(['F#', 'C#', 'R#', 'N#', 'J#', 'T#head', 'Z#'])(
    'but not of what begins with %s, which comes and goes',
    async (prefix) => {
      const key = { pk: `${prefix}x`, sk: 'x' };
      await at.table.put(key);
      await streamed(remove(key));
      expect(await projected()).toMatchObject({ alarms: 0 });
    },
  );
});

describe('an erasure', () => {
  it('is no alarm: the account’s chain ends with it', async () => {
    await streamed(() => at.erase(1));
    expect(records.some(({ eventName, dynamodb }) => eventName === 'REMOVE' && dynamodb?.Keys?.pk?.S === state.pk)).toBe(true);
    expect(await projected()).toMatchObject({ alarms: 0, failed: [] });
  });
  it('does not excuse the deletion of another state, nor of one that came after it', async () => {
    await at.pay(2);
    await at.erase(1);
    await at.pay(1);
    await streamed(remove(stateKey('dev', 'account-of-2.x', 'user-of-2.x')));
    await streamed(remove(state));
    expect(await projected()).toMatchObject({ alarms: 2 });
  });
  it('is not known by a stream without old images: then it is an alarm', async () => {
    await streamed(() => at.erase(1));
    for (const { dynamodb } of records) delete (dynamodb as { OldImage?: unknown }).OldImage;
    expect(await projected()).toMatchObject({ alarms: 1 });
  });
});

describe('what an administrator takes away', () => {
  it('is no alarm where the system chain says so: an entry of a list, one that had long expired, an endpoint', async () => {
    await putInList();
    await streamed(() => deleteListEntry(at.table, 'dev', { ...list, atMs: at.clock.nowMs() }));
    const stores = { table: at.table, clock: at.clock, randomness: seededRandom(1) };
    const endpoint = { tenant: 'dev', url: 'https://a.example/x', events: ['decision.*'], createdBy: 'key_1' };
    const { endpointId } = await addEndpoint(stores, endpoint, { allowsLoopback: false });
    await streamed(() => removeEndpoint(stores, 'dev', endpointId, 'key_1'));
    const old = { pk: 'L#dev#blocked', sk: 'old', expiresAtMs: at.clock.nowMs() - 3 * dayMs };
    await at.table.put(old);
    const details = { list: 'blocked', action: 'put', expiresAt: null, expiredEntriesRemoved: 1 };
    const event = { event: 'LIST_CHANGED', by: 'key_1', atMs: at.clock.nowMs(), details };
    await streamed(() => appendSystemEvent(at.table, 'dev', event, [{ kind: 'delete', key: { pk: old.pk, sk: old.sk } }]));
    expect(records.filter(({ eventName }) => eventName === 'REMOVE')).toHaveLength(3);
    expect(await projected()).toMatchObject({ alarms: 0, failed: [] });
  });
  it('is one for another entry than that, another list, or a deletion hours later', async () => {
    await putInList();
    await at.table.put({ pk: 'L#dev#blocked', sk: 'other', expiresAtMs: null });
    await at.table.put({ pk: 'L#dev#trusted', sk: 'user-of-1.x', expiresAtMs: null });
    await deleteListEntry(at.table, 'dev', { ...list, atMs: at.clock.nowMs() });
    await streamed(remove({ pk: 'L#dev#blocked', sk: 'other' }));
    await streamed(remove({ pk: 'L#dev#trusted', sk: 'user-of-1.x' }));
    at.clock.advance(3_600_000);
    await at.table.put({ pk: 'L#dev#blocked', sk: 'user-of-1.x', expiresAtMs: null });
    await streamed(remove({ pk: 'L#dev#blocked', sk: 'user-of-1.x' }));
    await at.table.put({ pk: 'W#dev', sk: 'wh_1' });
    await streamed(remove({ pk: 'W#dev', sk: 'wh_1' }));
    expect(await projected()).toMatchObject({ alarms: 4 });
  });
});

describe('rows whose time is up', () => {
  const row = async (): Promise<Item> => (await at.table.get(auditKey(chain, 1)))!;
  const dueS = async (hotDays: number) =>
    Math.ceil(Date.parse(String(auditFromItem(await row()).body.at)) / 1_000) + hotDays * 86_400;

  it('are no alarm where rows expire', async () => {
    const item = await row();
    await streamed(async () => expireRows(at.table, [{ item, expiresAtS: await dueS(30) }]));
    await streamed(remove(auditKey(chain, 1)), expiry);
    expect(records.map(({ eventName }) => eventName)).toEqual(['MODIFY', 'REMOVE']);
    expect(await projected(30)).toMatchObject({ alarms: 0 });
  });
  it('are one where none expire, of a system chain, and of any other item', async () => {
    await streamed(remove(auditKey(chain, 1)), expiry);
    expect(await projected(null)).toMatchObject({ alarms: 1 });
    records = [];
    await streamed(remove(auditKey('system.dev', 1)), expiry);
    await streamed(remove(state), expiry);
    expect(await projected(30)).toMatchObject({ alarms: 2 });
  });
  it('are one when somebody sets the time earlier than is due, or deletes them himself', async () => {
    await streamed(async () => at.table.put({ ...(await row()), [expiryAttribute]: (await dueS(30)) - 1 }));
    await streamed(remove(auditKey(chain, 2)));
    expect(await projected(30)).toMatchObject({ alarms: 2 });
  });
});

describe('a row of an entry that is written anew', () => {
  it('raises the alarm when it says something else, whatever its expiry', async () => {
    const [one, two] = [await at.table.get(auditKey(chain, 1)), await at.table.get(auditKey(chain, 2))];
    await streamed(() => at.table.put({ ...two!, ...auditKey(chain, 1) }));
    expect(await projected()).toMatchObject({ alarms: 1, named: [`A#${chain} / 000000000001`] });
    records = [];
    await streamed(() => at.table.put(one!));
    expect(await projected()).toMatchObject({ alarms: 1 });
  });
});

describe('a store that is away', () => {
  it('brings the deletion again: no alarm is lost, and none is false', async () => {
    await streamed(() => at.erase(1));
    const away = { query: () => Promise.reject(new Unavailable('the table is away')) };
    expect(await projected(null, away)).toMatchObject({ alarms: 0, comesAgain: true });
    expect(await projected()).toMatchObject({ alarms: 0, comesAgain: false });
  });
});
