import { outcomes } from '../domain/outcome.ts';
import { signalNames } from '../domain/signals/names.ts';
import { hasCardNumber } from './cardNumbers.ts';
import { cardNumberFault, type Fault, fault, show } from './fault.ts';
import { allowedId, isId, isTransactionId } from './ids.ts';
import type { OperationId } from './routes.ts';
import { parseInstant } from './time.ts';

/** What a parameter may be. Text is a cursor, a list entry or a file name: checked further by whoever reads it. */
export type ParameterRule =
  | { readonly kind: 'id' }
  | { readonly kind: 'transactionId' }
  | { readonly kind: 'values'; readonly values: readonly string[]; readonly default?: string }
  | { readonly kind: 'integer'; readonly minimum: number; readonly maximum: number; readonly default?: number }
  | { readonly kind: 'score' }
  | { readonly kind: 'time' }
  /** `needed`: may not be left out or empty. */
  | { readonly kind: 'text'; readonly maximumCharacters: number; readonly needed?: true };

const id = { kind: 'id' } as const;
const page = {
  limit: { kind: 'integer', minimum: 1, maximum: 200, default: 50 },
  cursor: { kind: 'text', maximumCharacters: 512 },
} as const satisfies Record<string, ParameterRule>;

/** The query parameters of each route, optional where they are not `needed`; a route that is not listed takes none. */
export const queryParameters: Partial<Record<OperationId, Readonly<Record<string, ParameterRule>>>> = {
  getLatestDecisions: {
    outcome: { kind: 'values', values: outcomes },
    signal: { kind: 'values', values: signalNames },
    minScore: { kind: 'score' },
    minAmountMinor: { kind: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    from: { kind: 'time' },
    to: { kind: 'time' },
    ...page,
  },
  getDecision: { explain: { kind: 'values', values: ['full'] } },
  getRecentSignals: { signal: { kind: 'values', values: signalNames }, ...page },
  getAccountStanding: { userId: id },
  getAccountTimeline: { userId: id, ...page },
  getAccountAudit: { userId: id, ...page },
  getReviews: {
    state: { kind: 'values', values: ['open', 'closed'], default: 'open' },
    assignee: { kind: 'text', maximumCharacters: 128 },
    sort: { kind: 'values', values: ['priority', 'age'] },
    ...page,
  },
  getUserAccounts: page,
  getEntityDecisions: page,
  getEntityAccounts: page,
  getSearch: { q: { kind: 'text', maximumCharacters: 128, needed: true } },
  getOverview: { minutes: { kind: 'integer', minimum: 1, maximum: 1440, default: 60 } },
  getListEntries: page,
  getPolicyVersions: page,
  getModelVersions: page,
  getSystemAudit: page,
};

/** Path parameters mean the same on every route. */
export const pathParameters: Readonly<Record<string, ParameterRule>> = {
  transactionId: { kind: 'transactionId' },
  accountId: id,
  userId: id,
  reviewId: id,
  list: id,
  entry: id,
  kind: id,
  id: { kind: 'text', maximumCharacters: 256, needed: true },
  version: { kind: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  path: { kind: 'text', maximumCharacters: 256 },
};

/** Files of pages: any query is theirs. */
const openQueries: ReadonlySet<OperationId> = new Set<OperationId>([
  'getDocs',
  'getDocsFile',
  'getHome',
  'getConsole',
  'getConsoleFile',
  'getOpenApi',
]);

/** The query with defaults filled in, or every fault of it. */
export function checkQuery(
  operationId: OperationId,
  given: Readonly<Record<string, readonly string[]>>,
  faults: Fault[],
): Record<string, string> {
  const rules = queryParameters[operationId] ?? {};
  const query: Record<string, string> = Object.create(null);
  for (const [name, rule] of Object.entries(rules)) {
    const fallback = 'default' in rule ? rule.default : undefined;
    if (fallback !== undefined) query[name] = String(fallback);
    if ('needed' in rule && given[name] === undefined) faults.push(fault(`?${name}`, name, allowedText(rule), undefined));
  }
  for (const [name, values] of Object.entries(given)) {
    const pointer = `?${shownName(name)}`;
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined;
    if ([name, ...values].some(hasCardNumber)) faults.push(cardNumberFault(pointer));
    else if (rule === undefined) refuseUnknown(operationId, pointer, Object.keys(rules), faults);
    else if (values.length !== 1) faults.push({ pointer, detail: `${name} must be given once; given ${values.length} times` });
    else checkParameter(name, rule, values[0]!, pointer, faults);
    if (rule !== undefined && values[0] !== undefined) query[name] = values[0];
  }
  return query;
}

/** Path parameters, each by its rule. */
export function checkPath(given: Readonly<Record<string, string>>, faults: Fault[]): void {
  for (const [name, value] of Object.entries(given)) {
    const rule = pathParameters[name];
    if (hasCardNumber(value)) faults.push(cardNumberFault(`/${name}`));
    else if (rule !== undefined) checkParameter(name, rule, value, `/${name}`, faults);
  }
}

function checkParameter(name: string, rule: ParameterRule, value: string, pointer: string, faults: Fault[]): void {
  if (!isAllowed(rule, value)) faults.push(fault(pointer, name, allowedText(rule), value));
}

function isAllowed(rule: ParameterRule, value: string): boolean {
  switch (rule.kind) {
    case 'id':
      return isId(value);
    case 'transactionId':
      return isTransactionId(value);
    case 'values':
      return rule.values.includes(value);
    case 'integer':
      return /^(?:0|[1-9][0-9]{0,15})$/.test(value) && Number(value) >= rule.minimum && Number(value) <= rule.maximum;
    case 'score':
      return /^(?:100(?:\.00?)?|[1-9]?[0-9](?:\.[0-9]{1,2})?)$/.test(value);
    case 'time':
      return parseInstant(value) !== null;
    case 'text':
      return value.length <= rule.maximumCharacters && !(rule.needed && value === '');
  }
}

function allowedText(rule: ParameterRule): string {
  switch (rule.kind) {
    case 'id':
      return allowedId;
    case 'transactionId':
      return `${allowedId}, and not "latest"`;
    case 'values':
      return `one of ${rule.values.join(', ')}`;
    case 'integer':
      return `an integer from ${rule.minimum} to ${rule.maximum}`;
    case 'score':
      return 'a number from 0 to 100 with at most 2 decimals';
    case 'time':
      return 'a date and time with an offset (RFC 3339), its + written as %2B';
    case 'text':
      return `${rule.needed ? '1 to' : 'at most'} ${rule.maximumCharacters} characters`;
  }
}

function refuseUnknown(operationId: OperationId, pointer: string, allowed: readonly string[], faults: Fault[]): void {
  if (openQueries.has(operationId)) return;
  const names = allowed.length === 0 ? 'none' : allowed.join(', ');
  faults.push({ pointer, detail: `unknown query parameter; allowed: ${names}` });
}

const shownName = (name: string): string => show(name).slice(1, -1);
