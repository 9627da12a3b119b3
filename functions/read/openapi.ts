import { idPattern } from '../../shared/contract/ids.ts';
import { type ParameterRule, pathParameters, queryParameters } from '../../shared/contract/queries.ts';
import { type OperationId, type Route, routes } from '../../shared/contract/routes.ts';
import { reference, type Schema, type SchemaName, schemas } from './schemas/schemas.ts';

/** What the document says of an operation beyond its row in the table of routes. */
interface Operation {
  readonly summary: string;
  readonly body?: { readonly schema: SchemaName; readonly example?: unknown; readonly isOptional?: true };
  readonly answer: { readonly status: 200 | 201 | 202; readonly schema?: SchemaName; readonly mediaType?: string };
  /** Statuses beyond those that every operation of its kind may answer. */
  readonly statuses?: readonly (404 | 409 | 429)[];
  /** An open route that tells more to whoever shows a key. */
  readonly takesKey?: true;
  /** Its folder's own name leads to the page. */
  readonly redirects?: true;
  /** Where the whole answer of a 400 or 503 says more than a problem. */
  readonly problem?: SchemaName;
}

/** The example that the documentation sends: in the past, so that it is valid whenever it is tried. */
export const exampleTransaction = {
  transactionId: 'txn_8Zk1',
  userId: 'u_42',
  accountId: 'a_7',
  occurredAt: '2026-01-20T13:45:00.000+05:30',
  amountMinor: 129900,
  currency: 'INR',
  channel: 'upi',
  deviceId: 'd_9',
  merchantId: 'm_3',
  merchantCategory: '5411',
  ipAddress: '203.0.113.7',
  beneficiaryId: 'asha@upi',
  instrumentId: 'card_77',
  location: { latitude: 12.97, longitude: 77.59 },
  metadata: { order: 'o_1' },
} as const;

/** A policy in full: what each signal counts for, one rule, one list. */
export const examplePolicy = {
  baseCurrency: 'INR',
  rates: { EUR: '90.7', USD: '83.2' },
  cutoffs: { review: 40, block: 70 },
  signals: {
    TOTAL_SPEND_24H: { threshold: 20_000_000, points: 45 },
    TXN_VELOCITY_1H: { threshold: 15, points: 40 },
    RAPID_BURST_1M: { threshold: 5, points: 45 },
    NEW_DEVICE_USED: { threshold: 1, points: 20 },
    AMOUNT_ANOMALY: { threshold: 5, points: 40 },
    IMPOSSIBLE_TRAVEL: { threshold: 900, points: 50 },
    UNUSUAL_HOUR: { threshold: 1, points: 40 },
    MERCHANT_RISK: { threshold: 0.1, points: 30 },
    ANOMALY: { threshold: 99, points: 20 },
  },
  rules: [{ id: 'large', when: 'txn.amountMinor > 50000000', points: 25, text: 'A very large amount' }],
  lists: { blockedAccounts: { kind: 'block', field: 'accountId' } },
  failTo: 'REVIEW',
} as const;

const read = (schema: SchemaName): Operation['answer'] => ({ status: 200, schema });
const html = { status: 200, mediaType: 'text/html' } as const;
const file = { status: 200, mediaType: '*/*' } as const;

