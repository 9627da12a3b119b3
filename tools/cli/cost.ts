import { setTimeout as sleep } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';
import type { Command } from 'commander';
import { type Prices, prices, published } from '../../infra/prices.ts';
import { defaultStage } from '../../infra/settings.ts';
import { hourMs } from '../../shared/domain/durations.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import { policyCacheMs } from '../../shared/policy/store.ts';
import { cloudWatchSums } from '../aws/metricSums.ts';
import { billOf } from '../cost/bill.ts';
import { liveBill } from '../cost/live.ts';
import type { Metered } from '../cost/meter.ts';
import { type LocalStack, startLocalStack } from '../local/stack.ts';
import { localTemplate } from '../local/template.ts';
import { type LoadKind, loads, routes, sendLoad } from './costLoad.ts';
import { naiveBill } from './costNaive.ts';
import { limitOf, printBill, printBills, type RouteBill } from './costReport.ts';

const logBytesMax = 250;
const clientsMax = 64;
const decisionsMin = 100;
const decisionsMax = 1_000_000;
const warmUpDecisions = 500;
/** No report came for so long: all of them are in. */
const quietMs = 200;
const reportsMsMax = 30_000;
const hoursMax = 720;
const queueStages: ReadonlySet<string> = new Set(['score', 'webhooks']);

interface CostOptions {
  readonly decisions: string;
  readonly region: string;
  readonly routes: string;
  readonly entities: string;
  readonly clients: string;
  readonly json?: boolean;
  readonly fromCloudwatch?: boolean;
  readonly stage: string;
  readonly hours: string;
}

export const configure = (command: Command): void => {
  command
    .option('--decisions <n>', 'decisions of each bill', '2000')
    .option('--region <name>', `region whose prices count: ${prices.map(({ region }) => region).join(', ')}`, prices[0]!.region)
    .option('--routes <list>', 'comma-separated, of the four', routes.join(','))
    .option(
      '--entities <list>',
      `what the payments name, comma-separated: entities that are counted, or a device that is not; of ${loads.join(', ')}`,
      loads.join(','),
    )
    .option('--clients <n>', `calls at the same time on the routes single and sync, 1 to ${clientsMax}`, '16')
    .option('--json', 'print JSON')
    .option('--from-cloudwatch', 'bill a deployed stack by what CloudWatch counted, instead of a load on the local stack')
    .option('--stage <name>', 'stage of the deployed stack', defaultStage)
    .option('--hours <n>', `whole hours to count, before the current one, 1 to ${hoursMax}`, '24')
    .action(async (options: CostOptions) => {
      process.exitCode = options.fromCloudwatch ? await liveCost(options) : await cost(options);
    });
};

/** Throws Error naming the option and what is allowed. */
function within(option: string, text: string, low: number, high: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < low || value > high)
    throw new Error(`${option} ${text}: allowed are whole numbers from ${low} to ${high}`);
  return value;
}

/** The names in a list with commas. Throws Error naming the option and what is allowed. */
function oneOf<Name extends string>(option: string, text: string, allowed: readonly Name[]): Name[] {
  return text.split(',').map((name) => {
    const found = allowed.find((known) => known === name);
    if (found === undefined) throw new Error(`${option} ${name}: allowed are ${allowed.join(', ')}`);
    return found;
  });
}

function pricesOf(region: string): Prices {
  const table = prices.find((one) => one.region === region);
  if (table === undefined) throw new Error(`--region ${region}: allowed are ${prices.map((one) => one.region).join(', ')}`);
  return table;
}

/** Returns exit code 1 when the logs are above their limit. Throws Error for invalid options and for a stack that decided nothing. */
async function liveCost({ region, stage, hours: hoursText, json }: CostOptions): Promise<0 | 1> {
  const table = pricesOf(region);
  const hours = within('--hours', hoursText, 1, hoursMax);
  if (!/^[a-z][a-z0-9-]{0,19}$/.test(stage))
    throw new Error(`--stage ${stage}: allowed are 1-20 of a-z 0-9 -, beginning with a letter`);
  const toMs = Math.floor(Date.now() / hourMs) * hourMs;
  const fromMs = toMs - hours * hourMs;
  const metrics = cloudWatchSums({ region });
  try {
    const bill = await liveBill({ stage, memoryMb: await memoryByLogicalId(), fromMs, toMs }, table, metrics);
    if (json) console.log(JSON.stringify({ stage, region, date: table.date, hours, bill, published }));
    else {
      console.log(
        `US dollars per million decisions, list prices of ${table.date} (${table.source}); counted by CloudWatch from ${new Date(fromMs).toISOString()} to ${new Date(toMs).toISOString()}, ${bill.decisions} decisions`,
      );
      printBill(`The stack ${stage}`, bill);
      console.log('\nNot included: calls of S3 and KMS, which CloudWatch counts only for a fee; what is billed by the month.');
    }
    return bill.logBytesPerDecision > logBytesMax ? 1 : 0;
  } finally {
    metrics.close();
  }
}

