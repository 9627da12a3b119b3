import { allowedId } from '../../shared/contract/ids.ts';
import { currencyExponents } from '../../shared/domain/currency.ts';
import { entityKinds } from '../../shared/domain/entities.ts';
import type { Policy } from '../../shared/domain/policy.ts';
import { ruleCompiler } from '../../shared/policy/cel.ts';
import { ruleFaultText } from '../../shared/policy/compile.ts';
import { policyLimits, policyShape } from '../../shared/policy/schema.ts';

/** One thing wrong with a policy document; a rule's expression also has line and column, from 1. */
export interface PolicyFault {
  /** JSON pointer into the policy. */
  readonly pointer: string;
  readonly detail: string;
  readonly line?: number;
  readonly column?: number;
}

export type ParsedPolicy =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly faults: readonly PolicyFault[] };

/** Reads a policy document as it came in: its shape, what a shape cannot say, and every rule. All faults at once. */
export const parsePolicy = (value: unknown): ParsedPolicy => {
  const parsed = policyShape.safeParse(value);
  const shapeFaults = (parsed.error?.issues ?? []).flatMap(faultsOf);
  const faults = [...shapeFaults, ...documentFaults(value)];
  if (!parsed.success || faults.length > 0) return { ok: false, faults };
  const shape = parsed.data;
  const lists = Object.entries(shape.lists).map(([name, list]) => [
    name,
    { ...list, outcome: list.outcome ?? (list.kind === 'allow' ? 'ALLOW' : 'BLOCK'), text: list.text ?? `On the list ${name}` },
  ]);
  return { ok: true, policy: { ...shape, lists: Object.fromEntries(lists) } as unknown as Policy };
};

type Issue = NonNullable<ReturnType<typeof policyShape.safeParse>['error']>['issues'][number];

const faultsOf = (issue: Issue): PolicyFault[] => {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ pointer: pointerTo([...issue.path, key]), detail: 'unknown field' }));
  }
  if (issue.code === 'invalid_key') {
    return [{ pointer: pointerTo(issue.path), detail: issue.issues[0]?.message ?? issue.message }];
  }
  if (issue.code === 'invalid_type' && issue.message.endsWith('received undefined')) {
    return [{ pointer: pointerTo(issue.path), detail: `is missing: ${issue.expected} expected` }];
  }
  return [{ pointer: pointerTo(issue.path), detail: issue.message }];
};

const pointerTo = (path: readonly PropertyKey[]): string =>
  path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** What holds between parts. It reads whatever is readable of a document, so that its faults come along with those of the shape. */
const documentFaults = (value: unknown): PolicyFault[] => {
  const document = record(value);
  return [
    ...rateFaults(document),
    ...cutoffFaults(document),
    ...ruleFaults(document),
    ...listFaults(document),
    ...entityFaults(document),
  ];
};

const rateFaults = (document: Fields): PolicyFault[] => {
  const base = document.baseCurrency;
  const rates = record(document.rates);
  const faults: PolicyFault[] = [];
  const count = Object.keys(rates).length;
  if (count > policyLimits.rates)
    faults.push({ pointer: '/rates', detail: `at most ${policyLimits.rates} rates, ${count} given` });
  if (typeof base === 'string' && /^[A-Z]{3}$/.test(base) && !Object.hasOwn(currencyExponents, base)) {
    faults.push({ pointer: '/baseCurrency', detail: `${base} is not a currency of ISO 4217` });
  }
  for (const currency of Object.keys(rates)) {
    const pointer = pointerTo(['rates', currency]);
    if (currency === '__proto__') faults.push({ pointer, detail: 'a currency is three capitals, as ISO 4217 has them' });
    if (currency === base) {
      const rate = rates[currency];
      if (typeof rate === 'string' && !/^1(\.0+)?$/.test(rate))
        faults.push({ pointer, detail: 'the rate of the base currency to itself is 1' });
    } else if (/^[A-Z]{3}$/.test(currency) && !Object.hasOwn(currencyExponents, currency)) {
      faults.push({ pointer, detail: `${currency} is not a currency of ISO 4217` });
    }
  }
  return faults;
};