const operations: Readonly<Record<OperationId, Operation>> = {
  postTransaction: {
    summary: 'Queue a transaction to be decided',
    body: { schema: 'Transaction', example: exampleTransaction },
    answer: { status: 202, schema: 'Queued' },
  },
  postTransactionBatch: {
    summary: 'Queue up to 500 transactions; good rows go in though others are bad',
    body: { schema: 'Batch', example: { transactions: [exampleTransaction] } },
    answer: { status: 202, schema: 'BatchResult' },
    problem: 'BatchProblem',
  },
  postDecision: {
    summary: 'Decide a transaction in the call',
    body: { schema: 'Transaction', example: exampleTransaction },
    answer: read('Decision'),
    statuses: [409],
  },
  getLatestDecisions: {
    summary: 'The latest decisions, newest first; with filters a page may be short or empty with a cursor that goes on',
    answer: read('DecisionPage'),
  },
  getDecision: { summary: 'One decision', answer: read('Decision'), statuses: [404] },
  getEvidence: { summary: 'The evidence pack of a decision, one page', answer: html, statuses: [404] },
  postReview: {
    summary: 'Say what a transaction was',
    body: { schema: 'Review', example: { disposition: 'CONFIRMED_FRAUD' } },
    answer: read('Reviewed'),
    statuses: [404],
  },
  getRecentSignals: { summary: 'Triggered signals, newest first', answer: read('SignalPage') },
  getAccountStanding: { summary: "An account's standing", answer: read('Standing'), statuses: [404] },
  getAccountTimeline: { summary: "An account's decisions, newest first", answer: read('DecisionPage'), statuses: [404] },
  getAccountAudit: { summary: "An account's audit chain, oldest first", answer: read('AuditPage'), statuses: [404] },
  getReviews: {
    summary: 'Reviews, one per account: the last opened first, or by falling priority, or the oldest first',
    answer: read('ReviewPage'),
  },
  claimReview: {
    summary: 'Claim a review; 409 when it is closed or claimed by another',
    body: { schema: 'Nothing', isOptional: true },
    answer: read('ReviewItem'),
    statuses: [404, 409],
  },
  releaseReview: {
    summary: 'Give a review back; 409 when it is claimed by another, unless the key has the scope admin',
    body: { schema: 'Nothing', isOptional: true },
    answer: read('ReviewItem'),
    statuses: [404, 409],
  },
  disposeReview: {
    summary: 'Say what the payments of a review were; repeated, it does what is left',
    body: { schema: 'ReviewDisposal', example: { disposition: 'CONFIRMED_FRAUD', note: 'the customer called' } },
    answer: read('ReviewDisposed'),
    statuses: [404, 409],
  },
  getEntity: { summary: 'What is known of an entity now', answer: read('Entity'), statuses: [404] },
  getEntityDecisions: {
    summary:
      "An entity's decisions of the last 30 days, newest day first; a page may be short or empty with a cursor that goes on",
    answer: read('DecisionPage'),
    statuses: [404],
  },
  getEntityAccounts: {
    summary:
      "An entity's accounts of the last 30 days, by their newest day; a page may be short or empty with a cursor that goes on",
    answer: read('EntityAccountPage'),
    statuses: [404],
  },
  getUserAccounts: { summary: "A user's accounts, by account", answer: read('UserAccountPage'), statuses: [404] },
  getSearch: { summary: 'What bears exactly this name, in every kind', answer: read('SearchResult') },
  getOverview: { summary: 'Figures per minute', answer: read('Overview') },
  getPolicy: { summary: 'The policy in force', answer: read('PolicyVersion') },
  putPolicy: {
    summary: 'Publish a policy version',
    body: { schema: 'NewPolicy', example: { policy: examplePolicy, status: 'draft' } },
    answer: { status: 201, schema: 'PublishedPolicy' },
    statuses: [409],
  },
  approvePolicyVersion: {
    summary: 'Approve a pending policy version; the last approval that is needed puts it in force',
    body: { schema: 'Nothing', isOptional: true },
    answer: read('PolicyApproval'),
    statuses: [404, 409],
  },
  lintPolicy: {
    summary: 'Every fault of a policy, by its place; changes nothing',
    body: { schema: 'PolicyToLint', example: { policy: examplePolicy } },
    answer: read('PolicyLint'),
  },
  getPolicyVersions: { summary: 'All policy versions, newest first', answer: read('PolicyVersionPage') },
  getPolicyVersion: { summary: 'One policy version', answer: read('PolicyVersion'), statuses: [404] },
  getLists: { summary: 'The lists of the policy in force', answer: read('Lists') },
  getListEntries: { summary: "A list's entries, by entry", answer: read('ListEntryPage'), statuses: [404] },
  putListEntry: {
    summary: 'Put an entry on a list',
    body: {
      schema: 'NewListEntry',
      isOptional: true,
      example: { expiresAt: '2099-01-01T00:00:00.000Z', note: 'seen in a test' },
    },
    answer: read('ListEntry'),
    statuses: [404, 409],
  },
  deleteListEntry: { summary: 'Take an entry off a list', answer: read('ListEntry'), statuses: [404] },
  getModel: { summary: 'The model card in force', answer: read('Model'), statuses: [404] },
  getModelVersions: { summary: 'All model versions', answer: read('ModelPage') },
  getSystemAudit: { summary: "The tenant's system chain, oldest first", answer: read('SystemAuditPage') },
  getCaller: { summary: 'The tenant and the scopes of the key that asks', answer: read('Caller') },
  getHealth: {
    summary: 'The status; with a key that may read, dependencies and causes too; 503 when down',
    answer: read('Health'),
    statuses: [429],
    takesKey: true,
    problem: 'Health',
  },
  getOpenApi: { summary: 'This document', answer: { status: 200, mediaType: 'application/json' } },
  getDocs: { summary: 'This documentation, to try out', answer: html },
  getDocsFile: { summary: 'A file of the documentation', answer: file, statuses: [404], redirects: true },
  getHome: { summary: 'Where to go', answer: html, statuses: [404] },
  getConsole: { summary: "The analysts' console", answer: html, statuses: [404] },
  getConsoleFile: { summary: 'A file of the console', answer: file, statuses: [404], redirects: true },
};

export interface DocumentOptions {
  readonly version: string;
  /** The JSON Schema of a policy. */
  readonly policySchema: unknown;
}

/** The OpenAPI 3.1 document of the routes, made from the same tables as the router and the checks. */
export function openApiDocument({ version, policySchema }: DocumentOptions): Record<string, unknown> {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Aegis',
      version,
      description: 'Decides, for every payment of every account, ALLOW, REVIEW or BLOCK, with the reasons and the proof.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '.' }],
    paths: pathsOf(routes),
    components: {
      securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'aegis_<tenant>_<secret>' } },
      headers: { correlationId: { description: "The caller's, or a new one", schema: { type: 'string' } } },
      schemas: { ...schemas, Policy: withoutDialect(policySchema) },
    },
  };
}

