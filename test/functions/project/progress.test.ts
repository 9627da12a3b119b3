import type { DynamoDBStreamEvent } from 'aws-lambda';
import { describe, expect, it } from 'vitest';
import { knownAfterMs, pausedSinks, readPauses, setPause } from '../../../functions/project/pausedSinks.ts';
import { tableProgress } from '../../../functions/project/progress.ts';
import { type Poison, type ProjectDependencies, projector, type Sink } from '../../../functions/project/project.ts';
import { setAsideOn } from '../../../functions/project/setAside.ts';
import { timeLimit } from '../../../shared/adapters/aws/system.ts';
import { virtualClock } from '../../../shared/adapters/memory/clock.ts';
import { memoryQueue } from '../../../shared/adapters/memory/queue.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { type Item, Unavailable } from '../../../shared/ports/ports.ts';
import { decisionKey, expiryAttribute } from '../../../shared/store/names.ts';
import { resumedText } from '../../../tools/cli/sinks.ts';
import { aDecision } from './builders.ts';

const startMs = Date.parse('2026-11-20T13:45:00.000Z');
const away = new Unavailable('S3 is away');

const record = (name: string) => {
  const { pk, sk } = decisionKey('acme', name);
  const image = { pk: { S: pk }, sk: { S: sk } };
  return {
    eventID: `event-${name}`,
    eventName: 'INSERT',
    dynamodb: { SequenceNumber: `s-${name}`, Keys: image, NewImage: image },
  };
};

const decode = (item: Item) => {
  const transactionId = item.pk.split('#')[2]!;
  if (transactionId.startsWith('broken')) throw new RangeError('no decision item');
  return { tenant: 'acme', decision: aDecision({ transaction: { transactionId } }), queueAgeMs: null };
};

/** A sink that keeps what it did, and fails as it is told. */
const spy = (name: string, failing: (id: string) => Error | null = () => null) => {
  const did: string[] = [];
  const sink: Sink = {
    name,
    async project({ decisions }) {
      return decisions.flatMap(({ position, decision: { transaction } }) => {
        const cause = failing(transaction.transactionId);
        if (cause !== null) return [{ position, cause }];
        did.push(transaction.transactionId);
        return [];
      });
    },
  };
  return { sink, did };
};

/** A projector as a Lambda instance has it; the stream comes back with the first failed record and what follows, as AWS does. */
const stream = (sinks: readonly Sink[], more: Partial<ProjectDependencies> = {}) => {
  const table = memoryTable();
  const clock = virtualClock(startMs);
  const reports: string[] = [];
  const aside: Poison[] = [];
  const deliver = async (names: readonly string[]): Promise<readonly string[]> => {
    // A new instance each time: what is remembered stands in the table alone.
    const project = projector({
      sinks,
      decode,
      report: ({ sink, sequenceNumber }) => reports.push(`${sink} ${sequenceNumber}`),
      progress: tableProgress({ table, clock }),
      setAside: async (poison) => {
        aside.push(poison);
      },
      ...more,
    });
    const event = { Records: names.map(record) } as unknown as Pick<DynamoDBStreamEvent, 'Records'>;
    const [first] = (await project(event)).batchItemFailures;
    return first === undefined ? [] : names.slice(names.findIndex((name) => `s-${name}` === first.itemIdentifier));
  };
  return { table, reports, aside, deliver };
};