/** Returns exit code 1 when a figure is above its limit. Throws Error for invalid options. */
async function cost(options: CostOptions): Promise<0 | 1> {
  const table = pricesOf(options.region);
  const decisions = within('--decisions', options.decisions, decisionsMin, decisionsMax);
  const clients = within('--clients', options.clients, 1, clientsMax);
  const chosenRoutes = oneOf('--routes', options.routes, routes);
  const given = new Set<LoadKind>(oneOf('--entities', options.entities, loads));
  // The untracked ones come last: they need a policy of their own.
  const chosenLoads = loads.filter((load) => given.has(load));

  const invocations: Metered[] = [];
  const meter = new BroadcastChannel('aegis-cost');
  meter.onmessage = (message) => invocations.push((message as unknown as { readonly data: Metered }).data);
  const stack = await startLocalStack({
    handlerOf: (stage) => new URL(`./costHandler.ts?stage=${stage}`, import.meta.url).href,
    onFailure: (text) => console.error(text),
  });
  try {
    const memoryMb = await memoryByStage();
    await sendLoad(stack, { route: 'batch', load: '4', name: 'warm', count: warmUpDecisions, clients });
    await sendLoad(stack, { route: 'sync', load: '4', name: 'warmsync', count: warmUpDecisions, clients });
    await settled(stack, invocations);
    const bills: RouteBill[] = [];
    for (const load of chosenLoads) {
      if (load === 'untracked') await trackNothing(stack);
      for (const route of chosenRoutes) {
        invocations.length = 0;
        const used = await sendLoad(stack, { route, load, name: `${route}-${load}`, count: decisions, clients });
        await settled(stack, invocations);
        const bill = billOf({ decisions, ...used, invocations, memoryMb, queueStages }, table);
        const scored = invocations.filter(({ stage }) => stage === 'score').length;
        bills.push({ route, load, batchSize: scored === 0 ? 1 : decisions / scored, bill });
      }
    }
    const naive = await naiveBill(stack.endpoints.dynamodb, table);
    if (options.json)
      console.log(JSON.stringify({ region: table.region, date: table.date, decisions, clients, bills, naive, published }));
    else printBills(table, decisions, bills, naive);
    const over = [
      ...bills
        .filter(({ route, load, bill }) => bill.totalUsd > (limitOf(route, load) ?? Number.POSITIVE_INFINITY))
        .map(({ route, load }) => `${route} with ${load} entities`),
      ...bills.filter(({ bill }) => bill.logBytesPerDecision > logBytesMax).map(({ route }) => `logs of ${route}`),
    ];
    if (over.length > 0) console.error(`above the limit: ${over.join(', ')}`);
    return over.length > 0 ? 1 : 0;
  } finally {
    meter.close();
    await stack.stop();
  }
}

/** Publishes the default policy without tracked entities, and waits until every function has it. */
const trackNothing = async (stack: LocalStack): Promise<void> => {
  const answer = await fetch(`${stack.url}/policy`, {
    method: 'PUT',
    headers: { authorization: `Bearer ${stack.key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ policy: { ...defaultPolicy, entities: [] }, status: 'active' }),
  });
  if (!answer.ok) throw new Error(`/policy answered ${answer.status}: ${await answer.text()}`);
  await answer.arrayBuffer();
  await sleep(policyCacheMs);
};

const memoryByLogicalId = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.entries((await localTemplate()).Resources)
      .filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
      .map(([logicalId, { Properties }]) => [logicalId, Number(Properties!.MemorySize)]),
  );

const memoryByStage = async (): Promise<Record<string, number>> =>
  Object.fromEntries(
    Object.values((await localTemplate()).Resources)
      .filter(({ Type }) => Type === 'AWS::Lambda::Function')
      .map(({ Properties }) => [String(Properties!.Description).replace('Aegis: ', ''), Number(Properties!.MemorySize)]),
  );

/** Waits for what follows the decisions: the projection, a checkpoint over all that moved, and the meter's reports. Throws Error when reports go on. */
const settled = async (stack: LocalStack, invocations: readonly Metered[]): Promise<void> => {
  await stack.projected();
  await stack.invoke('checkpoint', {});
  const startedMs = performance.now();
  for (let seen = -1; seen !== invocations.length; ) {
    if (performance.now() - startedMs > reportsMsMax)
      throw new Error(`functions still run ${reportsMsMax} ms after the last decision`);
    seen = invocations.length;
    await sleep(quietMs);
  }
};
