import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { scopes } from '../../shared/contract/routes.ts';
import { defaultPolicy } from '../../shared/policy/default.ts';
import type { Item, Key, Write } from '../../shared/ports/ports.ts';
import { expiryAttribute, prefixes } from '../../shared/store/names.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { type Api, apiOnMemory } from '../support/api.ts';
import { undocumented } from '../support/documented.ts';
import { eventOf } from '../support/http.ts';
import { hostileRequest, type Known, validTransaction } from './payloads.ts';

/** Beyond every hostile caller, so that nothing is refused for its rate. */
export const unthrottled = { ratePerSecond: 1e9, burst: 1e9 };

const seededDecisions = 200;
const changesMax = 300;
/** The stores are emptied and the heap is measured this often, the first tenth being for warming up. */
const measurements = 10;
/** What caches of bounded size and the engine itself may add once warm. */
const heapGrowthBytesMax = 24 * 1024 * 1024;
export const refusalGoalMs = 5;

export interface RequestsReport {
  readonly faults: readonly string[];
  readonly statuses: ReadonlyMap<number, number>;
  readonly refusalMs: { readonly p50: number; readonly p99: number; readonly worst: number };
  readonly heapGrowthBytes: number;
}

/** Sends generated requests through the real handlers, one after the other, and looks at everything that comes out. */
export async function runRequests(seed: number, count: number): Promise<RequestsReport> {
  const draw = seededRandom(seed);
  const api = apiOnMemory({ throttle: unthrottled });
  const known = await preparedFor(api, seed);
  const faults: string[] = [];
  const statuses = new Map<number, number>();
  const refusals: number[] = [];
  const heap: number[] = [];
  for (let i = 0; i < count; i++) {
    const sent = hostileRequest(draw, known);
    const event = eventOf(sent);
    api.clock.advance(1);
    const startedMs = performance.now();
    const answer = await api.handle(event).catch((error: unknown) => error);
    const tookMs = performance.now() - startedMs;
    const where = `seed ${seed}, request ${i}, ${event.httpMethod} ${event.path.slice(0, 80)}`;
    const fault = faultOf(api, event, answer);
    if (fault !== null) faults.push(`${where}: ${fault}`);
    const status = (answer as { statusCode?: number }).statusCode ?? 0;
    statuses.set(status, (statuses.get(status) ?? 0) + 1);
    if (status >= 400 && !isFile(event.path)) refusals.push(tookMs);
    emptySinks(api);
    if ((i + 1) % Math.ceil(count / measurements) === 0) {
      await api.keepOnly(isLasting);
      emptySinks(api);
      heap.push(heapUsedBytes());
    }
  }
  refusals.sort((a, b) => a - b);
  const quantile = (share: number): number => refusals[Math.min(refusals.length - 1, Math.floor(share * refusals.length))] ?? 0;
  const heapGrowthBytes = heap.at(-1)! - heap[0]!;
  if (heapGrowthBytes > heapGrowthBytesMax) faults.push(`the heap grew by ${heapGrowthBytes} bytes: ${heap.join(', ')}`);
  return { faults, statuses, refusalMs: { p50: quantile(0.5), p99: quantile(0.99), worst: quantile(1) }, heapGrowthBytes };
}

/** Answered from files: their time is the disc's. */
const isFile = (path: string): boolean => /^\/(?:$|docs|console)/.test(path);

/** What stays in the table: an attempt on an entity is counted before a repeat is known for one, and taken out again. */
function lasting(writes: readonly Write[]): readonly Write[] {
  const nameIn = ({ pk, sk }: Key, attribute: string): string => JSON.stringify([pk, sk, attribute]);
  const removed = new Set(
    writes.flatMap((write) =>
      write.kind === 'update' ? (write.change.remove ?? []).map((attribute) => nameIn(write.key, attribute)) : [],
    ),
  );
  return writes.filter((write) => {
    if (write.kind !== 'update' || !write.key.pk.startsWith(prefixes.entity)) return true;
    const counted = Object.keys(write.change.init ?? {}).filter((attribute) => attribute !== expiryAttribute);
    return !counted.every((attribute) => removed.has(nameIn(write.key, attribute)));
  });
}

function faultOf(api: Api, event: Parameters<Api['handle']>[0], answer: unknown): string | null {
  if (answer instanceof Error || typeof (answer as { statusCode?: unknown })?.statusCode !== 'number') {
    return `the handler threw ${answer instanceof Error ? answer.stack : String(answer)}`;
  }
  const result = answer as Awaited<ReturnType<Api['handle']>>;
  const { statusCode, headers = {} } = result;
  if (statusCode >= 500) return `answers ${statusCode}: ${api.sinks.logged.at(-1)}`;
  if (!/^[\x21-\x7e]{1,128}$/.test(String(headers['x-correlation-id']))) return 'carries no correlation id';
  if (statusCode >= 400) {
    const { writes, queued, buried } = api.sinks;
    if (lasting(writes).length + queued.length + buried.length > 0) return `answers ${statusCode} and stores or queues something`;
    const problem = JSON.parse(result.body) as { status?: unknown; detail?: unknown };
    if (headers['content-type'] !== 'application/problem+json' || problem.status !== statusCode) return 'is no problem document';
  }
  return undocumented(event.httpMethod, event.path, result);
}

/** Accounts with a past, a key, cursors: what a caller of long standing has. */
async function preparedFor(api: Api, seed: number): Promise<Known> {
  const draw = seededRandom(seed + 1);
  const key = await api.newKey(scopes);
  const transactionIds: string[] = [];
  for (let i = 0; i < seededDecisions; i++) {
    const transactionId = `seed_${i}`;
    const body = JSON.stringify({ ...validTransaction(draw, transactionId), accountId: `a_${i % 7}` });
    const { status } = await api.call({ method: 'POST', path: '/decisions', key, body });
    if (status !== 200) throw new Error(`a valid transaction answers ${status}: ${body}`);
    transactionIds.push(transactionId);
  }
  await api.project();
  const cursors = [];
  for (const path of ['/decisions/latest', '/signals/recent']) {
    const { body } = await api.call({ path, key, query: { limit: ['1'] } });
    const { cursor } = body as { cursor?: string };
    if (cursor === undefined) throw new Error(`${path} gave no cursor`);
    cursors.push(cursor);
  }
  emptySinks(api);
  return {
    key,
    transactionIds,
    accountIds: ['a_0', 'a_1', 'a_2', 'a_999'],
    cursors,
    policy: defaultPolicy,
    changesLeft: changesMax,
  };
}

export function emptySinks({ sinks }: Api): void {
  for (const sink of Object.values(sinks)) sink.length = 0;
}

/** Keys, policies, lists and what was seeded stay; what hostile callers had decided goes. */
const isLasting = ({ pk }: Item): boolean =>
  [prefixes.key, prefixes.policy, prefixes.list, prefixes.feed].some((prefix) => pk.startsWith(prefix)) ||
  pk.startsWith(`${prefixes.audit}system.`);

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function heapUsedBytes(): number {
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}