describe('a sink that is paused', () => {
  const world = () => {
    const table = memoryTable();
    const clock = virtualClock(startMs);
    return { table, clock, paused: pausedSinks({ table, clock }) };
  };
  const pause = { sinceMs: startMs, by: 'ana' };

  it('meets no record, and holds no other up', async () => {
    const { table, paused } = world();
    const archive = spy('archive', () => away);
    const webhooks = spy('webhooks');
    const { deliver, reports } = stream([archive.sink, webhooks.sink], { paused });
    await setPause(table, 'archive', pause);
    expect(await deliver(['t1', 't2'])).toEqual([]);
    expect(await deliver(['t3'])).toEqual([]);
    expect([archive.did, webhooks.did, reports]).toEqual([[], ['t1', 't2', 't3'], []]);
  });
  it('lets a batch go that failed for it alone', async () => {
    const { table, clock, paused } = world();
    const webhooks = spy('webhooks');
    const { deliver } = stream([spy('archive', () => away).sink, webhooks.sink], { paused });
    expect(await deliver(['t1', 't2'])).toEqual(['t1', 't2']);
    await setPause(table, 'archive', pause);
    clock.advance(knownAfterMs);
    expect(await deliver(['t1', 't2'])).toEqual([]);
    expect(webhooks.did).toEqual(['t1', 't2']);
  });
  it('meets records again some seconds after it was resumed', async () => {
    const { table, clock, paused } = world();
    const archive = spy('archive');
    const { deliver } = stream([archive.sink], { paused });
    await setPause(table, 'archive', pause);
    await deliver(['t1']);
    expect(await setPause(table, 'archive', null)).toEqual(pause);
    await deliver(['t2']);
    clock.advance(knownAfterMs);
    await deliver(['t3']);
    expect(archive.did).toEqual(['t3']);
    expect(await readPauses(table)).toEqual({});
  });
  it('keeps the time at which its pause began, beside the pauses of others', async () => {
    const { table } = world();
    await setPause(table, 'archive', pause);
    await setPause(table, 'webhooks', { sinceMs: startMs + 1, by: 'bo' });
    expect(await setPause(table, 'archive', { sinceMs: startMs + 2, by: 'cy' })).toEqual(pause);
    expect(await readPauses(table)).toEqual({ archive: pause, webhooks: { sinceMs: startMs + 1, by: 'bo' } });
  });
  it('is not guessed: no sink is called while the table does not say which are paused', async () => {
    const webhooks = spy('webhooks');
    const { deliver } = stream([webhooks.sink], { paused: () => Promise.reject(away) });
    expect(await deliver(['t1', 't2'])).toEqual(['t1', 't2']);
    expect(webhooks.did).toEqual([]);
  });
  it.each([
    [
      'archive',
      'archive is resumed; in two minutes restore what it missed: aegis rebuild --from 2026-11-19T13:45:00.000Z --sinks archive',
    ],
    [
      'webhooks',
      'webhooks is resumed; in two minutes restore what it missed: aegis webhooks replay ENDPOINT --from 2026-11-19T13:45:00.000Z',
    ],
    ['alerts', 'alerts of the pause are not sent any more'],
  ] as const)('is told how to restore what it missed: %s', (sink, text) => {
    expect(resumedText(sink, pause)).toContain(text);
    expect(resumedText(sink, null)).toBe(`${sink} was not paused`);
  });
});

describe('a batch that comes again', () => {
  it('meets only the sink that failed: an outage of S3 sends no webhook twice', async () => {
    let isAway = true;
    const archive = spy('archive', () => (isAway ? away : null));
    const webhooks = spy('webhooks');
    const { deliver } = stream([archive.sink, webhooks.sink]);
    let batch: readonly string[] = ['t1', 't2', 't3'];
    for (let delivery = 1; delivery <= 9; delivery++) batch = await deliver(batch);
    expect(batch).toEqual(['t1', 't2', 't3']);
    isAway = false;
    expect(await deliver(batch)).toEqual([]);
    expect(webhooks.did).toEqual(['t1', 't2', 't3']);
    expect(archive.did).toEqual(['t1', 't2', 't3']);
  });

  it('begins with the first record that failed; of the later ones each sink knows what it did', async () => {
    let failing: readonly string[] = ['t2', 't4'];
    const feed = spy('feed', (id) => (failing.includes(id) ? away : null));
    const webhooks = spy('webhooks');
    const { deliver } = stream([feed.sink, webhooks.sink]);
    expect(await deliver(['t1', 't2', 't3', 't4'])).toEqual(['t2', 't3', 't4']);
    failing = ['t4'];
    expect(await deliver(['t2', 't3', 't4'])).toEqual(['t4']);
    failing = [];
    // A stream may hand over newer records together with those that come again.
    expect(await deliver(['t4', 't5'])).toEqual([]);
    expect(feed.did).toEqual(['t1', 't3', 't2', 't4', 't5']);
    expect(webhooks.did).toEqual(['t1', 't2', 't3', 't4', 't5']);
  });

  it('is remembered for two days, and not at all when nothing failed', async () => {
    const { deliver, table } = stream([spy('feed', (id) => (id === 't2' ? away : null)).sink]);
    await deliver(['t1']);
    expect(table.all()).toEqual([]);
    await deliver(['t2']);
    expect(table.all()).toMatchObject([{ [expiryAttribute]: startMs / 1_000 + 2 * 86_400 }]);
  });

  it('meets no sink while the table does not say what is done', async () => {
    const webhooks = spy('webhooks');
    const progress = { recall: () => Promise.reject(away), remember: async () => {} };
    const { deliver, reports } = stream([webhooks.sink], { progress });
    expect(await deliver(['t1', 't2'])).toEqual(['t1', 't2']);
    expect(webhooks.did).toEqual([]);
    expect(reports).toEqual(['decode s-t1']);
  });

  it('comes again though what is done could not be remembered', async () => {
    const progress = { recall: async () => () => false, remember: () => Promise.reject(away) };
    const { deliver, reports } = stream([spy('feed', () => away).sink], { progress });
    expect(await deliver(['t1'])).toEqual(['t1']);
    expect(reports).toEqual(['feed s-t1', 'progress s-t1']);
  });

  it('holds up no other sink when a sink throws or takes too long', async () => {
    const webhooks = spy('webhooks');
    const throwing: Sink = { name: 'throwing', project: () => Promise.reject(new Error('it promised not to')) };
    const endless: Sink = { name: 'endless', project: () => new Promise(() => {}) };
    const { deliver, reports } = stream([throwing, endless, webhooks.sink], { inTime: timeLimit(0) });
    const { deliver: patient } = stream([throwing, webhooks.sink]);
    expect(await deliver(['t1'])).toEqual(['t1']);
    expect(reports.sort()).toEqual(['endless s-t1', 'throwing s-t1']);
    expect(await patient(['t2'])).toEqual(['t2']);
    expect(webhooks.did).toEqual(['t1', 't2']);
  });
});

