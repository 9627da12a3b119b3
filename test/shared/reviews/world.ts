import type { APIGatewayProxyEvent } from 'aws-lambda';
import { reviewsSink } from '../../../functions/project/reviewsSink.ts';
import { readEndpoints } from '../../../functions/read/endpoints.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { reviewEndpoints } from '../../../functions/review/endpoints.ts';
import { type MemoryTable, memoryTable } from '../../../shared/adapters/memory/table.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { type HttpHandler, httpHandler } from '../../../shared/edge/http.ts';
import { decisionFromItem } from '../../../shared/ledger/items.ts';
import type { TableStore } from '../../../shared/ports/ports.ts';
import { decisionKey } from '../../../shared/store/names.ts';
import { seededRandom } from '../../../shared/store/random.ts';
import { aTransaction } from '../../functions/project/builders.ts';
import { decideNow, ledgerWithoutModel, testSecret } from '../../support/engine.ts';
import { noEvidenceStores } from '../../support/evidence.ts';

export const startMs = Date.parse('2026-11-20T13:45:00.000Z');

/** By the default policy: spend alone is REVIEWed, an amount far beyond the population as well is BLOCKed. */
export const amounts = { ALLOW: 10_000, REVIEW: 30_000_000, BLOCK: 3_000_000_000 } as const;

export const masterSecret = testSecret();

/** The real ledger, sink, review and read stage on one table. The clock moves by 5 ms a look, sleeping takes the time it says. */
export function world(table: MemoryTable = memoryTable()) {
  let nowMs = startMs;
  const clock = {
    nowMs: () => {
      nowMs += 5;
      return nowMs;
    },
    sleep: async (ms: number) => {
      nowMs += Math.ceil(ms);
    },
  };
  const randomness = seededRandom(1);
  const ledger = ledgerWithoutModel({ table, clock, randomness, masterSecret });
  const edge = {
    table,
    clock,
    randomness,
    log: () => {},
    authenticate: async (header: string | undefined) =>
      header === undefined ? null : { tenant: header, keyId: 'key_ana', scopes: ['read', 'review'] as const },
  };
  const review = httpHandler('review', reviewEndpoints({ table, clock, randomness, masterSecret }), edge);
  const read = httpHandler(
    'read',
    readEndpoints({
      table,
      openInputs: inputsOpener(masterSecret),
      masterSecret,
      findErasedChain: erasedChains(table, masterSecret),
      evidence: noEvidenceStores(table, clock),
      version: '1',
      waitingMessages: async () => 0,
    }),
    edge,
  );
  const ask = async (handler: HttpHandler, sent: Partial<APIGatewayProxyEvent>, tenant: string) => {
    const query = (sent.queryStringParameters ?? {}) as Record<string, string>;
    const event = {
      headers: { authorization: tenant, 'content-type': 'application/json' },
      body: null,
      isBase64Encoded: false,
      multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
      ...sent,
    } as APIGatewayProxyEvent;
    const { statusCode, body } = await handler(event);
    return { status: statusCode, body: JSON.parse(body) };
  };

  return {
    table,
    clock,
    randomness,
    advance: (ms: number) => {
      nowMs += ms;
    },
    /** Decides and commits one payment. */
    async pay(given: Partial<Transaction> = {}, tenant = 'acme') {
      const receivedAtMs = clock.nowMs();
      const transaction = aTransaction({ occurredAtMs: receivedAtMs, ...given });
      return decideNow(ledger, transaction, { tenant, receivedAtMs });
    },
    /** Hands decisions, as stored, to the reviews sink; returns what it could not do. */
    async project(transactionIds: readonly string[], tenant = 'acme', through: TableStore = table) {
      const decisions = await Promise.all(
        transactionIds.map(async (transactionId, position) => {
          const item = await table.get(decisionKey(tenant, transactionId));
          return { position, ...decisionFromItem(item!) };
        }),
      );
      return reviewsSink({ table: through, clock, randomness }).project({ decisions, entries: [] });
    },
    review: (transactionId: string, body: unknown, tenant = 'acme') =>
      ask(review, { httpMethod: 'POST', path: `/decisions/${transactionId}/review`, body: JSON.stringify(body) }, tenant),
    post: (path: string, body: unknown = {}, tenant = 'acme') =>
      ask(review, { httpMethod: 'POST', path, body: JSON.stringify(body) }, tenant),
    get: (path: string, query: Record<string, string> = {}, tenant = 'acme') =>
      ask(read, { httpMethod: 'GET', path, queryStringParameters: query }, tenant),
  };
}
