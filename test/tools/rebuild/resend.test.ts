import { beforeEach, describe, expect, it } from 'vitest';
import { faultyTable } from '../../../shared/adapters/memory/faults.ts';
import { memoryObjects } from '../../../shared/adapters/memory/objects.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { dayMs } from '../../../shared/domain/durations.ts';
import type { Queue } from '../../../shared/ports/ports.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { addEndpoint } from '../../../shared/webhooks/endpoints.ts';
import type { WebhookMessage } from '../../../shared/webhooks/events.ts';
import { erase } from '../../../tools/erasure/erase.ts';
import { type ResendPlan, resend, resendLimits } from '../../../tools/rebuild/resend.ts';
import { testQueue } from '../../support/stores.ts';
import { play, script } from './script.ts';
import { type Stack, stackOn, startMs, tenant } from './world.ts';

const accounts = [0, 1, 2, 3];
const messagesOf = (queue: { readonly messages: readonly { readonly body: string }[] }): WebhookMessage[] =>
  queue.messages.map(({ body }) => JSON.parse(body) as WebhookMessage);
/** The endpoint is not part of it: what one was told of is what the other was told of. */
const tellings = (messages: readonly WebhookMessage[]): string[] =>
  [...new Set(messages.map(({ type, payload }) => `${type} ${payload}`))].sort();
const idsOf = (messages: readonly WebhookMessage[]): string[] => messages.map(({ messageId }) => messageId).sort();

let stack: Stack;
let endpointId: string;
/** Between the first and the second half of the payments. */
let middleMs: number;
/** What the endpoint was sent at the time, of which half. */
let sent: { readonly before: WebhookMessage[]; readonly after: WebhookMessage[] };

const add = async (events: readonly string[]): Promise<string> => {
  const { table, clock } = stack;
  const wanted = { tenant, url: 'https://other.example.com/', events, createdBy: 'ana' };
  return (await addEndpoint({ table, clock, randomness: seededRandom(events.join().length) }, wanted, { allowsLoopback: false }))
    .endpointId;
};

beforeEach(async () => {
  stack = await stackOn({
    tableTelling: (onCommitted) => memoryTable({ onCommitted }),
    archive: memoryObjects(),
    checkpoints: memoryObjects(),
  });
  endpointId = await add(['*']);
  const half = (name: string, seed: number) => script({ seed, actions: 30, name, flagged: accounts, quiet: accounts }).actions;
  await play(stack, half('before', 1));
  const ofEndpoint = (): WebhookMessage[] =>
    messagesOf({ messages: stack.webhooks }).filter((message) => message.endpointId === endpointId);
  const before = ofEndpoint();
  stack.advance(1);
  middleMs = stack.clock.nowMs();
  await play(stack, half('after', 2));
  stack.advance(1);
  sent = { before, after: ofEndpoint().slice(before.length) };
});

const replay = async (
  given: Partial<ResendPlan> = {},
  { queue = testQueue(), limits = resendLimits }: { queue?: ReturnType<typeof testQueue>; limits?: typeof resendLimits } = {},
) => {
  const { table, clock } = stack;
  const plan = { tenant, endpointId, fromMs: startMs, toMs: null, ...given };
  const report = await resend({ table, clock, webhookQueue: queue }, plan, undefined, limits);
  return { report, messages: messagesOf(queue) };
};