describe('a record that can never be projected', () => {
  it('is set aside by its key, once, and holds nothing up', async () => {
    const feed = spy('feed');
    const { deliver, aside } = stream([feed.sink]);
    expect(await deliver(['t1', 'broken', 't2'])).toEqual([]);
    expect(feed.did).toEqual(['t1', 't2']);
    expect(aside).toMatchObject([{ sink: 'decode', sequenceNumber: 's-broken', key: decisionKey('acme', 'broken') }]);
  });

  it('comes again when it cannot be set aside', async () => {
    const { deliver, reports } = stream([], { setAside: () => Promise.reject(new Error('the queue is away')) });
    expect(await deliver(['t1', 'broken'])).toEqual(['broken']);
    expect(reports).toEqual(['decode s-broken']);
  });

  it('is set aside once while its company comes again', async () => {
    const { deliver, aside } = stream([spy('feed', (id) => (id === 't1' ? away : null)).sink]);
    expect(await deliver(['t1', 'broken'])).toEqual(['t1', 'broken']);
    expect(await deliver(['t1', 'broken'])).toEqual(['t1', 'broken']);
    expect(aside).toHaveLength(1);
  });

  it('is told from its company where a sink writes a batch as a whole', async () => {
    const written: string[][] = [];
    const whole: Sink = {
      name: 'whole',
      async project({ decisions }) {
        const ids = decisions.map(({ decision }) => decision.transaction.transactionId);
        const cause = new RangeError('at is no time');
        if (ids.includes('odd')) return decisions.map(({ position }) => ({ position, cause }));
        written.push(ids);
        return [];
      },
    };
    const { deliver, aside } = stream([whole]);
    expect(await deliver(['t1', 'odd', 't2'])).toEqual([]);
    expect(written).toEqual([['t1'], ['t2']]);
    expect(aside).toMatchObject([{ sink: 'whole', sequenceNumber: 's-odd' }]);
  });

  it('is not what a failed connection makes of a record', async () => {
    const unreached = new TypeError('fetch failed', { cause: new Error('ECONNREFUSED') });
    const { deliver, aside } = stream([spy('alerts', () => unreached).sink]);
    expect(await deliver(['t1'])).toEqual(['t1']);
    expect(aside).toEqual([]);
  });

  it('lies on the queue of failures with its key and the reason', async () => {
    const queue = memoryQueue({ clock: virtualClock(startMs), visibilityMs: 1_000 });
    const key = decisionKey('acme', 't1');
    await setAsideOn(queue)({ sink: 'decode', sequenceNumber: 's1', key, cause: new RangeError('no decision item') });
    const [message] = await queue.receive(1);
    expect(JSON.parse(message!.body)).toEqual({
      condition: 'NotProjectable',
      sink: 'decode',
      sequenceNumber: 's1',
      key,
      reason: 'RangeError: no decision item',
    });
    const full = { send: async () => [{ sent: false as const, cause: 'over the limit' }] };
    await expect(setAsideOn(full)({ sink: 'decode', sequenceNumber: 's1', key, cause: 'x' })).rejects.toThrow(/over the limit/);
  });
});
