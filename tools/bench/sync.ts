import { parseArgs } from 'node:util';
import { entityFields } from '../cli/costLoad.ts';
import {
  type BenchStack,
  bareCalls,
  beforeHelp,
  byClients,
  entitiesHelp,
  entitiesOf,
  nowAtNoon,
  onBenchStacks,
  stackOptions,
} from './localStack.ts';

/**
 * The synchronous route on the local stack against the bare calls for items of the same sizes, in the same run: a transaction, alone or
 * after a read and an update and a query for each entity. The stack is a process of its own, as for its callers.
 */
const help = `Usage: npm run bench -- sync [--requests N] [--rounds N] [--entities N] [--before FOLDER] [--json]

  --requests N     of each kind and round (default 1000)
  --rounds N       taken in turn; the best of each figure counts (default 3)
  ${entitiesHelp}
  ${beforeHelp}

Exit code 1 when the route's p50 without entities is above its multiple of the SDK's bare transaction, or with entities its rate at 8
clients is below its share of the SDK's bare calls.`;

/** Of the route's p50 at one client to that of the SDK's bare transaction. */
const p50RatioMax = 2.5;
/** Of the route's rate to that of the SDK's bare calls, at 8 clients, where entities are counted. */
const shareMin = 0.8;

const { values } = parseArgs({ options: { requests: { type: 'string' }, ...stackOptions } });
if (values.help) {
  console.log(help);
  process.exit(0);
}
const requests = Number(values.requests ?? 1_000);
const rounds = Number(values.rounds ?? 3);
const entities = entitiesOf(values);

interface Run {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Processor time of this process for a call: of the way to the table, where the table is called from here. */
  readonly cpuMs: number;
}

let calls = 0;

const decide =
  (to: BenchStack, count = 0) =>
  (name: string): Promise<string> =>
    to.post(
      '/decisions',
      {
        transactionId: `sync-${name}`,
        userId: 'u1',
        accountId: `sync-${name}`,
        occurredAt: nowAtNoon(),
        amountMinor: 50_000,
        currency: 'INR',
        merchantId: `m${calls % 50}`,
        ...entityFields(count, name),
      },
      200,
    );

type Kind = readonly [what: string, clients: number, call: (name: string) => Promise<unknown>];

const named = `${entities} ${entities === 1 ? 'entity' : 'entities'}`;
const counted = `POST /decisions with ${named}`;
const bareCounted = `bare calls of ${named}`;

const kindsOf = (stack: BenchStack, before: BenchStack | null): readonly Kind[] => [
  ['bare transaction by the AWS SDK', 1, stack.bare.sdk.transact],
  ['bare transaction by our adapter', 1, stack.bare.adapter.transact],
  ['POST /decisions', 1, decide(stack)],
  ['bare read + transaction by the AWS SDK', 8, bareCalls(stack.bare.sdk, 0)],
  ['bare read + transaction by our adapter', 8, bareCalls(stack.bare.adapter, 0)],
  ['POST /decisions', 8, decide(stack)],
  ['POST /decisions', 64, decide(stack)],
  ...(entities === 0
    ? []
    : ([
        ['bare read + transaction by the AWS SDK', 1, bareCalls(stack.bare.sdk, 0)],
        [`${bareCounted} by the AWS SDK`, 1, bareCalls(stack.bare.sdk, entities)],
        [counted, 1, decide(stack, entities)],
        [`${bareCounted} by the AWS SDK`, 8, bareCalls(stack.bare.sdk, entities)],
        [`${bareCounted} by our adapter`, 8, bareCalls(stack.bare.adapter, entities)],
        [counted, 8, decide(stack, entities)],
      ] as const)),
  ...(before === null
    ? []
    : ([
        ['bare transaction by the adapter before', 1, before.bare.adapter.transact],
        ['POST /decisions before', 1, decide(before)],
        ['bare read + transaction by the adapter before', 8, bareCalls(before.bare.adapter, 0)],
        ['POST /decisions before', 8, decide(before)],
        ['POST /decisions before', 64, decide(before)],
      ] as const)),
];

