import { type ASTNode, Environment } from '@marcbachmann/cel-js';
import { entityKinds } from '../domain/entities.ts';
import type { RuleFacts } from '../domain/policy.ts';
import { signalNames } from '../domain/signals/names.ts';
import { ruleLimits } from './ruleLimits.ts';

/**
 * Rules in CEL, typed and bounded. Only this file knows the library.
 *
 * The language is cut down to what always ends quickly: no comprehensions, regular expressions, maps, timestamps or `dyn`, and
 * every name is checked when compiled, inside `has()` too. What is left costs at most a constant per node.
 */

/** Where and why a rule is refused. Line and column count from 1, columns in characters. */
export interface RuleFault {
  readonly line: number;
  readonly column: number;
  readonly detail: string;
}

export type CompiledRule =
  | { readonly ok: true; readonly evaluate: (facts: RuleFacts) => boolean }
  | { readonly ok: false; readonly fault: RuleFault };

/** Fields of `txn` and their CEL types. */
export const txnFields = {
  transactionId: 'string',
  userId: 'string',
  accountId: 'string',
  amountMinor: 'int',
  spendMinor: 'int',
  currency: 'string',
  channel: 'string',
  deviceId: 'string',
  merchantId: 'string',
  merchantCategory: 'string',
  ipAddress: 'string',
  beneficiaryId: 'string',
  instrumentId: 'string',
  hour: 'int',
  late: 'bool',
  latitude: 'double',
  longitude: 'double',
  metadata: 'map<string, string>',
} as const;

/** Fields of `account` and their CEL types. */
export const accountFields = { transactionCount: 'int', ageDays: 'double' } as const;

/** Fields of `merchant` and their CEL types. */
export const merchantFields = {
  labelled: 'int',
  frauds: 'int',
  riskShort: 'double',
  riskLong: 'double',
  accounts1h: 'double',
  payments1h: 'double',
  newDeviceShare1h: 'double',
  flaggedShare1h: 'double',
  usualAccounts1h: 'double',
  usualPayments1h: 'double',
  usualNewDeviceShare: 'double',
  usualFlaggedShare: 'double',
} as const;

/** Fields of `device`, `ip`, `beneficiary`, `instrument` and `entity.<kind>`, and their CEL types. */
export const entityFields = {
  accounts1h: 'int',
  accounts24h: 'int',
  payments1h: 'int',
  payments24h: 'int',
  amount24hMinor: 'int',
  amountPartial: 'bool',
  frauds: 'int',
  late: 'bool',
  saturated: 'bool',
} as const;