describe('a replay of webhooks', () => {
  it('sends every event of its period to one endpoint, each once and under the id that it has had', async () => {
    const { report, messages } = await replay();
    expect(idsOf(messages)).toEqual([...new Set(idsOf([...sent.before, ...sent.after]))].sort());
    expect(messages.length).toBeGreaterThan(50);
    expect(messages.every((message) => message.endpointId === endpointId)).toBe(true);
    expect(report).toEqual({ events: messages.length, isDone: true });
  });

  it('says of decisions exactly what was said at the time', async () => {
    const ofDecisions = (messages: readonly WebhookMessage[]) => messages.filter(({ type }) => type.startsWith('decision.'));
    const { messages } = await replay();
    expect(tellings(ofDecisions(messages))).toEqual(tellings(ofDecisions([...sent.before, ...sent.after])));
  });

  it.each([
    ['up to a time', 'before'],
    ['from a time on', 'after'],
  ] as const)('%s sends no event of another', async (_, half) => {
    const { messages } = await replay(half === 'before' ? { toMs: middleMs } : { fromMs: middleMs });
    expect(new Set(idsOf(messages))).toEqual(new Set(idsOf(sent[half])));
  });

  it.each([[['decision.block']], [['decision.allow']], [['review.closed']], [['decision.review', 'review.opened']]])(
    'sends an endpoint what it asked for alone: %j',
    async (patterns) => {
      endpointId = await add(patterns);
      const { messages } = await replay();
      const wanted = [...sent.before, ...sent.after].filter(({ type }) => patterns.includes(type));
      expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(wanted.map(({ type }) => type)));
      expect(messages).toHaveLength(new Set(idsOf(wanted)).size);
    },
  );

  it('stops at the most events of one call, and the next call goes on where it was', async () => {
    const limits = { eventsMax: 20, pageItems: 3 };
    const queue = testQueue();
    let calls = 0;
    for (let isDone = false; !isDone; calls += 1) {
      const before = queue.messages.length;
      ({ isDone } = (await replay({ toMs: middleMs }, { queue, limits })).report);
      expect(queue.messages.length - before).toBeLessThan(20 + 3 * 200);
    }
    expect(calls).toBeGreaterThan(1);
    expect(idsOf(messagesOf(queue))).toEqual([...new Set(idsOf(sent.before))].sort());
    // Done: the same plan begins anew.
    expect((await replay({ toMs: middleMs })).messages.length).toBe(queue.messages.length);
  });

  it.each([1, 2, 3])('cut off anywhere goes on when it is called again, and misses nothing (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const queue = testQueue();
    const plan = { tenant, endpointId, fromMs: startMs, toMs: stack.clock.nowMs() };
    let cuts = 0;
    for (let isDone = false; !isDone; cuts += 1) {
      const last = 1 + random.below(12);
      const table = faultyTable(stack.table, ({ number, possible }) =>
        number === last ? random.pick(possible.filter((fault) => fault.startsWith('crash'))) : 'none',
      );
      isDone = await resend({ table, clock: stack.clock, webhookQueue: queue }, plan, undefined, {
        eventsMax: 1_000,
        pageItems: 2,
      }).then(
        () => true,
        () => false,
      );
    }
    expect(cuts).toBeGreaterThan(2);
    expect(new Set(idsOf(messagesOf(queue)))).toEqual(new Set(idsOf([...sent.before, ...sent.after])));
  });

  it('sends again what the queue refuses, and says so when it keeps refusing', async () => {
    const good = testQueue();
    let calls = 0;
    const flaky: Queue = {
      send: async (messages) => {
        calls += 1;
        const results = await good.send(calls % 2 === 0 ? messages : messages.slice(1));
        return calls % 2 === 0 ? results : [{ sent: false, cause: 'busy' }, ...results];
      },
    };
    const { table, clock } = stack;
    const plan = { tenant, endpointId, fromMs: startMs, toMs: null };
    await resend({ table, clock, webhookQueue: flaky }, plan);
    expect(new Set(idsOf(messagesOf(good)))).toEqual(new Set(idsOf([...sent.before, ...sent.after])));
    const dead: Queue = { send: async (messages) => messages.map(() => ({ sent: false, cause: 'no right' })) };
    await expect(resend({ table, clock, webhookQueue: dead }, plan)).rejects.toThrow(/events were not queued: no right/);
  });

  it('leaves erased payments and their reviews out', async () => {
    const { table, archive, clock, randomness, masterSecret } = stack;
    const subjects = accounts.map((account) => ({ userId: `u_${account}`, accountId: `a_${account}` }));
    await erase({ table, archive, clock, randomness, masterSecret, parked: [] }, { tenant, by: 'test', subjects });
    expect((await replay()).messages).toEqual([]);
  });

  it('is refused for a time of which no feeds are kept, and for a webhook that is none', async () => {
    await expect(replay({ fromMs: stack.clock.nowMs() - 31 * dayMs })).rejects.toThrow(/from is 2026-.*; allowed: from 2026-/);
    await expect(replay({ endpointId: 'wh_none' })).rejects.toThrow('tenant acme has no webhook wh_none');
  });
});
