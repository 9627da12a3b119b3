import type { APIGatewayProxyEvent, APIGatewayProxyResult, SQSRecord } from 'aws-lambda';
import { adminEndpoints } from '../../functions/admin/endpoints.ts';
import { decideEndpoints } from '../../functions/decide/endpoints.ts';
import { ingestEndpoints } from '../../functions/ingest/ingest.ts';
import { feedSink } from '../../functions/project/feedSink.ts';
import { lookupsSink } from '../../functions/project/lookupsSink.ts';
import { policyReader } from '../../functions/project/policyReader.ts';
import { reviewsSink } from '../../functions/project/reviewsSink.ts';
import { usersSink } from '../../functions/project/usersSink.ts';
import { readEndpoints } from '../../functions/read/endpoints.ts';
import { erasedChains } from '../../functions/read/erasedChains.ts';
import { inputsOpener } from '../../functions/read/inputs.ts';
import { reviewEndpoints } from '../../functions/review/endpoints.ts';
import { scoreBatch } from '../../functions/score/score.ts';
import { virtualClock } from '../../shared/adapters/memory/clock.ts';
import { type FaultPlan, faultyTable, noFaults } from '../../shared/adapters/memory/faults.ts';
import { type MemoryTable, memoryTable } from '../../shared/adapters/memory/table.ts';
import { matchPath, routes, type Scope, type Stage } from '../../shared/contract/routes.ts';
import { type EdgeDependencies, type HttpHandler, httpHandler } from '../../shared/edge/http.ts';
import { createKey, type KeyStore } from '../../shared/edge/keys.ts';
import { type Level, logLine } from '../../shared/edge/log.ts';
import type { Endpoints } from '../../shared/edge/request.ts';
import { isDecisionItem } from '../../shared/ledger/items.ts';
import type { Item, Queue, QueueMessage, TableStore, Write } from '../../shared/ports/ports.ts';
import { seededRandom } from '../../shared/store/random.ts';
import { insertion, ledgerWithoutModel, strictProjector, testSecret } from './engine.ts';
import { noEvidenceStores } from './evidence.ts';
import { eventOf, type Received, received, type Sent } from './http.ts';

export const startMs = Date.UTC(2026, 10, 20, 12);

/** Everything that left the handlers, in order; emptied by whoever looks. */
export interface Sinks {
  readonly writes: Write[];
  readonly queued: QueueMessage[];
  readonly buried: QueueMessage[];
  readonly logged: string[];
}

export type ApiOptions = Partial<EdgeDependencies> & {
  /** What befalls each call of the table. */
  readonly faults?: FaultPlan;
  /** Approvals that a policy needs. */
  readonly policyApprovals?: number;
};

/**
 * The whole API as it is deployed, on memory stores: every stage's own endpoints behind the edge, requests given to the stage that
 * API Gateway gives them to. The clock stands still unless moved; who sleeps moves it.
 */
export function apiOnMemory({ faults = noFaults, policyApprovals = 0, ...more }: ApiOptions = {}) {
  const sinks: Sinks = { writes: [], queued: [], buried: [], logged: [] };
  const time = virtualClock(startMs);
  const clock = { ...time, sleep: async (ms: number) => time.advance(Math.ceil(ms)) };
  const randomness = seededRandom(7);
  let inner = newTable(sinks);
  const table = faultyTable(
    forwarding(() => inner),
    faults,
  );
  const log = (level: Level, message: string, fields: Readonly<Record<string, unknown>> = {}): void => {
    sinks.logged.push(logLine(level, message, fields));
  };
  const masterSecret = testSecret();
  const ledger = ledgerWithoutModel({ table, clock, randomness, masterSecret });
  const endpoints: Readonly<Record<Stage, Endpoints>> = {
    ingest: ingestEndpoints({ queue: recording(sinks.queued), isOrdered: false }),
    decide: decideEndpoints(ledger),
    review: reviewEndpoints({ table, clock, randomness, masterSecret }),
    admin: adminEndpoints(table, randomness, { policyApprovals }),
    read: readEndpoints({
      table,
      openInputs: inputsOpener(masterSecret),
      masterSecret,
      findErasedChain: erasedChains(table, masterSecret),
      evidence: noEvidenceStores(table, clock),
      version: '1.2.3',
      waitingMessages: async () => 0,
    }),
  };
  const dependencies = { table, clock, randomness, log, ...more };
  const handlers = Object.fromEntries(
    Object.entries(endpoints).map(([stage, served]) => [stage, httpHandler(stage as Stage, served, dependencies)]),
  ) as Readonly<Record<Stage, HttpHandler>>;
  const project = strictProjector({
    sinks: [
      feedSink({ table, clock, randomness }),
      reviewsSink({ table, clock, randomness }),
      usersSink({ table }),
      lookupsSink({ table, masterSecret, policyOf: policyReader(table), isOn: true }),
    ],
  });
  const store: KeyStore = { table, clock, randomness };

  return {
    table,
    clock,
    sinks,
    endpoints,
    store,
    handle: (event: APIGatewayProxyEvent): Promise<APIGatewayProxyResult> =>
      handlers[stageOf(event.httpMethod, event.path)](event),
    async call(sent: Sent): Promise<Received> {
      return received(await this.handle(eventOf(sent)));
    },
    newKey: async (scopes: readonly Scope[], tenant = 'acme', expiresAtMs: number | null = null): Promise<string> =>
      (await createKey(store, { tenant, scopes, createdBy: 'test', expiresAtMs })).key,
    /** Hands records to the score stage as SQS would. */
    score: (records: readonly SQSRecord[]) =>
      scoreBatch(
        records,
        {
          ledger,
          deadLetters: recording(sinks.buried),
          newId: () => Buffer.from(randomness.bytes(16)).toString('hex'),
          log,
        },
        clock.nowMs() + 10_000,
      ),
    /** Projects every decision in the table. */
    project: async (): Promise<void> => {
      await project(inner.all().filter(isDecisionItem).map(insertion));
    },
    /** The items that stand in the table. */
    items: (): Item[] => inner.all(),
    /** Empties the table but for the items to keep. */
    async keepOnly(isKept: (item: Item) => boolean): Promise<void> {
      const kept = inner.all().filter(isKept);
      inner = newTable(sinks);
      for (const item of kept) await inner.put(item);
    },
  };
}

export type Api = ReturnType<typeof apiOnMemory>;

/** Whose function API Gateway calls: that of the route, `read` for all else. */
function stageOf(method: string, path: string): Stage {
  return matchPath(path)?.routes.find((route) => route.method === method)?.stage ?? 'read';
}

/** Every operation that is served, with a path in which each parameter is given by name. */
export const served = routes.map((route) => ({
  ...route,
  pathWith: (parameters: Readonly<Record<string, string>>): string =>
    route.path.replace(/\{([A-Za-z]+)\+?\}/g, (_, name: string) => parameters[name] ?? name),
}));

const newTable = (sinks: Sinks): MemoryTable => memoryTable({ onCommitted: (writes) => sinks.writes.push(...writes) });

/** The table of the moment, whichever it is: what is built on it never notices that it was emptied. */
const forwarding = (inner: () => MemoryTable): TableStore =>
  new Proxy({} as TableStore, { get: (_, name) => Reflect.get(inner(), name) as unknown });

const recording = (messages: QueueMessage[]): Queue => ({
  async send(given) {
    messages.push(...given);
    return given.map(() => ({ sent: true }) as const);
  },
});