const functions = new Set(['has', 'size', 'double', 'int', 'string']);
const methods = new Set(['startsWith', 'endsWith', 'contains', 'size', 'lowerAscii', 'upperAscii']);
const operators = new Set(['&&', '||', '!_', '-_', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', 'in', '?:']);

type Fields = Readonly<Record<string, string>>;

/** A null field is left out, so that reading it is an error and `has()` is false. */
class Facts {
  constructor(values: Readonly<Record<string, unknown>>, fields: Fields) {
    for (const name of Object.keys(fields)) {
      const value = values[name];
      if (value !== null && value !== undefined) (this as Record<string, unknown>)[name] = value;
    }
  }
}
class Txn extends Facts {}
class Signals extends Facts {}
class Account extends Facts {}
class Merchant extends Facts {}
class Lists extends Facts {}
class EntityFacts extends Facts {}
class OwnEntities extends Facts {}

const signalFields: Fields = Object.fromEntries(signalNames.map((name) => [name, 'double']));

/** A compiler for rules that may read these lists, and entities of these kinds beside the four of every policy. */
export const ruleCompiler = (
  listNames: readonly string[],
  ownKinds: readonly string[] = [],
): ((expression: string) => CompiledRule) => {
  const ownFields: Fields = Object.fromEntries(ownKinds.map((kind) => [kind, 'EntityFacts']));
  const listFields: Fields = Object.fromEntries(listNames.map((name) => [name, 'bool']));
  const roots: Readonly<Record<string, Fields>> = {
    txn: txnFields,
    signals: signalFields,
    account: accountFields,
    merchant: merchantFields,
    lists: listFields,
    ...Object.fromEntries(entityKinds.map((kind) => [kind, entityFields])),
    entity: ownFields,
  };
  const environment = new Environment({
    limits: {
      maxAstNodes: ruleLimits.nodes,
      maxDepth: ruleLimits.depth,
      maxListElements: ruleLimits.listElements,
      maxMapEntries: 0,
      maxCallArguments: ruleLimits.callArguments,
    },
  })
    .registerType('Txn', { ctor: Txn, fields: txnFields })
    .registerType('Signals', { ctor: Signals, fields: signalFields })
    .registerType('Account', { ctor: Account, fields: accountFields })
    .registerType('Merchant', { ctor: Merchant, fields: merchantFields })
    .registerType('Lists', { ctor: Lists, fields: listFields })
    .registerVariable('txn', 'Txn')
    .registerVariable('signals', 'Signals')
    .registerVariable('account', 'Account')
    .registerVariable('merchant', 'Merchant')
    .registerVariable('lists', 'Lists')
    .registerType('EntityFacts', { ctor: EntityFacts, fields: entityFields })
    .registerType('OwnEntities', { ctor: OwnEntities, fields: ownFields })
    .registerVariable('entity', 'OwnEntities');
  for (const kind of entityKinds) environment.registerVariable(kind, 'EntityFacts');

  // The rules of a policy are evaluated one after another on the same facts: each part is wrapped once, when a rule first reads it.
  let wrapped: RuleFacts | null = null;
  let context: Record<string, unknown> = {};
  const contextOf = (facts: RuleFacts): Record<string, unknown> => {
    if (facts === wrapped) return context;
    let txn: Txn | undefined;
    let signals: Signals | undefined;
    let account: Account | undefined;
    let merchant: Merchant | undefined;
    let lists: Lists | undefined;
    let own: OwnEntities | undefined;
    const ofKind = (kind: string): EntityFacts => new EntityFacts(facts.entities[kind] ?? {}, entityFields);
    context = {
      get device() {
        return ofKind('device');
      },
      get ip() {
        return ofKind('ip');
      },
      get beneficiary() {
        return ofKind('beneficiary');
      },
      get instrument() {
        return ofKind('instrument');
      },
      get entity() {
        own ??= new OwnEntities(Object.fromEntries(ownKinds.map((kind) => [kind, ofKind(kind)])), ownFields);
        return own;
      },
      get txn() {
        txn ??= new Txn(facts.txn, txnFields);
        return txn;
      },
      get signals() {
        signals ??= new Signals(facts.signals, signalFields);
        return signals;
      },
      get account() {
        account ??= new Account(facts.account, accountFields);
        return account;
      },
      get merchant() {
        merchant ??= new Merchant(facts.merchant, merchantFields);
        return merchant;
      },
      get lists() {
        lists ??= new Lists(facts.lists, listFields);
        return lists;
      },
    };
    wrapped = facts;
    return context;
  };

  return (expression) => {
    const refuse = (start: number, detail: string): CompiledRule => ({
      ok: false,
      fault: { ...position(expression, start), detail },
    });
    if (expression.length > ruleLimits.expressionCharacters) {
      const given = `${expression.length} characters given`;
      return refuse(0, `a rule has at most ${ruleLimits.expressionCharacters} characters, ${given}`);
    }
    try {
      const parsed = environment.parse(expression);
      const foreign = findForeign(parsed.ast, roots);
      if (foreign) return refuse(foreign.at, foreign.detail);
      const checked = parsed.check();
      if (!checked.valid) throw checked.error;
      if (checked.type !== 'bool') return refuse(parsed.ast.start, `a rule must be a bool, this is of type ${checked.type}`);
      return { ok: true, evaluate: (facts) => isTrue(parsed(contextOf(facts))) };
    } catch (error) {
      if (!isCelError(error)) throw error;
      return refuse(error.range?.start ?? 0, error.summary);
    }
  };
};

const isTrue = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw new TypeError(`a rule gave ${typeof value}, not bool`);
  return value;
};

const isCelError = (error: unknown): error is Error & { summary: string; range?: { start: number } } =>
  error instanceof Error && typeof (error as { summary?: unknown }).summary === 'string';

const position = (text: string, offset: number): { line: number; column: number } => {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: [...(before.at(-1) ?? '')].length + 1 };
};

interface Foreign {
  /** Offset into the expression. */
  readonly at: number;
  readonly detail: string;
}

/** The first node outside the language of rules. Recursion is bounded by the parser's depth limit. */
const findForeign = (node: ASTNode, roots: Readonly<Record<string, Fields>>): Foreign | null => {
  const first = (nodes: readonly ASTNode[]): Foreign | null => {
    for (const child of nodes) {
      const found = findForeign(child, roots);
      if (found) return found;
    }
    return null;
  };
  switch (node.op) {
    case 'value':
      return null;
    case 'id':
      return Object.hasOwn(roots, node.args)
        ? null
        : { at: node.start, detail: `unknown variable ${node.args}: one of ${Object.keys(roots).join(', ')}` };
    case 'list':
      return first(node.args);
    case '.':
      return unknownField(node.pos, node.args[0], node.args[1], roots) ?? first([node.args[0]]);
    case '[]': {
      const [left, index] = node.args;
      if (left.op === 'id' && Object.hasOwn(roots, left.args)) {
        if (index.op !== 'value' || typeof index.args !== 'string') {
          return { at: index.start, detail: `${left.args}[...] takes a text in quotes, nothing computed` };
        }
        return unknownField(index.start, left, index.args, roots);
      }
      return first([left, index]);
    }
    case 'call': {
      const [name, args] = node.args;
      return functions.has(name)
        ? first(args)
        : { at: node.start, detail: `unknown function ${name}(): one of ${[...functions].join(', ')}` };
    }
    case 'rcall': {
      const [name, receiver, args] = node.args;
      return methods.has(name)
        ? first([receiver, ...args])
        : { at: receiver.end + 1, detail: `unknown function .${name}(): one of ${[...methods].join(', ')}` };
    }
    case '!_':
    case '-_':
      return first([node.args]);
    default:
      return operators.has(node.op)
        ? first(node.args as unknown as readonly ASTNode[])
        : { at: node.start, detail: `${node.op} is not part of the language of rules` };
  }
};

const unknownField = (at: number, left: ASTNode, field: string, roots: Readonly<Record<string, Fields>>): Foreign | null => {
  if (left.op !== 'id') return null;
  const fields = Object.hasOwn(roots, left.args) ? roots[left.args] : undefined;
  if (fields === undefined || Object.hasOwn(fields, field)) return null;
  const known = Object.keys(fields);
  return {
    at,
    detail: `unknown field ${left.args}.${field}: ${known.length > 0 ? `one of ${known.join(', ')}` : 'there are none'}`,
  };
};