/** What entities add to the latency of a decision, and the route's rate with them beside the bare calls. */
const addedBy = (of: (name: string) => Run) => ({
  p50Ms: of(`${counted}, 1 client`).p50Ms - of('POST /decisions, 1 client').p50Ms,
  p50MsOfBare: of(`${bareCounted} by the AWS SDK, 1 client`).p50Ms - of('bare read + transaction by the AWS SDK, 1 client').p50Ms,
  ratioAt8: of(`${counted}, 8 clients`).perSecond / of(`${bareCounted} by the AWS SDK, 8 clients`).perSecond,
  ratioAt8ByAdapter: of(`${counted}, 8 clients`).perSecond / of(`${bareCounted} by our adapter, 8 clients`).perSecond,
});

await onBenchStacks(values.before, async (stack, before) => {
  const kinds = kindsOf(stack, before);
  // Compilers of both sides do their work before the first round.
  for (const [, clients, call] of kinds) await byClients(clients, requests, () => call(`warm-${calls++}`));
  const best = new Map<string, Run>();
  for (let round = 1; round <= rounds; round++) {
    for (const [what, clients, call] of kinds) {
      await stack.projected();
      await before?.projected();
      const { tookMs, allMs, cpuMs } = await byClients(clients, requests, () => call(`${round}-${calls++}`));
      const at = (share: number): number => tookMs[Math.min(tookMs.length - 1, Math.floor(tookMs.length * share))]!;
      const name = `${what}, ${clients} client${clients === 1 ? '' : 's'}`;
      const known = best.get(name);
      best.set(name, {
        perSecond: Math.max((requests * 1_000) / allMs, known?.perSecond ?? 0),
        p50Ms: Math.min(at(0.5), known?.p50Ms ?? Number.POSITIVE_INFINITY),
        p99Ms: Math.min(at(0.99), known?.p99Ms ?? Number.POSITIVE_INFINITY),
        cpuMs: Math.min(cpuMs, known?.cpuMs ?? Number.POSITIVE_INFINITY),
      });
    }
    console.error(`round ${round} of ${rounds}`);
  }
  const of = (name: string): Run => best.get(name)!;
  const shares = Object.fromEntries(
    ['the AWS SDK', 'our adapter'].map((by) => [
      by,
      {
        p50Ratio: of('POST /decisions, 1 client').p50Ms / of(`bare transaction by ${by}, 1 client`).p50Ms,
        atP99Ms: of('POST /decisions, 1 client').p99Ms - of(`bare transaction by ${by}, 1 client`).p99Ms,
        ratioAt8: of('POST /decisions, 8 clients').perSecond / of(`bare read + transaction by ${by}, 8 clients`).perSecond,
      },
    ]),
  );
  const added = entities === 0 ? null : addedBy(of);
  if (values.json)
    console.log(JSON.stringify({ requests, rounds, entities, runs: Object.fromEntries(best), shares, ...(added && { added }) }));
  else {
    for (const [name, one] of best) {
      console.log(
        `${name.padEnd(56)} ${one.perSecond.toFixed(0).padStart(6)}/s  p50 ${one.p50Ms.toFixed(2)} ms  p99 ${one.p99Ms.toFixed(2)} ms${name.startsWith('bare') ? `  CPU ${one.cpuMs.toFixed(2)} ms` : ''}`,
      );
    }
    for (const [by, { p50Ratio, atP99Ms, ratioAt8 }] of Object.entries(shares))
      console.log(
        `beside the bare calls by ${by}: p50, 1 client ${p50Ratio.toFixed(2)} x; our share at p99, 1 client ${atP99Ms.toFixed(2)} ms; rate, 8 clients ${ratioAt8.toFixed(2)} x`,
      );
  }
  if (added !== null && !values.json)
    console.log(
      `${named}: p50, 1 client ${added.p50Ms >= 0 ? '+' : ''}${added.p50Ms.toFixed(2)} ms, ${added.p50MsOfBare.toFixed(2)} ms of the SDK's bare calls; rate, 8 clients ${added.ratioAt8.toFixed(2)} x the SDK's bare calls, ${added.ratioAt8ByAdapter.toFixed(2)} x our adapter's`,
    );
  if (added !== null && added.ratioAt8 < shareMin) {
    console.error(`${counted}: ${added.ratioAt8.toFixed(2)} x the SDK's bare rate, needed: ${shareMin}`);
    process.exitCode = 1;
  }
  const { p50Ratio } = shares['the AWS SDK']!;
  if (p50Ratio > p50RatioMax) {
    console.error(`p50 is ${p50Ratio.toFixed(2)} x that of the SDK's bare transaction, allowed: ${p50RatioMax}`);
    process.exitCode = 1;
  }
});