function pathsOf(served: readonly Route[]): Record<string, Record<string, unknown>> {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of served) {
    const path = route.path.replace('+}', '}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return paths;
}

function operationOf(route: Route): Record<string, unknown> {
  const operation = operations[route.operationId];
  const { body, summary } = operation;
  return {
    operationId: route.operationId,
    summary: route.scope === null ? summary : `${summary} (scope ${route.scope})`,
    tags: [route.stage],
    security: route.scope !== null ? [{ key: [] }] : operation.takesKey ? [{}, { key: [] }] : [],
    ...(route.scope !== null && { 'x-scope': route.scope }),
    parameters: parametersOf(route),
    ...(body && {
      requestBody: {
        required: body.isOptional !== true,
        content: {
          'application/json': {
            schema: reference(body.schema),
            ...(body.example !== undefined && { example: body.example }),
          },
        },
      },
    }),
    responses: responsesOf(route, operation),
  };
}

function parametersOf(route: Route): readonly unknown[] {
  const inPath = [...route.path.matchAll(/\{([A-Za-z]+)\+?\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: schemaOf(pathParameters[name!]!),
  }));
  const inQuery = Object.entries(queryParameters[route.operationId] ?? {}).map(([name, rule]) => ({
    name,
    in: 'query',
    required: 'needed' in rule,
    schema: schemaOf(rule),
  }));
  return [...inPath, ...inQuery];
}

function schemaOf(rule: ParameterRule): Schema {
  const fallback = 'default' in rule && rule.default !== undefined ? { default: rule.default } : {};
  switch (rule.kind) {
    case 'id':
      return { type: 'string', pattern: idPattern };
    case 'transactionId':
      // `/decisions/latest` is a route of its own: in the pattern, so that no tool takes the name for a value to try here.
      return { type: 'string', pattern: idPattern.replace('^', '^(?!latest$)') };
    case 'values':
      return { type: 'string', enum: rule.values, ...fallback };
    case 'integer':
      return { type: 'integer', minimum: rule.minimum, maximum: rule.maximum, ...fallback };
    case 'score':
      return { type: 'number', minimum: 0, maximum: 100, multipleOf: 0.01 };
    case 'time':
      return { type: 'string', format: 'date-time' };
    case 'text':
      return { type: 'string', ...(rule.needed && { minLength: 1 }), maxLength: rule.maximumCharacters };
  }
}

const refusals: Readonly<Record<number, string>> = {
  400: 'Faults of the request, all at once',
  401: 'No valid key',
  403: 'The key lacks the scope',
  404: 'Not found',
  405: 'Another method',
  409: 'Conflict, naming the field that differs',
  413: 'The body is too large',
  415: 'Not application/json, or a content encoding',
  429: 'Too many requests with this key',
  503: 'Not available or not sure: safe to repeat with the same id',
};

function responsesOf(route: Route, operation: Operation): Record<string, unknown> {
  const { answer, problem } = operation;
  const statuses = [
    400,
    ...(route.scope === null ? [] : [401, 403, 429]),
    413,
    ...(operation.body ? [415] : []),
    ...(operation.statuses ?? []),
    405,
    503,
  ].sort((a, b) => a - b);
  const responses: Record<string, unknown> = { [answer.status]: answerOf(answer) };
  if (operation.redirects) responses[308] = { description: 'The page itself', headers: headersOf(308) };
  for (const status of statuses) {
    const isOwn = problem !== undefined && (status === 503 || (status === 400 && problem !== 'Health'));
    const mediaType = isOwn && problem === 'Health' ? 'application/json' : 'application/problem+json';
    responses[status] = {
      description: refusals[status],
      headers: headersOf(status),
      content: { [mediaType]: { schema: reference(isOwn ? problem : 'Problem') } },
    };
  }
  return responses;
}

function answerOf({ schema, mediaType = 'application/json' }: Operation['answer']): Record<string, unknown> {
  return {
    description: 'Done',
    headers: headersOf(200),
    content: { [mediaType]: { schema: schema === undefined ? {} : reference(schema) } },
  };
}

function headersOf(status: number): Record<string, unknown> {
  const seconds = { schema: { type: 'integer' } };
  return {
    'x-correlation-id': { $ref: '#/components/headers/correlationId' },
    ...((status === 429 || status === 503) && { 'Retry-After': seconds }),
    ...(status === 308 && { Location: { schema: { type: 'string' } } }),
    ...(status === 405 && { Allow: { schema: { type: 'string' } } }),
    ...(status === 401 && { 'WWW-Authenticate': { schema: { type: 'string' } } }),
  };
}

/** A schema inside the document has the document's dialect. */
function withoutDialect(schema: unknown): unknown {
  const { $schema: _, ...rest } = schema as Record<string, unknown>;
  return rest;
}
