import { Ajv2020 } from 'ajv/dist/2020.js';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import { makeCheckpoint } from '../../../functions/checkpoint/checkpoint.ts';
import { feedSink } from '../../../functions/project/feedSink.ts';
import { healthSink } from '../../../functions/project/healthSink.ts';
import { readEndpoints } from '../../../functions/read/endpoints.ts';
import { erasedChains } from '../../../functions/read/erasedChains.ts';
import { inputsOpener } from '../../../functions/read/inputs.ts';
import { openApiDocument } from '../../../functions/read/openapi.ts';
import { memoryTable } from '../../../shared/adapters/memory/table.ts';
import { matchPath, type Scope } from '../../../shared/contract/routes.ts';
import type { Transaction } from '../../../shared/domain/transaction.ts';
import { httpHandler } from '../../../shared/edge/http.ts';
import { policyJsonSchema } from '../../../shared/policy/schema.ts';
import type { StoredEntry } from '../../../shared/proof/entry.ts';
import { noteHeads } from '../../../shared/proof/heads.ts';
import { decideNow, insertion, ledgerWithoutModel, strictProjector, testSecret } from '../../support/engine.ts';
import { noEvidenceStores } from '../../support/evidence.ts';
import { p256Signer } from '../../tools/proof/builders.ts';
import { aTransaction } from '../project/builders.ts';

export const startMs = Date.parse('2026-11-20T13:45:00.000Z');

const signer = p256Signer();

/** The real ledger, projector and read stage on one table: payments in, HTTP answers out. The clock moves by 5 ms a look. */
export function world() {
  const table = memoryTable();
  let nowMs = startMs;
  let waiting: () => Promise<number> = async () => 0;
  let seed = 0;
  const clock = {
    nowMs: () => {
      nowMs += 5;
      return nowMs;
    },
    sleep: async () => {},
  };
  const randomness = {
    bytes: (count: number) => {
      seed += 1;
      return new Uint8Array(count).fill(seed);
    },
    fraction: () => 0,
  };
  const masterSecret = testSecret();
  const ledger = ledgerWithoutModel({ table, clock, randomness, masterSecret });
  const project = strictProjector({ sinks: [feedSink({ table, clock, randomness }), healthSink({ table })] });
  const evidence = noEvidenceStores(table, clock);
  const handler = httpHandler(
    'read',
    readEndpoints({
      table,
      openInputs: inputsOpener(masterSecret),
      masterSecret,
      findErasedChain: erasedChains(table, masterSecret),
      evidence,
      version: '1.2.3',
      waitingMessages: () => waiting(),
    }),
    {
      table,
      clock,
      randomness,
      log: () => {},
      authenticate: async (header) => {
        if (header === undefined) return null;
        const [tenant = '', scope] = header.split(' ');
        return { tenant, keyId: 'k', scopes: scope === undefined ? ['read', 'admin'] : [scope as Scope] };
      },
    },
  );

  return {
    table,
    clock,
    checkpoints: evidence.checkpoints,
    /** Lets the next checkpoint hold these entries. */
    async checkpoint(entries: readonly StoredEntry[]) {
      await noteHeads(table, entries);
      return makeCheckpoint({ table, checkpoints: evidence.checkpoints, signer, clock });
    },
    advance: (ms: number) => {
      nowMs += ms;
    },
    queueAnswers: (probe: () => Promise<number>) => {
      waiting = probe;
    },
    /** Decides and commits one payment, and hands the table's change to the projector. */
    async pay(given: Partial<Transaction> = {}, { tenant = 'acme', queueAgeMs = null as number | null } = {}) {
      const receivedAtMs = clock.nowMs();
      const transaction = aTransaction({ occurredAtMs: receivedAtMs, ...given });
      const decision = await decideNow(ledger, transaction, { tenant, receivedAtMs, queueAgeMs });
      const item = await table.get({ pk: `D#${tenant}#${transaction.transactionId}`, sk: 'D' });
      await project([insertion(item!)]);
      return decision;
    },
    /** `tenant` may be followed by a space and the only scope of the key; null: no key. */
    async get(path: string, query: Record<string, string> = {}, tenant: string | null = 'acme') {
      const event = {
        httpMethod: 'GET',
        path,
        headers: tenant === null ? {} : { authorization: tenant },
        queryStringParameters: query,
        multiValueQueryStringParameters: Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value]])),
        body: null,
        isBase64Encoded: false,
      } as unknown as APIGatewayProxyEvent;
      const { statusCode, headers, body } = await handler(event);
      if (!String(headers?.['content-type']).includes('json')) return { status: statusCode, body };
      assertDocumented(path, statusCode, JSON.parse(body));
      return { status: statusCode, body: JSON.parse(body) };
    },
  };
}

/** Every item of a route that gives pages, at most 1,000 and one page more. */
export const walk = async (here: ReturnType<typeof world>, path: string, query: Record<string, string>) => {
  // biome-ignore lint/suspicious/noExplicitAny: bodies are JSON from outside
  const items: any[] = [];
  let cursor: string | undefined;
  do {
    const { status, body } = await here.get(path, cursor === undefined ? query : { ...query, cursor });
    if (status !== 200) throw new Error(`${path} answers ${status}: ${JSON.stringify(body)}`);
    items.push(...body.items);
    cursor = body.cursor;
  } while (cursor !== undefined && items.length < 1_000);
  return items;
};

const document = openApiDocument({ version: '1.2.3', policySchema: policyJsonSchema() }) as {
  // biome-ignore lint/suspicious/noExplicitAny: a JSON document, read by path
  paths: Record<string, any>;
};
const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(document, 'openapi');

/** Every answer has a documented status and the documented shape. */
function assertDocumented(path: string, status: number, body: unknown): void {
  const route = matchPath(path)?.routes.find(({ method }) => method === 'GET');
  if (route === undefined) return;
  const documented = route.path.replace('+}', '}');
  const responses = document.paths[documented].get.responses;
  if (responses[status] === undefined) throw new Error(`${path} answers ${status}, which is not documented`);
  const [mediaType] = Object.keys(responses[status].content ?? {});
  if (mediaType === undefined) throw new Error(`${path} answers ${status} with a body, which is not documented`);
  const pointer = ['paths', documented, 'get', 'responses', String(status), 'content', mediaType, 'schema']
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/');
  const validate = ajv.getSchema(`openapi#/${pointer}`);
  if (validate === undefined) throw new Error(`no schema at ${pointer}`);
  if (!validate(body))
    throw new Error(`${path} ${status}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body).slice(0, 1_000)}`);
}