const cutoffFaults = (document: Fields): PolicyFault[] => {
  const { review, block } = record(document.cutoffs);
  return typeof review === 'number' && typeof block === 'number' && review > block
    ? [{ pointer: '/cutoffs/review', detail: `${review} is above the cut-off for BLOCK, ${block}` }]
    : [];
};

const ruleFaults = (document: Fields): PolicyFault[] => {
  if (!Array.isArray(document.rules)) return [];
  const lists = Object.keys(record(document.lists)).slice(0, policyLimits.lists);
  const compile = ruleCompiler(lists, ownKindsIn(document).slice(0, policyLimits.ownKinds));
  const faults: PolicyFault[] = [];
  const seen = new Map<unknown, number>();
  for (const [index, entry] of document.rules.slice(0, policyLimits.rules).entries()) {
    const rule = record(entry);
    const pointer = `/rules/${index}`;
    if (typeof rule.id === 'string') {
      const first = seen.get(rule.id);
      if (first !== undefined) faults.push({ pointer: `${pointer}/id`, detail: `rule ${first} has the same id` });
      else seen.set(rule.id, index);
    }
    if ((rule.points === undefined) === (rule.outcome === undefined)) {
      faults.push({ pointer, detail: 'a rule gives either points or an outcome' });
    }
    if (typeof rule.when !== 'string') continue;
    const compiled = compile(rule.when);
    if (compiled.ok) continue;
    const { line, column } = compiled.fault;
    faults.push({ pointer: `${pointer}/when`, detail: ruleFaultText(compiled.fault), line, column });
  }
  return faults;
};

const listFaults = (document: Fields): PolicyFault[] => {
  const lists = record(document.lists);
  const faults: PolicyFault[] = [];
  const count = Object.keys(lists).length;
  if (count > policyLimits.lists)
    faults.push({ pointer: '/lists', detail: `at most ${policyLimits.lists} lists, ${count} given` });
  for (const [name, entry] of Object.entries(lists)) {
    // The shape passes over this name: assigning it would set a prototype.
    if (name === '__proto__') faults.push({ pointer: '/lists/__proto__', detail: `a name is ${allowedId}` });
    const { kind, outcome, overrides } = record(entry);
    const pointer = pointerTo(['lists', name]);
    if (kind === 'allow' && outcome !== undefined && outcome !== 'ALLOW') {
      faults.push({ pointer: `${pointer}/outcome`, detail: 'an allow list gives ALLOW' });
    }
    if (kind === 'block' && outcome === 'ALLOW') {
      faults.push({ pointer: `${pointer}/outcome`, detail: 'a block list gives REVIEW or BLOCK' });
    }
    if (kind === 'block' && overrides === true) {
      faults.push({ pointer: `${pointer}/overrides`, detail: 'only an allow list overrides' });
    }
  }
  return faults;
};

const entityFaults = (document: Fields): PolicyFault[] => {
  if (!Array.isArray(document.entities)) return [];
  const faults: PolicyFault[] = [];
  const own = ownKindsIn(document);
  if (own.length > policyLimits.ownKinds)
    faults.push({ pointer: '/entities', detail: `at most ${policyLimits.ownKinds} kinds of its own, ${own.length} given` });
  const seen = new Set<unknown>();
  for (const [index, entry] of document.entities.entries()) {
    const isOwn = typeof entry !== 'string';
    const kind = isOwn ? record(entry).kind : entry;
    const pointer = `/entities/${index}${isOwn ? '/kind' : ''}`;
    if (typeof kind !== 'string') continue;
    if (isOwn && reservedKinds.includes(kind)) faults.push({ pointer, detail: `${kind} means something else already` });
    else if (seen.has(kind)) faults.push({ pointer, detail: `${kind} is there twice` });
    seen.add(kind);
  }
  return faults;
};

/** The names of the document's own kinds, whatever else is wrong with them. */
const ownKindsIn = (document: Fields): string[] =>
  (Array.isArray(document.entities) ? document.entities : [])
    .map((entry) => record(entry).kind)
    .filter((kind) => typeof kind === 'string');

/** What the API calls something else by. */
const reservedKinds: readonly string[] = [...entityKinds, 'merchant', 'account', 'user', 'transaction'];

type Fields = Readonly<Record<string, unknown>>;

const record = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
